import { chiSquareAbove } from "./special-functions.ts";

export type LabelCounts = Readonly<Record<string, number>>;

export type LabelTest = {
  readonly chiSquare: number;
  readonly degrees: number;
  readonly p: number;
  /** Cramér's V, from 0 (same shares of labels) to 1. */
  readonly v: number;
};

/** Fewer expected counts than this make the chi-square approximation poor (Cochran, Biometrics 10, 1954). */
const MIN_EXPECTED = 5;

/**
 * Whether two deployments predict the same shares of labels: Pearson's chi-square without continuity correction, as
 * `scipy.stats.chi2_contingency(table, correction=False)`. Labels too rare to judge are counted together.
 */
export function testLabels(canary: LabelCounts, baseline: LabelCounts): LabelTest {
  const labels = [...new Set([...Object.keys(canary), ...Object.keys(baseline)])];
  const total = (counts: LabelCounts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
  const [mine, theirs] = [total(canary), total(baseline)];
  const fewer = Math.min(mine, theirs) / (mine + theirs);
  const rows: [number, number][] = [];
  const rest: [number, number] = [0, 0];
  for (const label of labels) {
    const row: [number, number] = [canary[label] ?? 0, baseline[label] ?? 0];
    if ((row[0] + row[1]) * fewer >= MIN_EXPECTED) rows.push(row);
    else {
      rest[0] += row[0];
      rest[1] += row[1];
    }
  }
  if (rest[0] + rest[1] > 0) rows.push(rest);
  let chiSquare = 0;
  for (const [a, b] of rows) {
    const expected = ((a + b) * mine) / (mine + theirs);
    chiSquare += (a - expected) ** 2 / expected + (b - (a + b - expected)) ** 2 / (a + b - expected);
  }
  const degrees = Math.max(0, rows.length - 1);
  const p = degrees === 0 ? 1 : chiSquareAbove(chiSquare, degrees);
  return { chiSquare, degrees, p, v: mine + theirs > 0 ? Math.sqrt(chiSquare / (mine + theirs)) : 0 };
}
