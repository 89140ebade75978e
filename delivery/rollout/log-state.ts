import { type ReleaseRecord, TRAFFIC_STEPS } from "../release-log.ts";
import { canaryOf, type EndpointConfig } from "../rollout.ts";
import type { Shares } from "../traffic.ts";
import { sameShares, soleLive } from "./shares.ts";

/** What the log and the stack file say together. Everything here is a pure function of the two. */

/** The records that set traffic, oldest first. */
export function trafficRecords(records: readonly ReleaseRecord[]): ReleaseRecord[] {
  return records.filter(({ what }) => (TRAFFIC_STEPS as readonly string[]).includes(what));
}

/** Whether the stack file's traffic is that of the last record. An endpoint that never had traffic agrees with no log. */
export function agrees(records: readonly ReleaseRecord[], endpoint: EndpointConfig): boolean {
  return sameShares(trafficRecords(records).at(-1)?.to ?? {}, endpoint.traffic);
}

/** How far a canary is. */
export type CanaryProgress = {
  readonly canary: string;
  /** Per cent that it has. */
  readonly share: number;
  /** Since when it has this share; undefined where the log does not know of it. */
  readonly since: Date | undefined;
  /** Who paused the rollout, when and why. */
  readonly paused?: { readonly who: string; readonly at: string; readonly reason: string };
};

/** The canary under way, if one is. */
export function canaryProgress(
  records: readonly ReleaseRecord[],
  endpoint: EndpointConfig,
): CanaryProgress | undefined {
  const canary = canaryOf(endpoint);
  if (canary === undefined) return undefined;
  const steps = trafficRecords(records);
  const last = steps.at(-1);
  const began = last !== undefined && sameShares(last.to, endpoint.traffic) ? presentSteps(steps)[0] : undefined;
  const since = began && new Date(began.at);
  const holds = records.filter(({ what }) => what === "pause" || what === "resume");
  const hold = holds.at(-1);
  // A pause holds the rollout during which it was said, and no later one.
  const begun = steps.findLast(({ from }) => (from[canary] ?? 0) === 0)?.at ?? "";
  const paused = hold?.what === "pause" && hold.at >= begun ? pauseOf(hold) : undefined;
  return { canary, share: endpoint.traffic[canary] ?? 0, since, ...(paused && { paused }) };
}

/** The last steps that all say the same: the first of them made the traffic what it is. */
function presentSteps(steps: readonly ReleaseRecord[]): readonly ReleaseRecord[] {
  const now = steps.at(-1)?.to ?? {};
  return steps.slice(steps.findLastIndex(({ to }) => !sameShares(to, now)) + 1);
}

function pauseOf({ who, at, evidence }: ReleaseRecord): NonNullable<CanaryProgress["paused"]> {
  const reason = (evidence as { reason?: unknown } | null)?.reason;
  return { who, at, reason: typeof reason === "string" ? reason : "no reason given" };
}

/** Where a way back leads. */
export type WayBack =
  | { readonly kind: "target"; readonly deployment: string; readonly source: "release log" | "stack file" }
  /** All traffic is there already, and got there on purpose. */
  | { readonly kind: "there"; readonly deployment: string; readonly since: string }
  | { readonly kind: "none"; readonly why: string };

/**
 * The last good traffic before the present one. Good is what had all traffic last, before what is live now. Where the
 * traffic came about by a way back there is nothing to do: asked twice, or by a person and a pipeline at once, it must
 * not go back twice.
 */
export function lastGood(records: readonly ReleaseRecord[], endpoint: EndpointConfig): WayBack {
  const steps = trafficRecords(records);
  const live = soleLive(endpoint.traffic);
  if (live === undefined && canaryOf(endpoint) === undefined) return { kind: "none", why: "nothing is live" };
  const since = cameBackAt(records, endpoint);
  if (live !== undefined && since !== undefined) return { kind: "there", deployment: live, since };
  const before = steps.map(({ to }) => soleLive(to)).findLast((name) => name !== undefined && name !== live);
  const target = before ?? orderedBefore(endpoint);
  if (target === undefined) {
    return {
      kind: "none",
      why: `\`${live}\` is live, and neither the release log nor the stack file knows an earlier one`,
    };
  }
  const source = before === undefined ? "stack file" : "release log";
  if (endpoint.deployments[target] !== undefined) return { kind: "target", deployment: target, source };
  return { kind: "none", why: `\`${target}\` was live before, but is no longer deployed` };
}

/** When the present traffic came about, if it did so by a way back. */
export function cameBackAt(records: readonly ReleaseRecord[], endpoint: EndpointConfig): string | undefined {
  const back = presentSteps(trafficRecords(records)).find(({ what }) => what === "rollback" || what === "abort");
  return back !== undefined && sameShares(back.to, endpoint.traffic) ? back.at : undefined;
}

/** Deployments are in order of rollout: where the log is silent, the one before the newest that is live. */
function orderedBefore(endpoint: EndpointConfig): string | undefined {
  const names = Object.keys(endpoint.deployments);
  const newest = names.findLastIndex((name) => (endpoint.traffic[name] ?? 0) > 0);
  return names[newest - 1];
}

/** The traffic at an instant: that of the last record until then; undefined before the first. */
export function trafficAt(records: readonly ReleaseRecord[], time: Date): Shares | undefined {
  return trafficRecords(records).findLast(({ at }) => Date.parse(at) <= time.getTime())?.to;
}

/** What had all traffic at an instant, or had it last before a canary took its share. */
export function goodAt(records: readonly ReleaseRecord[], time: Date): string | undefined {
  return trafficRecords(records)
    .filter(({ at }) => Date.parse(at) <= time.getTime())
    .map(({ to }) => soleLive(to))
    .findLast((name) => name !== undefined);
}
