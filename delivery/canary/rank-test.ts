import { normalAbove, normalQuantileAbove } from "./special-functions.ts";

export type RankTest = {
  /** Pairs in which the first sample is greater; ties count half. */
  readonly u: number;
  /** One-sided: the probability, were both alike, of the first sample ranking this high. */
  readonly p: number;
  /** Cliff's delta, from -1 to 1: the share of pairs that are greater less the share that are smaller. */
  readonly delta: number;
};

/**
 * The Mann–Whitney U test, "the first sample tends to be greater", by the normal approximation with corrections for ties
 * and continuity. As `scipy.stats.mannwhitneyu(x, y, alternative="greater", method="asymptotic")`.
 */
export function mannWhitney(first: readonly number[], second: readonly number[]): RankTest {
  const [n, m] = [first.length, second.length];
  const pooled = [...first, ...second].sort((a, b) => a - b);
  let [u, ties] = [0, 0];
  for (const a of first) for (const b of second) u += a > b ? 1 : a === b ? 0.5 : 0;
  for (let i = 0; i < pooled.length; ) {
    let end = i;
    while (end < pooled.length && pooled[end] === pooled[i]) end++;
    ties += (end - i) ** 3 - (end - i);
    i = end;
  }
  const all = n + m;
  const deviation = Math.sqrt(((n * m) / 12) * (all + 1 - ties / (all * (all - 1))));
  const z = (u - (n * m) / 2 - 0.5) / deviation;
  return { u, p: deviation > 0 ? normalAbove(z) : 1, delta: (2 * u) / (n * m) - 1 };
}

export type Shift = {
  /** Hodges and Lehmann's estimate: the median over all pairs. */
  readonly estimate: number;
  /** Each bound is one-sided: the truth is beyond it with probability `alpha` at most. */
  readonly low: number;
  readonly high: number;
};

/**
 * How far the first sample lies above the second, with bounds: the shifts that {@link mannWhitney} does not refuse at
 * level `alpha`, read off the ordered pairs.
 *
 * @param pair compares two values, a difference or a ratio: rises with the first and falls with the second
 */
export function shiftOf(
  first: readonly number[],
  second: readonly number[],
  pair: (a: number, b: number) => number,
  alpha: number,
): Shift {
  const size = first.length * second.length;
  const needed = pairsNeeded(first.length, second.length, alpha);
  const ranked = rankedPairs(first, second, pair);
  return {
    estimate: (ranked((size + 1) >> 1) + ranked((size + 2) >> 1)) / 2,
    low: needed <= size ? ranked(size - needed + 1) : Number.NEGATIVE_INFINITY,
    high: needed <= size ? ranked(needed) : Number.POSITIVE_INFINITY,
  };
}

/**
 * Finds the k-th smallest pair, from 1, by bisection over values: far quicker than ordering all of them. Exact, but for
 * ties, which are right to 1e-13 of the largest.
 */
function rankedPairs(
  first: readonly number[],
  second: readonly number[],
  pair: (a: number, b: number) => number,
): (rank: number) => number {
  const rising = [...first].sort((a, b) => a - b);
  const falling = [...second].sort((a, b) => b - a);
  const at = (i: number, j: number) => pair(rising[i] ?? Number.NaN, falling[j] ?? Number.NaN);
  const [least, most] = [at(0, 0), at(rising.length - 1, falling.length - 1)];
  const tolerance = 1e-13 * Math.max(Math.abs(least), Math.abs(most));
  /** How many pairs are at most `value`, and the largest of them. Along a row pairs rise, so one pass does. */
  const upTo = (value: number): [count: number, largest: number] => {
    let [count, largest, j] = [0, Number.NEGATIVE_INFINITY, falling.length];
    for (let i = 0; i < rising.length && j > 0; i++) {
      let last = at(i, j - 1);
      while (last > value && --j > 0) last = at(i, j - 1);
      count += j;
      if (j > 0 && last > largest) largest = last;
    }
    return [count, largest];
  };
  return (rank) => {
    let [low, high] = [least, most];
    if (upTo(low)[0] >= rank) return low;
    while (high - low > tolerance) {
      const middle = (low + high) / 2;
      const [count, largest] = upTo(middle);
      if (count === rank) return largest;
      if (count > rank) high = middle;
      else low = middle;
    }
    return high;
  };
}

/**
 * Whether {@link mannWhitney} refuses at level `alpha`, one-sided, that a value of the first sample is no likelier than
 * not to hold `pair` against one of the second. Changing values so that more pairs hold never takes it back.
 */
export function surely(
  first: readonly number[],
  second: readonly number[],
  pair: (a: number, b: number) => boolean,
  alpha: number,
): boolean {
  let count = 0;
  for (const a of first) for (const b of second) if (pair(a, b)) count++;
  return count >= pairsNeeded(first.length, second.length, alpha);
}

/** How many pairs must agree. The variance is that without ties, which is never too small. */
function pairsNeeded(n: number, m: number, alpha: number): number {
  const half = normalQuantileAbove(alpha) * Math.sqrt((n * m * (n + m + 1)) / 12);
  return Math.ceil((n * m) / 2 + 0.5 + half);
}
