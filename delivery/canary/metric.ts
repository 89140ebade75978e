import type { Mode } from "./rules.ts";

export type Verdict = "pass" | "fail" | "inconclusive";

/** What was found of one metric. */
export type MetricResult = {
  /** `failures`, `latency p95`, … */
  readonly metric: string;
  readonly mode: Exclude<Mode, "off">;
  readonly verdict: Verdict;
  /** In one sentence, with numbers. */
  readonly reason: string;
  /** The two sides as people read them. */
  readonly canary: string;
  readonly baseline: string;
  /** Probability of what was seen, or worse, were the canary no worse. Null where there was nothing to test. */
  readonly p: number | null;
  /** How much worse: difference of shares, ratio of latencies, Cramér's V. Null where it cannot be said. */
  readonly effect: number | null;
};

/** 0.0123 as `1.23 %`. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(2)} %` : "-";
}

/** A probability, short. */
export function probability(p: number): string {
  return p < 0.0001 ? p.toExponential(1) : p.toFixed(4);
}
