import type { AnomalyLog } from "./anomalies.ts";
import { type Distribution, middleOf, type Profile } from "./profile.ts";
import type { DriftRules } from "./schema.ts";

/** How far one field is from where it was. */
export type Drift = {
  readonly field: string;
  /** Jensen-Shannon divergence in bits, 0 to 1; or the greatest difference of any value's share, 0 to 1. */
  readonly measure: "jensen_shannon" | "l_infinity";
  /** Absent where it cannot be said. */
  readonly value?: number;
  readonly limit: number;
  readonly verdict: "within" | "beyond" | "cannot decide";
};

/** Bins that numbers are compared in. */
const BINS = 20;

/**
 * Compares how values are spread with an earlier set, field by field. Names are those of TensorFlow Data Validation's
 * comparators, and so are the measures: Jensen-Shannon for numbers, L-infinity for values.
 */
export function compareProfiles(now: Profile, before: Profile, rules: DriftRules, log: AnomalyLog): Drift[] {
  return Object.entries(now).map(([field, distribution]): Drift => {
    const byValue = distribution.kind === "value";
    const measure = byValue ? "l_infinity" : "jensen_shannon";
    const limit = byValue ? rules.maxShareDifference : rules.maxDivergence;
    const undecided = { field, measure, limit, verdict: "cannot decide" } as const;
    const earlier = before[field];
    if (earlier === undefined || earlier.kind !== distribution.kind) {
      log.add("COMPARATOR_CONTROL_DATA_MISSING", "the reference has every field that is compared", `\`${field}\``);
      return undecided;
    }
    const [few, many] = [total(distribution), total(earlier)].sort((a, b) => a - b);
    if (few === undefined || few < rules.minCount) {
      const example = `\`${field}\`: ${few} against ${many}`;
      log.add("COMPARATOR_LOW_NUM_EXAMPLES", `at least ${rules.minCount} values are compared`, example, "warning");
      return undecided;
    }
    const value = byValue ? shareDifference(distribution, earlier) : divergence(distribution, earlier);
    const verdict = value > limit ? "beyond" : "within";
    if (verdict === "beyond") {
      const name = byValue ? "COMPARATOR_L_INFTY_HIGH" : "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH";
      log.add(name, `values are spread as in the reference, within ${limit}`, `\`${field}\`: ${value.toFixed(4)}`);
    }
    return { field, measure, value, limit, verdict };
  });
}

function total({ counts }: Distribution): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** The greatest difference of any value's share. */
export function shareDifference(a: Distribution, b: Distribution): number {
  const [inA, inB] = [total(a), total(b)];
  const names = new Set([...Object.keys(a.counts), ...Object.keys(b.counts)]);
  return Math.max(0, ...[...names].map((name) => Math.abs((a.counts[name] ?? 0) / inA - (b.counts[name] ?? 0) / inB)));
}

/**
 * Jensen-Shannon divergence in bits. Numbers are put in bins that hold about equal shares of the reference, so that
 * chance does not look like change where values are many.
 */
export function divergence(now: Distribution, before: Distribution): number {
  const numbers = now.kind === "number";
  const sorted = (counts: Distribution["counts"]) =>
    Object.entries(counts)
      .map(([name, count]) => [numbers ? middleOf(Number(name)) : Number(name), count] as const)
      .sort(([a], [b]) => a - b);
  const values = [...sorted(before.counts), ...sorted(now.counts)]
    .map(([value]) => value)
    .sort((one, two) => one - two);
  const edges = numbers ? equalShares(sorted(before.counts), total(before)) : values;
  const shares = (distribution: Distribution) => {
    const bins = new Array<number>(edges.length + 1).fill(0);
    for (const [value, count] of sorted(distribution.counts)) {
      const bin = edges.findIndex((edge) => value <= edge);
      const at = bin < 0 ? edges.length : bin;
      bins[at] = (bins[at] ?? 0) + count / total(distribution);
    }
    return bins;
  };
  const [p, q] = [shares(now), shares(before)];
  const half = (from: readonly number[], to: readonly number[]) =>
    from.reduce(
      (sum, share, i) => (share === 0 ? sum : sum + share * Math.log2((2 * share) / (share + (to[i] ?? 0)))),
      0,
    );
  return Math.max(0, (half(p, q) + half(q, p)) / 2);
}

/** Upper edges of bins. What lies below the least value, or above the greatest, has a bin of its own. */
function equalShares(sorted: readonly (readonly [value: number, count: number])[], count: number): number[] {
  const least = sorted[0]?.[0] ?? 0;
  const edges = [least - Math.abs(least) * 1e-6 - Number.MIN_VALUE];
  let seen = 0;
  for (const [value, own] of sorted) {
    seen += own;
    if (seen >= (edges.length * count) / BINS) edges.push(value);
  }
  return edges;
}
