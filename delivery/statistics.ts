/** The 97.5 % point of the normal distribution: the z of a two-sided 95 % interval. */
const Z95 = 1.959963984540054;

export type Interval = { readonly low: number; readonly high: number; readonly confidence: number };

/** Wilson's 95 % score interval of a proportion (E. B. Wilson, JASA 22, 1927). Right for shares near 0 and 1 too. */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (!(trials > 0)) return { low: 0, high: 1, confidence: 0.95 };
  const share = successes / trials;
  const z2 = Z95 * Z95;
  const centre = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const half = (Z95 / (1 + z2 / trials)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  return {
    low: successes === 0 ? 0 : centre - half,
    high: successes === trials ? 1 : centre + half,
    confidence: 0.95,
  };
}

/**
 * McNemar's exact test: the two-sided probability, were both models equally good, of discordant pairs at least as
 * uneven as these. A binomial test of the smaller count against a half.
 */
export function mcnemarExact(onlyFirstRight: number, onlySecondRight: number): number {
  const pairs = onlyFirstRight + onlySecondRight;
  const fewer = Math.min(onlyFirstRight, onlySecondRight);
  let logTerm = -pairs * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= fewer; k++) {
    logTerm += Math.log((pairs - k + 1) / k);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, 2 * sum);
}

/** A percentile with linear interpolation between ranks, as NumPy's default; `values` need not be sorted. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}

/**
 * Fisher's exact test, one-sided: the probability, were both failure rates equal, that the first group had at least as
 * many of the failures as it did.
 */
export function fisherExactGreater(failures1: number, total1: number, failures2: number, total2: number): number {
  const failures = failures1 + failures2;
  const all = total1 + total2;
  const logAll = logChoose(all, failures);
  let sum = 0;
  for (let k = failures1; k <= Math.min(failures, total1); k++) {
    if (failures - k <= total2) sum += Math.exp(logChoose(total1, k) + logChoose(total2, failures - k) - logAll);
  }
  return Math.min(1, sum);
}

function logChoose(n: number, k: number): number {
  let log = 0;
  for (let i = 1; i <= Math.min(k, n - k); i++) log += Math.log((n - i + 1) / i);
  return log;
}
