import { isDeepStrictEqual } from "node:util";
import { DeliveryError } from "./errors.ts";
import { runProcess } from "./process.ts";
import { explain } from "./stack.ts";
import { TRAFFIC_TYPE } from "./traffic.ts";

/** A resource that the cloud has otherwise than the last update left it. */
export type Drift = {
  readonly urn: string;
  /** The resource's name in the program, such as `endpoint-traffic`. */
  readonly resource: string;
  readonly type: string;
  /** `gone`: somebody deleted it. */
  readonly change: "changed" | "gone";
  /** Where it differs; empty where it is gone. */
  readonly differences: readonly Difference[];
};

/** One property. `undefined` stands for none. */
export type Difference = { readonly property: string; readonly config: unknown; readonly cloud: unknown };

type State = { readonly inputs?: Record<string, unknown>; readonly outputs?: Record<string, unknown> };
type Metadata = {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: State | null;
  readonly new?: State | null;
};
type EngineEvent = {
  readonly resOutputsEvent?: { readonly metadata: Metadata };
  readonly diagnosticEvent?: { readonly severity: string; readonly message: string };
};

/**
 * Asks the clouds for every resource of a stack and compares it with what the last update left. Changes nothing, state
 * neither, and does not run the program.
 *
 * @param stack the environment's name
 * @throws DeliveryError `surroundings` where the stack, its state or a cloud cannot be read
 */
export function findDrift(stack: string, cwd: string): Promise<Drift[]> {
  return refresh(stack, cwd, ["--preview-only"]);
}

/** As {@link findDrift}, and writes it into state, so that the next update starts from what is. */
export function acceptDrift(stack: string, cwd: string): Promise<Drift[]> {
  return refresh(stack, cwd, ["--yes", "--skip-preview"]);
}

async function refresh(stack: string, cwd: string, how: readonly string[]): Promise<Drift[]> {
  const args = ["refresh", ...how, "--json", "--stack", stack, "--non-interactive", "--color", "never"];
  // Otherwise the CLI prints the resources as they were before it looked.
  const env = { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
  const { code, stdout, stderr } = await runProcess("pulumi", args, { cwd, env });
  const events = stdout.split("\n").flatMap(parseEvent);
  if (code !== 0) {
    const said = events.flatMap(({ diagnosticEvent: event }) => (event?.severity === "error" ? [event.message] : []));
    const { message } = explain({ code, stdout: said.map((line) => `error: ${line}`).join("\n"), stderr });
    throw new DeliveryError("surroundings", `stack \`${stack}\` cannot be compared with the clouds: ${message}`);
  }
  return driftIn(events.flatMap(({ resOutputsEvent }) => (resOutputsEvent ? [resOutputsEvent.metadata] : [])));
}

/** The drift that a refresh's events tell of. */
export function driftIn(events: readonly Metadata[]): Drift[] {
  return events.flatMap(({ op, urn, type, old, new: now }): Drift[] => {
    const resource = urn.split("::").at(-1) ?? urn;
    if (op === "delete" || (old && !now)) return [{ urn, resource, type, change: "gone", differences: [] }];
    if (op !== "update" || !old || !now) return [];
    const inputs = differencesIn(old.inputs, now.inputs);
    const differences = inputs.length > 0 ? inputs : differencesIn(old.outputs, now.outputs);
    return differences.length > 0 ? [{ urn, resource, type, change: "changed", differences }] : [];
  });
}

/** Two values, leaf by leaf. Lists count as one value: which entry was meant by which is not known. */
export function differencesIn(config: unknown, cloud: unknown, property = ""): Difference[] {
  if (isDeepStrictEqual(config, cloud)) return [];
  if (!isRecord(config) || !isRecord(cloud)) return [{ property, config, cloud }];
  const names = [...new Set([...Object.keys(config), ...Object.keys(cloud)])];
  return names.flatMap((name) =>
    differencesIn(config[name], cloud[name], property === "" ? name : `${property}.${name}`),
  );
}

/** What was done to an endpoint's traffic, in a sentence; undefined where nothing was. */
export function trafficDrift(drifts: readonly Drift[]): string | undefined {
  const found = drifts.find(({ type }) => type === TRAFFIC_TYPE);
  if (found === undefined) return undefined;
  if (found.change === "gone") return "the endpoint is gone, and all its traffic with it";
  const shifts = found.differences.map(({ property, config, cloud }) => {
    const [kind, ...name] = property.split(".");
    const what = kind === "mirror" ? `copy to ${name.join(".")}` : name.join(".");
    return `${what} ${config ?? 0} => ${cloud ?? 0} %`;
  });
  return `somebody moved traffic by hand: ${shifts.join(", ")}`;
}

/** The table that people read: one line a property. */
export function driftTable(drifts: readonly Drift[]): string {
  const rows = drifts.flatMap(({ resource, change, differences }) =>
    change === "gone"
      ? [[resource, "(all)", "exists", "gone"]]
      : differences.map(({ property, config, cloud }) => [resource, property, show(config), show(cloud)]),
  );
  const all = [["resource", "property", "in config", "in cloud"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function show(value: unknown): string {
  if (value === undefined) return "-";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parseEvent(line: string): EngineEvent[] {
  if (!line.startsWith("{")) return [];
  try {
    return [JSON.parse(line) as EngineEvent];
  } catch {
    return []; // an error's document over several lines; the exit code tells of it
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
