import { percentile } from "../statistics.ts";
import { type MetricResult, probability, type Verdict } from "./metric.ts";
import { latencySeries, type Minute } from "./minutes.ts";
import { mannWhitney, shiftOf, surely } from "./rank-test.ts";
import type { LatencyName } from "./recording.ts";
import type { CanaryRules } from "./rules.ts";

/**
 * Judges one latency by Mann–Whitney on its minutes: fails when the canary is surely slower than what is tolerated,
 * passes when it surely is not.
 *
 * A test of this kind loses its level when it is asked every minute. So it is asked after 1, 2, 4, 8 … times
 * `minMinutes` only, of all minutes and of the newer half, and spends half of the level that is left each time; in between
 * its answer stays.
 */
export function judgeLatency(
  minutes: readonly Minute[],
  name: LatencyName,
  rules: CanaryRules,
  alpha: number,
): MetricResult | undefined {
  const mode = rules.latency[name];
  if (mode === "off") return undefined;
  const series = latencySeries(minutes, name);
  const medians = { canary: percentile(series.canary, 50), baseline: percentile(series.baseline, 50) };
  const told = (ms: number) => (Number.isNaN(ms) ? "-" : `${ms.toFixed(1)} ms`);
  const metric = `latency ${name}`;
  const found = { metric, mode, canary: told(medians.canary), baseline: told(medians.baseline) };
  const looks = looksAt(series.canary.length, rules.minMinutes, alpha);
  const last = looks.at(-1);
  if (last === undefined) {
    const reason = `${metric}: ${series.canary.length} minutes with figures of both sides; ${rules.minMinutes} are needed`;
    return { ...found, verdict: "inconclusive", reason, p: null, effect: null };
  }
  const { tolerance, minEffectMs } = rules.latency;
  const isSlower = (from: number, to: number | undefined, level: number) => {
    const [mine, theirs] = [series.canary.slice(from, to), series.baseline.slice(from, to)];
    return (
      surely(mine, theirs, (a, b) => a > b * (1 + tolerance), level) &&
      surely(mine, theirs, (a, b) => a - b > minEffectMs, level)
    );
  };
  // Ranks over all minutes overlook what became slow in the newer half, so that is asked as well.
  const slower = looks.find(
    ({ length, alpha: level }) => isSlower(0, length, level / 2) || isSlower(length >> 1, length, level / 2),
  );
  // Nor must pass what has just become slow.
  const lately = isSlower(-rules.minMinutes, undefined, alpha);
  const sure =
    surely(series.canary, series.baseline, (a, b) => a <= b * (1 + tolerance), last.alpha) ||
    surely(series.canary, series.baseline, (a, b) => a - b <= minEffectMs, last.alpha);
  const verdict: Verdict = slower !== undefined ? "fail" : sure && !lately ? "pass" : "inconclusive";
  const { p, delta } = mannWhitney(series.canary, series.baseline);
  const words = {
    fail: `slower since minute ${slower?.length}`,
    pass: "no slower than tolerated",
    inconclusive: lately ? `slower in the last ${rules.minMinutes} minutes` : "not sure yet",
  };
  const ratio = shiftOf(series.canary, series.baseline, (a, b) => a / b, last.alpha);
  const reason = `${metric}: ${words[verdict]}: ${ratio.estimate.toFixed(2)} times the baseline's (${bound(ratio.low)} to ${bound(ratio.high)}, ${(1 + tolerance).toFixed(2)} is tolerated), U test p = ${probability(p)}, delta = ${delta.toFixed(2)}`;
  return { ...found, verdict, reason, p, effect: ratio.estimate };
}

/** After how many minutes the test is asked, and at which level each time; together at most `alpha`. */
export function looksAt(
  length: number,
  first: number,
  alpha: number,
): { readonly length: number; readonly alpha: number }[] {
  const looks = [];
  for (let [at, level] = [first, alpha / 2]; at <= length; at *= 2, level /= 2)
    looks.push({ length: at, alpha: level });
  return looks;
}

function bound(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "any";
}
