import { join } from "node:path";
import { readEnvironment } from "../environment.ts";
import { DeliveryError, inputError, messageOf } from "../errors.ts";
import { type Release, type Released, release, replaceFile, writeDown } from "../release.ts";
import { type ReleaseRecord, readReleases } from "../release-log.ts";
import { changesBetween, type EndpointConfig, planShift, type RolloutPlan } from "../rollout.ts";
import { editEndpoint } from "../stack-file.ts";
import { withoutZeros, writeTraffic } from "../traffic.ts";
import { deploymentsOf, driftOf, type LiveEndpoint, readLive, requireHealthy } from "./live.ts";
import { agrees } from "./log-state.ts";
import { type OpenEnvironment, type Opening, openEnvironment } from "./open.ts";
import { describeShares } from "./shares.ts";
import { possible, wayBack } from "./way-back.ts";

/** How a rollback ended. */
export type RolledBack = Released & {
  /** What has all traffic now. */
  readonly deployment: string;
  /** Null where all traffic was there already and nothing was changed. */
  readonly plan: RolloutPlan | null;
  readonly traffic: EndpointConfig["traffic"];
  /** What is worth knowing besides. */
  readonly notes: readonly string[];
};

export type RollbackOptions = {
  /** See {@link wayBack}. */
  readonly to?: string | undefined;
  readonly reason?: string | undefined;
  readonly say: (line: string) => void;
};

/**
 * Moves all traffic back, by a change of the stack file and one update. A freeze does not hold it, nor does drift: what
 * was moved by hand is set right with it, and said. Where the traffic is back already, nothing is changed.
 */
export async function rollback(opening: Opening, options: RollbackOptions): Promise<RolledBack> {
  const opened = await openEnvironment(opening, options.say);
  const { environment, records, live } = opened;
  const way = wayBack(records, environment.endpoint, options.to, live?.traffic);
  const plan = await planBack(opened, way.deployment);
  const drift = live && driftOf(live, environment.endpoint);
  if (way.kind === "there" && drift === undefined) return unchanged(opened, way.deployment, way.since);
  if (live !== undefined) await healthy(live, way.deployment, environment.endpoint, records);
  const evidence = {
    reason: options.reason ?? "rollback",
    from: describeShares(live?.traffic ?? environment.endpoint.traffic),
    ...(way.kind === "target" && { source: way.source }),
    ...(drift !== undefined && { drift }),
  };
  const step = { what: "rollback", plan, evidence, refresh: drift !== undefined, endpointId: live?.id } as const;
  const from = live && drift !== undefined ? { from: live.traffic } : {};
  const released = await release(environment, { ...step, ...from }, options.say);
  const notes = drift === undefined ? [] : [`traffic had been changed by hand: ${drift}`];
  return { ...released, deployment: way.deployment, plan, traffic: plan.endpoint.traffic, notes };
}

/**
 * All traffic to `deployment`. Where a step was cut short, its file may name deployments that were never made: they are
 * dropped, as making one takes minutes that a way back does not have.
 */
async function planBack({ environment, records, live }: OpenEnvironment, deployment: string): Promise<RolloutPlan> {
  const { endpoint } = environment;
  const plan = planShift(endpoint, deployment, 100);
  if (live === undefined || agrees(records, endpoint)) return plan;
  const made = await deploymentsOf(live.id);
  const kept = Object.entries(endpoint.deployments).filter(([name]) => made.has(name) || name === deployment);
  const after = { ...plan.endpoint, deployments: Object.fromEntries(kept) };
  return { endpoint: after, changes: changesBetween(endpoint, after) };
}

function unchanged({ environment }: OpenEnvironment, deployment: string, since: string): RolledBack {
  const notes = [`all traffic is on \`${deployment}\` since ${since}, by a way back; nothing was changed`];
  const traffic = withoutZeros(environment.endpoint.traffic);
  return { deployment, plan: null, traffic, notes, commit: null, record: null, diff: "" };
}

/** Refuses a target that could not serve, and says which others could. */
async function healthy(
  live: LiveEndpoint,
  deployment: string,
  endpoint: EndpointConfig,
  records: readonly ReleaseRecord[],
): Promise<void> {
  try {
    await requireHealthy(live, deployment);
  } catch (error) {
    if (!(error instanceof DeliveryError) || error.kind !== "refused") throw error;
    const states = await deploymentsOf(live.id);
    const usable = (name: string) => name !== deployment && states.get(name) === "Succeeded";
    const others = possible(records, { ...endpoint, traffic: live.traffic }, usable);
    throw new DeliveryError("refused", `${error.message}; traffic stays as it is. ${others}`);
  }
}

/**
 * The way back when the state backend is down or locked: sets the endpoint's traffic at Azure itself, then edits and
 * commits the stack file. The state learns of it with the next `pulumi up`, which finds nothing to change in Azure.
 *
 * @param endpointId ARM id of the endpoint.
 */
export async function breakGlass(opening: Opening, endpointId: string, options: RollbackOptions): Promise<RolledBack> {
  const environment = await readEnvironment(opening.name, opening.folder, opening.modelsPath);
  const { endpointName, file, folder } = environment;
  if (!endpointId.endsWith(`/onlineEndpoints/${endpointName}`)) {
    throw inputError(
      `\`--endpoint-id\` is \`${endpointId}\`, but \`${file.name}\` has the endpoint \`${endpointName}\``,
    );
  }
  const notes: string[] = [];
  const records = await readReleases(environment.modelsPath, { environment: opening.name, newest: 64 }).catch(
    (error) => {
      notes.push(`the release log could not be read (${messageOf(error)}); the stack file's order was gone by`);
      return [];
    },
  );
  const live = await readLive(endpointId);
  if (live === undefined) throw new DeliveryError("refused", `Azure has no endpoint \`${endpointId}\``);
  // Azure's traffic counts here: the file may be that of an update which never ended.
  const way = wayBack(records, { ...environment.endpoint, traffic: live.traffic }, options.to);
  const plan = planShift({ ...environment.endpoint, traffic: live.traffic, mirror: live.mirror }, way.deployment, 100);
  await healthy(live, way.deployment, environment.endpoint, records);
  const { traffic, mirror = {} } = plan.endpoint;
  await writeTraffic(endpointId, { traffic, mirror });
  const left = await readLive(endpointId).then((now) => now && driftOf(now, { traffic, mirror }));
  if (left !== undefined) throw new DeliveryError("surroundings", `Azure took the traffic, and has other: ${left}`);
  const { text, diff } = editEndpoint(file, environment.endpointKey, plan.endpoint);
  if (diff !== "") await replaceFile(join(folder, file.name), text);
  const reconcile = `pulumi up --refresh --stack ${opening.name}`;
  notes.push(`set at Azure, past the state; once the backend is back, \`${reconcile}\` brings the state in line`);
  const evidence = {
    reason: options.reason ?? "rollback",
    from: describeShares(live.traffic),
    break_glass: "set at Azure, past the state",
    reconcile,
  };
  const step: Release = { what: "rollback", plan, evidence, from: live.traffic };
  const written = await writeDown(environment, step).catch((error) => {
    notes.push(messageOf(error));
    return { commit: null, record: null };
  });
  return { ...written, diff, deployment: way.deployment, plan, traffic, notes };
}
