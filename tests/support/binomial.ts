import { logGamma } from "../../delivery/canary/special-functions.ts";

/** The smallest and the largest count that are no surprise, both included. */
export type Bounds = { readonly low: number; readonly high: number };

/**
 * Within which a binomial count of `trials` at `probability` lies, but for a chance of at most `alpha / 2` on each side.
 * Exact: sums the distribution from its ends.
 */
export function binomialBounds(trials: number, probability: number, alpha: number): Bounds {
  if (probability <= 0) return { low: 0, high: 0 };
  if (probability >= 1) return { low: trials, high: trials };
  return {
    low: endOfTail(trials, probability, alpha / 2),
    high: trials - endOfTail(trials, 1 - probability, alpha / 2),
  };
}

/** The first count that the lower tail up to and with it makes more likely than `chance`. */
function endOfTail(trials: number, probability: number, chance: number): number {
  let below = 0;
  for (let count = 0; count < trials; count += 1) {
    below += Math.exp(logMass(count, trials, probability));
    if (below > chance) return count;
  }
  return trials;
}

function logMass(count: number, trials: number, probability: number): number {
  const ways = logGamma(trials + 1) - logGamma(count + 1) - logGamma(trials - count + 1);
  return ways + count * Math.log(probability) + (trials - count) * Math.log(1 - probability);
}
