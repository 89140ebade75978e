import { judgeAgreement } from "./agreement.ts";
import { judgeLabels } from "./labels.ts";
import { judgeLatency } from "./latencies.ts";
import type { MetricResult, Verdict } from "./metric.ts";
import { type Minutes, pairMinutes } from "./minutes.ts";
import type { Recording } from "./recording.ts";
import { type CanaryRules, criticalCount, DEFAULT_RULES, LATENCIES } from "./rules.ts";
import { judgeClientErrors, judgeFailures } from "./shares.ts";

/** The verdict on a canary, and what it rests on. */
export type Judgement = {
  readonly verdict: Verdict;
  /** Why: what failed, or else what is not decided, or else what passed. */
  readonly reasons: readonly string[];
  /** Minutes with figures of both sides. */
  readonly minutes: number;
  /** The level of each critical metric: a canary that is no worse fails it with this probability at most. */
  readonly alpha: number;
  readonly metrics: readonly MetricResult[];
};

/**
 * Judges a canary. Pure: the same recording and rules give the same verdict, on this machine or another, now or later.
 *
 * `fail`: a critical metric is surely worse. `pass`: every critical metric is surely no worse than tolerated.
 * `inconclusive`: anything else; silence, missing figures and nonsense never pass.
 */
export function judge(recording: Recording, rules: CanaryRules = DEFAULT_RULES): Judgement {
  const paired = pairMinutes(recording);
  const { minutes } = paired;
  const alpha = rules.alpha / Math.max(1, criticalCount(rules, { shadow: recording.agreement !== undefined }));
  const metrics = [
    judgeFailures(minutes, rules, alpha),
    ...LATENCIES.map((name) => judgeLatency(minutes, name, rules, alpha)),
    judgeClientErrors(minutes, rules, alpha),
    judgeLabels(recording.labels, rules, alpha),
    judgeAgreement(recording.agreement, rules, alpha),
  ].filter((metric) => metric !== undefined);
  const both = minutes.filter(({ canary, baseline }) => canary !== undefined && baseline !== undefined);
  const doubts = doubtsAbout(recording, paired, both.at(-1)?.start, both.length, rules);
  const critical = metrics.filter(({ mode }) => mode === "critical");
  const reasonsOf = (verdict: Verdict) =>
    critical.filter((metric) => metric.verdict === verdict).map(({ reason }) => reason);
  const conclude = (verdict: Verdict, reasons: readonly string[]) => ({
    verdict,
    reasons,
    minutes: both.length,
    alpha,
    metrics,
  });
  if (reasonsOf("fail").length > 0) return conclude("fail", reasonsOf("fail"));
  const open = [...doubts, ...reasonsOf("inconclusive")];
  if (critical.length === 0) open.push("no metric is critical, so nothing can pass");
  return open.length > 0 ? conclude("inconclusive", open) : conclude("pass", reasonsOf("pass"));
}

/** What stands against passing, whatever the figures say. */
function doubtsAbout(
  recording: Recording,
  { minutes, rejected }: Minutes,
  last: number | undefined,
  count: number,
  rules: CanaryRules,
): string[] {
  if (minutes.length === 0 && rejected.size === 0) return ["there are no figures"];
  const doubts: string[] = [];
  if (count < rules.minMinutes) {
    doubts.push(`${count} minutes have figures of both sides; ${rules.minMinutes} are needed`);
  }
  const silent = last === undefined ? 0 : (Date.parse(recording.to) - last) / 60_000 - 1;
  if (silent > rules.maxSilentMinutes) {
    doubts.push(`no figures of both sides for the last ${Math.floor(silent)} minutes; is there traffic?`);
  }
  const samples = recording.canary.minutes.length + recording.baseline.minutes.length;
  const bad = [...rejected.values()].reduce((sum, each) => sum + each, 0);
  if (bad > rules.maxRejected * samples) {
    const kinds = [...rejected].map(([why, each]) => `${each} ${why}`).join("; ");
    doubts.push(`${bad} of ${samples} samples cannot be used: ${kinds}`);
  }
  return doubts;
}
