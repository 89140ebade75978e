import { testLabels } from "./label-test.ts";
import { type MetricResult, probability } from "./metric.ts";
import type { Recording } from "./recording.ts";
import type { CanaryRules } from "./rules.ts";

/** Judges whether the canary predicts other labels than the baseline does, where predictions were collected. */
export function judgeLabels(labels: Recording["labels"], rules: CanaryRules, alpha: number): MetricResult | undefined {
  const { mode, minEffect } = rules.labels;
  if (mode === "off" || (labels === undefined && mode === "dry-run")) return undefined;
  const count = (side: "canary" | "baseline") =>
    Object.values(labels?.[side] ?? {}).reduce((sum, each) => sum + each, 0);
  const [mine, theirs] = [count("canary"), count("baseline")];
  const found = { metric: "labels", mode, canary: `${mine} predictions`, baseline: `${theirs} predictions` };
  if (labels === undefined || Math.min(mine, theirs) < rules.minRequests) {
    const reason = `labels: ${mine} and ${theirs} predictions were collected; each side needs ${rules.minRequests}`;
    return { ...found, verdict: "inconclusive", reason, p: null, effect: null };
  }
  const { p, v, chiSquare, degrees } = testLabels(labels.canary, labels.baseline);
  const shifted = p <= alpha && v >= minEffect;
  const figures = `chi-square ${chiSquare.toFixed(1)} on ${degrees} degrees, p = ${probability(p)}, V = ${v.toFixed(3)}`;
  const reason = `labels: ${shifted ? "other shares than the baseline's" : "shares as the baseline's"}: ${figures}`;
  return { ...found, verdict: shifted ? "fail" : "pass", reason, p, effect: v };
}
