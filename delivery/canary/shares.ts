import { type Block, testFailures } from "./failure-test.ts";
import { type MetricResult, percent, probability } from "./metric.ts";
import type { Minute } from "./minutes.ts";
import type { CanaryRules, Mode } from "./rules.ts";
import { shareBand } from "./share-band.ts";

/** Requests and how many of them were bad, of one side. */
type Counts = Block["canary"];

/** Judges the share of requests that the model failed. */
export function judgeFailures(minutes: readonly Minute[], rules: CanaryRules, alpha: number): MetricResult | undefined {
  const read = (figures: NonNullable<Minute["canary"]>) => ({ requests: figures.judged, failures: figures.failures });
  return judgeShare("failures", blocksOf(minutes, read), rules.failures.mode, rules, alpha);
}

/** Judges the share of requests that were refused by the caller's own fault. */
export function judgeClientErrors(
  minutes: readonly Minute[],
  rules: CanaryRules,
  alpha: number,
): MetricResult | undefined {
  const read = ({ judged, clientErrors }: NonNullable<Minute["canary"]>) => ({
    requests: judged + clientErrors,
    failures: clientErrors,
  });
  return judgeShare("client errors", blocksOf(minutes, read), rules.clientErrors, rules, alpha);
}

/** The minutes in which both sides had requests. */
function blocksOf(minutes: readonly Minute[], read: (figures: NonNullable<Minute["canary"]>) => Counts): Block[] {
  return minutes.flatMap(({ canary, baseline }) => {
    if (canary === undefined || baseline === undefined) return [];
    const block = { canary: read(canary), baseline: read(baseline) };
    return block.canary.requests > 0 && block.baseline.requests > 0 ? [block] : [];
  });
}

function judgeShare(
  metric: string,
  blocks: readonly Block[],
  mode: Mode,
  rules: CanaryRules,
  alpha: number,
): MetricResult | undefined {
  if (mode === "off") return undefined;
  const [canary, baseline] = [total(blocks, "canary"), total(blocks, "baseline")];
  const shares = { canary: canary.failures / canary.requests, baseline: baseline.failures / baseline.requests };
  const effect = shares.canary - shares.baseline;
  const told = (side: Counts) => `${percent(side.failures / side.requests)} of ${side.requests}`;
  const sides = { metric, mode, canary: told(canary), baseline: told(baseline) };
  const few = [canary, baseline].some(({ requests }) => requests < rules.minRequests);
  if (few) {
    const reason = `${canary.requests} requests of the canary and ${baseline.requests} of the baseline can be compared; each needs ${rules.minRequests}`;
    return { ...sides, verdict: "inconclusive", reason, p: null, effect: blocks.length > 0 ? effect : null };
  }
  const { p } = testFailures(blocks, 1, "above");
  const found = { ...sides, p, effect };
  const compared = `${percent(shares.canary)} against ${percent(shares.baseline)}, p = ${probability(p)}`;
  const { minEffect, margin, maxRatio, ceiling } = rules.failures;
  if (p <= alpha && effect >= minEffect) return { ...found, verdict: "fail", reason: `more ${metric}: ${compared}` };
  if (shares.canary > ceiling) {
    const reason = `${percent(shares.canary)} ${metric} on the canary, more than ${percent(ceiling)}, though ${percent(shares.baseline)} on the baseline: both are bad`;
    return { ...found, verdict: "inconclusive", reason };
  }
  const most = shareBand(canary.failures, canary.requests, alpha).high;
  const rise = most - shareBand(baseline.failures, baseline.requests, alpha).low;
  const passed = (bound: string): MetricResult => ({
    ...found,
    verdict: "pass",
    reason: `no more ${metric}: ${compared}; sure to be ${bound}`,
  });
  if (rise <= margin) return passed(`less than ${percent(rise)} more`);
  if (testFailures(blocks, maxRatio, "below").pNow <= alpha) return passed(`less than ${maxRatio} times the odds`);
  const reason = `not sure yet about ${metric}: ${compared}; it may be up to ${percent(rise)} more, and only ${percent(margin)} passes`;
  return { ...found, verdict: "inconclusive", reason };
}

function total(blocks: readonly Block[], side: keyof Block): Counts {
  let [requests, failures] = [0, 0];
  for (const block of blocks) {
    requests += block[side].requests;
    failures += block[side].failures;
  }
  return { requests, failures };
}
