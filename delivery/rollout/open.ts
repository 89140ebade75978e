import { type Environment, readEnvironment } from "../environment.ts";
import { DeliveryError } from "../errors.ts";
import { catchUp, hasUpstream, holdsCommit } from "../git.ts";
import { release } from "../release.ts";
import { type ReleaseRecord, readReleases } from "../release-log.ts";
import { changesBetween } from "../rollout.ts";
import { requireOk, updateStack } from "../stack.ts";
import { driftOf, endpointIdOf, type LiveEndpoint, readLive } from "./live.ts";
import { agrees, trafficRecords } from "./log-state.ts";

/** An environment with all that a step is decided on: the stack file, the release log, and what Azure has. */
export type OpenEnvironment = {
  readonly environment: Environment;
  /** The newest of this environment, oldest first. */
  readonly records: readonly ReleaseRecord[];
  /** Undefined before the stack's first update. */
  readonly live: LiveEndpoint | undefined;
};

/** Which environment. */
export type Opening = {
  readonly name: string;
  /** Folder of the stack files. */
  readonly folder: string;
  /** @default - from the stack file */
  readonly modelsPath?: string | undefined;
};

type Say = (line: string) => void;

/** More than any rollout has steps; reading a log of years would keep a rollback waiting. */
const NEWEST = 64;

/**
 * Reads the environment, its log and its endpoint at once. A working copy that lacks the commit of the last step, as
 * somebody took it elsewhere, takes it in first.
 */
export async function openEnvironment({ name, folder, modelsPath }: Opening, say: Say): Promise<OpenEnvironment> {
  const environment = await readEnvironment(name, folder, modelsPath);
  const [records, live] = await Promise.all([
    readReleases(environment.modelsPath, { environment: name, newest: NEWEST }),
    endpointIdOf(environment).then((id) => (id === undefined ? undefined : readLive(id))),
  ]);
  const last = trafficRecords(records).at(-1);
  if (!last?.commit || (await holdsCommit(folder, last.commit))) return { environment, records, live };
  if (!(await hasUpstream(folder))) {
    // What is checked out may be a commit without its history; it is good where it says what the log says.
    if (agrees(records, environment.endpoint)) return { environment, records, live };
    throw new DeliveryError(
      "surroundings",
      `${last.who} changed ${name} at ${last.at} elsewhere: check out a branch that holds commit ${last.commit.slice(0, 12)}, then run the command again`,
    );
  }
  say(`${last.who} changed ${name} at ${last.at} elsewhere (commit ${last.commit.slice(0, 12)}); taking it in`);
  await catchUp(folder);
  return { environment: await readEnvironment(name, folder, modelsPath), records, live };
}

/**
 * Refuses to go on where Azure's traffic is nobody's decision: neither what the stack file says, nor what it was
 * before a step that was cut short.
 */
export function requireNoDrift({ environment, records, live }: OpenEnvironment): void {
  const drift = live && driftOf(live, environment.endpoint);
  if (live === undefined || drift === undefined) return;
  const last = trafficRecords(records).at(-1);
  const cutShort = last !== undefined && !agrees(records, environment.endpoint);
  if (cutShort && driftOf(live, { traffic: last.to, mirror: last.mirror ?? {} }) === undefined) return;
  throw new DeliveryError(
    "refused",
    `traffic of ${environment.endpointName} was changed by hand: ${drift}. Write what should be into ` +
      `\`${environment.file.name}\`, or put it back with \`pulumi up --refresh --stack ${environment.name}\`, then run the command again`,
  );
}

/**
 * Brings a step to its end that was cut short after it edited the stack file, and writes down one that somebody made
 * in the file: afterwards file, stack and log agree. Does nothing where they do.
 */
export async function settle(opened: OpenEnvironment, opening: Opening, say: Say): Promise<OpenEnvironment> {
  const { environment, records, live } = opened;
  const last = trafficRecords(records).at(-1);
  if (agrees(records, environment.endpoint)) {
    if (isPastState(last)) await bringStateInLine(environment, say);
    return opened;
  }
  const from = last?.to ?? {};
  say(`\`${environment.file.name}\` has traffic that no release recorded; it is applied and recorded first`);
  const { endpoint } = environment;
  const plan = { endpoint, changes: changesBetween({ ...endpoint, traffic: from }, endpoint) };
  const evidence = { reason: "found in the stack file, unrecorded" };
  await release(environment, { what: "edit", plan, from, evidence, endpointId: live?.id }, say);
  return openEnvironment(opening, say);
}

/** Whether traffic was last set at Azure itself, so that the state does not know of it. */
function isPastState(last: ReleaseRecord | undefined): boolean {
  return (last?.evidence as { break_glass?: unknown } | null | undefined)?.break_glass !== undefined;
}

async function bringStateInLine({ name, folder }: Environment, say: Say): Promise<void> {
  say("traffic was set at Azure itself; the state is brought in line first");
  const result = await updateStack({ name, cwd: folder, onLine: say }, { refresh: true });
  requireOk(result, "Nothing was changed. Run the command again once the stack can be updated.");
}
