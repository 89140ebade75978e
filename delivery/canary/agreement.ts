import { type MetricResult, percent, type Verdict } from "./metric.ts";
import type { Agreement } from "./recording.ts";
import type { CanaryRules } from "./rules.ts";
import { shareBand } from "./share-band.ts";

/** Judges whether a shadow gives the labels that were answered. Undefined for a canary, which answers requests of its own. */
export function judgeAgreement(
  agreement: Agreement | undefined,
  rules: CanaryRules,
  alpha: number,
): MetricResult | undefined {
  const { mode, minShare } = rules.agreement;
  if (mode === "off" || agreement === undefined) return undefined;
  const { pairs, agreed, unlabelled, unpaired, differences } = agreement;
  const share = agreed / pairs;
  const found = {
    metric: "agreement",
    mode,
    canary: `${percent(share)} of ${pairs}`,
    baseline: `${percent(minShare)} asked`,
    p: null,
    effect: pairs > 0 ? 1 - share : null,
  };
  if (pairs < rules.minRequests) {
    const rest = `${unlabelled} more without a label on both sides, ${unpaired} copies without a live answer`;
    const reason = `agreement: ${pairs} requests have a label of both; ${rules.minRequests} are needed (${rest})`;
    return { ...found, verdict: "inconclusive", reason };
  }
  // Valid at all times at once, so it may be looked at every minute.
  const { low, high } = shareBand(agreed, pairs, alpha);
  const verdict: Verdict = low >= minShare ? "pass" : high < minShare ? "fail" : "inconclusive";
  const words = { pass: "as asked", fail: "less than asked", inconclusive: "not sure yet" };
  const [most] = Object.entries(differences).sort(([, a], [, b]) => b - a);
  const often = most === undefined ? "" : `; most often ${most[0]} (${most[1]})`;
  const reason = `agreement ${words[verdict]}: the same label for ${percent(share)} of ${pairs} requests, surely ${percent(low)} to ${percent(high)}, ${percent(minShare)} asked${often}`;
  return { ...found, verdict, reason };
}
