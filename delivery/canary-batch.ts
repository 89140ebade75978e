import { fisherExactGreater, percentile } from "./statistics.ts";

/** What was seen of one deployment. */
export type Side = { readonly requests: number; readonly failures: number; readonly latenciesMs: readonly number[] };

export type BatchVerdict = "pass" | "fail" | "inconclusive";

export type BatchJudgement = {
  readonly verdict: BatchVerdict;
  readonly reasons: readonly string[];
  readonly canary: SideSummary;
  readonly others: SideSummary;
};

/** Latencies are of answers that were no failures; null where there were none. */
export type SideSummary = {
  readonly requests: number;
  readonly failures: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
};

export type BatchRules = {
  /** Requests that each side must have answered. @default 30 */
  readonly minRequests?: number;
  /** A worse failure rate counts when chance alone would show it in at most this share of cases. @default 0.01 */
  readonly alpha?: number;
  /** The canary's median latency may be this many times the others'. @default 2 */
  readonly maxLatencyRatio?: number;
};

/**
 * Judges a canary against the deployments that it is to replace, on one batch of requests. Too few requests on either
 * side decide nothing. Meant to be asked once for a batch: asked again and again, `alpha` no longer holds.
 */
export function judgeBatch(canary: Side, others: Side, rules: BatchRules = {}): BatchJudgement {
  const { minRequests = 30, alpha = 0.01, maxLatencyRatio = 2 } = rules;
  const summaries = { canary: summarise(canary), others: summarise(others) };
  const few = [["the canary", canary] as const, ["the other deployments", others] as const].filter(
    ([, side]) => side.requests < minRequests,
  );
  if (few.length > 0) {
    const reasons = few.map(
      ([who, side]) => `${who} answered ${side.requests} requests; at least ${minRequests} are needed`,
    );
    return { verdict: "inconclusive", reasons, ...summaries };
  }
  const reasons: string[] = [];
  const p = fisherExactGreater(canary.failures, canary.requests, others.failures, others.requests);
  const rates = `${canary.failures} of ${canary.requests} requests failed against ${others.failures} of ${others.requests}, p = ${p.toPrecision(3)}`;
  if (p < alpha) reasons.push(`failures: ${rates}`);
  const [mine, theirs] = [summaries.canary.p50_ms, summaries.others.p50_ms];
  if (mine === null || theirs === null) {
    if (reasons.length > 0) return { verdict: "fail", reasons, ...summaries };
    return { verdict: "inconclusive", reasons: ["no request was answered on one of the sides"], ...summaries };
  }
  const latency = `median latency ${mine.toFixed(1)} ms against ${theirs.toFixed(1)} ms`;
  if (mine > maxLatencyRatio * theirs) reasons.push(`${latency}, more than ${maxLatencyRatio} times`);
  if (reasons.length > 0) return { verdict: "fail", reasons, ...summaries };
  return { verdict: "pass", reasons: [rates, latency], ...summaries };
}

function summarise({ requests, failures, latenciesMs }: Side): SideSummary {
  const at = (percent: number) => (latenciesMs.length > 0 ? percentile(latenciesMs, percent) : null);
  return { requests, failures, p50_ms: at(50), p95_ms: at(95) };
}
