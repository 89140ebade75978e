import { readEndpointMetrics } from "../monitor.ts";
import { faultOf } from "./minutes.ts";
import { type CanaryRules, criticalCount } from "./rules.ts";
import { shareBand } from "./share-band.ts";

/** How much goes through an endpoint. */
export type Pace = {
  /** Requests a minute, those that were refused by the caller's own fault left out. */
  readonly requests: number;
  /** The share of them that the model failed, 0 to 1. */
  readonly failures: number;
};

/** Minutes that are looked back on, and those that figures take to arrive. */
const LOOK_BACK = 15;
const SETTLE = 3;
/** Beyond a week nobody waits. */
const LONGEST = 7 * 24 * 60;

/** What went through an endpoint lately. @param endpointId its ARM id */
export async function readPace(endpointId: string, now: Date): Promise<Pace> {
  const minute = 60_000;
  const to = new Date(Math.floor(now.getTime() / minute - SETTLE) * minute);
  const samples = await readEndpointMetrics(endpointId, { from: new Date(to.getTime() - LOOK_BACK * minute), to });
  let [good, bad] = [0, 0];
  for (const [status, count] of [...samples.values()].flat().flatMap((one) => Object.entries(one.requests))) {
    if (faultOf(status) === "model") bad += count ?? 0;
    if (faultOf(status) === "none") good += count ?? 0;
  }
  const all = good + bad;
  return { requests: all / LOOK_BACK, failures: all === 0 ? 0 : bad / all };
}

/**
 * Minutes until a canary that is as good as its baseline passes for its failures, at this pace: until both sides have
 * what the rules ask for, and the rise that is still possible is below their margin. It may come sooner, by the ratio of
 * failures. Undefined where it takes more than a week.
 *
 * @param share per cent of the requests that the canary gets
 */
export function minutesToPass({ requests, failures }: Pace, share: number, rules: CanaryRules): number | undefined {
  const alpha = rules.alpha / Math.max(1, criticalCount(rules));
  const enough = (minutes: number) => {
    const mine = Math.floor((minutes * requests * share) / 100);
    const theirs = Math.floor((minutes * requests * (100 - share)) / 100);
    if (minutes < rules.minMinutes || Math.min(mine, theirs) < rules.minRequests) return false;
    const high = shareBand(mine * failures, mine, alpha).high;
    return high - shareBand(theirs * failures, theirs, alpha).low <= rules.failures.margin;
  };
  if (!enough(LONGEST)) return undefined;
  let [few, many] = [0, LONGEST];
  while (many - few > 1) {
    const middle = Math.floor((few + many) / 2);
    if (enough(middle)) many = middle;
    else few = middle;
  }
  return many;
}

/**
 * What may be said of the time that a verdict takes.
 *
 * @param watched minutes that the canary has had its share already
 */
export function describeForecast(pace: Pace, share: number, watched: number, rules: CanaryRules): string {
  if (pace.requests === 0) {
    return `no requests in the last ${LOOK_BACK} minutes: without traffic nothing passes (${rules.minRequests} requests a side are needed)`;
  }
  const rate = `${((pace.requests * share) / 100).toFixed(1)} of ${pace.requests.toFixed(1)} requests a minute`;
  const total = minutesToPass(pace, share, rules);
  if (total === undefined) {
    return `at ${rate} a pass takes more than a week: give the canary more traffic, or widen failures.margin`;
  }
  const more = Math.max(0, Math.ceil(total - watched));
  const left = more === 0 ? "enough was seen" : `needs about ${more} more minutes`;
  return `${left}: at ${rate} a canary as good as the rest passes after about ${total} minutes`;
}
