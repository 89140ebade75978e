import { logSumExp } from "./special-functions.ts";

/** One minute's requests on both sides, and how many of them failed. */
export type Block = {
  readonly canary: { readonly requests: number; readonly failures: number };
  readonly baseline: { readonly requests: number; readonly failures: number };
};

/** Evidence that a hypothesis is wrong, as it grew. */
export type SequentialResult = {
  /** By block: how many times likelier the alternative makes all data so far, as a logarithm. */
  readonly logEvidence: readonly number[];
  /** 1 / the most evidence there was: valid however often, and whenever, it is looked at. */
  readonly p: number;
  /** 1 / the evidence at the end: as valid, and takes back what later blocks speak against. */
  readonly pNow: number;
};

/** Steps of the alternatives' odds ratios away from the limit: factors 2^(1/2), 2, … 64, each as likely as the other. */
const STEPS = Array.from({ length: 12 }, (_, i) => ((i + 1) / 2) * Math.LN2);

/**
 * Tests the canary's odds of failing against `limit` times the baseline's, minute by minute: `above` gathers evidence
 * that they are more, `below` that they are less.
 *
 * In each minute the failures of both sides together are taken as given; how many fell on the canary then follows
 * Fisher's noncentral hypergeometric distribution, which depends on the odds ratio alone. So a bad hour that hits both
 * sides, or a change of the traffic's split, moves nothing. The evidence is the likelihood ratio of other odds ratios to
 * the limit, multiplied over minutes and averaged over {@link STEPS}: a supermartingale for every ratio on the limit's
 * far side, as likelihood ratios of this family are monotone. By Ville's inequality it ever exceeds 1/alpha with
 * probability alpha at most.
 *
 * Mixture tests: Robbins, Ann. Math. Stat. 41 (1970); always-valid p-values: Johari, Koomen, Pekelis, Walsh, Operations
 * Research 70 (2022); strata with e-values: Turner, Grünwald, AISTATS 2023 (arXiv 2302.11401).
 */
export function testFailures(blocks: readonly Block[], limit: number, side: "above" | "below"): SequentialResult {
  const logLimit = Math.log(limit);
  const steps = side === "above" ? STEPS : STEPS.map((step) => -step);
  const sums = steps.map(() => -Math.log(steps.length));
  const logEvidence: number[] = [];
  let [most, evidence] = [0, 0];
  for (const block of blocks) {
    const failures = block.canary.failures + block.baseline.failures;
    if (failures > 0 && block.canary.requests > 0 && block.baseline.requests > 0) {
      const weights = hypergeometric(block.canary.requests, block.baseline.requests, failures);
      const usual = logTotal(weights, logLimit);
      for (const [i, step] of steps.entries()) {
        const gained = block.canary.failures * step - logTotal(weights, logLimit + step) + usual;
        sums[i] = (sums[i] ?? 0) + gained;
      }
    }
    evidence = logSumExp(sums);
    most = Math.max(most, evidence);
    logEvidence.push(evidence);
  }
  return { logEvidence, p: Math.exp(-most), pNow: Math.min(1, Math.exp(-evidence)) };
}

/** Weights of the counts `first`, `first + 1`, …, the greatest being 1, and their logarithms. */
type Weights = { readonly first: number; readonly logs: Float64Array; readonly plain: Float64Array };

/** C(n1, j) C(n2, m - j), up to a constant, for every j that is possible. */
function hypergeometric(n1: number, n2: number, m: number): Weights {
  const first = Math.max(0, m - n2);
  const last = Math.min(n1, m);
  const logs = new Float64Array(last - first + 1);
  let most = 0;
  for (let j = first + 1; j <= last; j++) {
    const growth = ((n1 - j + 1) * (m - j + 1)) / (j * (n2 - m + j));
    logs[j - first] = (logs[j - first - 1] ?? 0) + Math.log(growth);
    most = Math.max(most, logs[j - first] ?? 0);
  }
  return { first, logs: logs.map((log) => log - most), plain: logs.map((log) => Math.exp(log - most)) };
}

/** Beyond this a sum of powers could leave the range of a double. */
const SAFE_EXPONENT = 600;

/** Logarithm of the noncentral distribution's total for this log odds ratio. */
function logTotal({ first, logs, plain }: Weights, logRatio: number): number {
  if (logs.length * Math.abs(logRatio) > SAFE_EXPONENT) {
    return first * logRatio + logSumExp(logs.map((log, i) => log + i * logRatio));
  }
  const ratio = Math.exp(logRatio);
  let sum = 0;
  for (let i = plain.length - 1; i >= 0; i--) sum = sum * ratio + (plain[i] ?? 0);
  return first * logRatio + Math.log(sum);
}
