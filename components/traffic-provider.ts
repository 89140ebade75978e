import { isDeepStrictEqual } from "node:util";
import type { dynamic } from "@pulumi/pulumi";
import { describe } from "../delivery/shape.ts";
import {
  checkTraffic,
  clearTraffic,
  readTraffic,
  type Shares,
  spelledOut,
  type Traffic,
  withoutZeros,
  writeTraffic,
} from "../delivery/traffic.ts";
import { checkChanges, checkRemovals } from "./traffic-guards.ts";

/** Inputs of {@link EndpointTraffic}, and its outputs: what was asked is what is. */
export interface TrafficState {
  readonly endpointId: string;
  /** Version of the model by deployment. */
  readonly models: Readonly<Record<string, string>>;
  /** Image and VM size by deployment. Missing in state of an earlier version of the code. */
  readonly runs?: Readonly<Record<string, string>>;
  /** Percent by deployment; names every configured one. */
  readonly traffic: Shares;
  readonly mirror: Shares;
  readonly settings: Readonly<Record<string, string>>;
  /** How many earlier deployments have to stay for the way back. Missing in state of an earlier version of the code. */
  readonly keepPrevious?: number;
}

/**
 * The rules once more, whatever came past config, and those that need the state: a deployment keeps its model, those
 * that serve keep their image and machines too, and they and the way back are not removed.
 */
export async function check(old: Partial<TrafficState>, inputs: TrafficState): Promise<dynamic.CheckResult> {
  const failures = checkTraffic(inputs.traffic, inputs.mirror, Object.keys(inputs.models)).map((problem) => ({
    property: problem.key,
    reason: describe(problem),
  }));
  for (const [name, version] of Object.entries(inputs.models)) {
    const serving = old.models?.[name];
    if (serving === undefined || serving === version) continue;
    const reason = `${name} serves model ${serving}, and a deployment keeps its model; add one for ${version}, as m-${version.slice(0, 8)}`;
    failures.push({ property: `models.${name}`, reason });
  }
  const problems = [...checkChanges(old, inputs), ...checkRemovals(old, inputs)];
  failures.push(...problems.map((problem) => ({ property: problem.key, reason: describe(problem) })));
  return { inputs, failures };
}

export async function diff(_id: string, old: TrafficState, next: TrafficState): Promise<dynamic.DiffResult> {
  const moved = old.endpointId !== next.endpointId;
  const changed = (["models", "runs", "traffic", "mirror", "settings"] as const).some(
    (key) => !isDeepStrictEqual(old[key], next[key]),
  );
  return { changes: moved || changed, replaces: moved ? ["endpointId"] : [] };
}

export async function create(inputs: TrafficState): Promise<dynamic.CreateResult> {
  await writeTraffic(inputs.endpointId, inputs);
  return { id: `${inputs.endpointId}/traffic`, outs: state(inputs) };
}

/** The traffic as it is, so that a refresh shows what somebody else changed. */
export async function read(id: string, known: TrafficState): Promise<dynamic.ReadResult> {
  const found = await readTraffic(known.endpointId);
  if (!found) return { id: "", props: {} }; // the engine takes an empty id for "gone"
  const traffic = { ...spelledOut(found.traffic, Object.keys(known.traffic)), ...found.traffic };
  const now = state({ ...known, traffic, mirror: found.mirror });
  return { id, props: now, inputs: now };
}

/**
 * Writes what differs from the cloud. Where the cloud has neither what state knows nor what is asked, somebody else has
 * changed it: that is not overwritten unseen. A refresh makes it known to state, and is the way to accept it.
 */
export async function update(_id: string, old: TrafficState, next: TrafficState): Promise<dynamic.UpdateResult> {
  const found = await readTraffic(next.endpointId);
  const settingsChanged = !isDeepStrictEqual(old.settings, next.settings);
  if (found && !settingsChanged && same(found, next)) return { outs: state(next) };
  // Azure drops the traffic of an endpoint whose settings are written: nobody's decision, and put right here.
  const dropped = settingsChanged && found && same(found, { traffic: {}, mirror: {} });
  if (found && !dropped && !same(found, old) && !same(found, next)) throw new Error(movedByOthers(found, old, next));
  await writeTraffic(next.endpointId, next);
  return { outs: state(next) };
}

function same(left: Traffic, right: Traffic): boolean {
  return (["traffic", "mirror"] as const).every((key) =>
    isDeepStrictEqual(withoutZeros(left[key]), withoutZeros(right[key])),
  );
}

function movedByOthers(found: Traffic, old: Traffic, next: Traffic): string {
  const show = ({ traffic, mirror }: Traffic) =>
    [traffic, mirror].map((shares) => JSON.stringify(withoutZeros(shares))).join(" and copies ");
  return (
    `somebody else has changed this endpoint's traffic: it is ${show(found)}, and was left as ${show(old)}. ` +
    `Nothing was changed; ${show(next)} is not set. Look at it with \`node scripts/drift.ts\`. To overwrite it, run ` +
    "`pulumi refresh` first, which takes note of it, then this update again; to keep it, write it into the stack file and do the same."
  );
}

async function remove(_id: string, known: TrafficState): Promise<void> {
  await clearTraffic(known.endpointId);
}

export { remove as delete };

function state({ endpointId, models, runs, traffic, mirror, settings, keepPrevious }: TrafficState): TrafficState {
  const newer = { ...(runs && { runs }), ...(keepPrevious !== undefined && { keepPrevious }) };
  return { endpointId, models, traffic, mirror, settings, ...newer };
}
