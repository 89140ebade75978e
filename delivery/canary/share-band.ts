import { logBeta } from "./special-functions.ts";

export type Band = { readonly low: number; readonly high: number };

/**
 * A confidence sequence for a share: with probability 1 - alpha the true share lies inside the bands of all times at
 * once, so it may be read at any of them. It holds what the mixture of all shares under Beta(1/2, 1/2) does not beat by
 * more than 1/alpha (Robbins 1970; Howard, Ramdas, McAuliffe, Sekhon, Ann. Stat. 49, 2021). For a share that stays.
 */
export function shareBand(failures: number, requests: number, alpha: number): Band {
  if (!(requests > 0)) return { low: 0, high: 1 };
  const good = requests - failures;
  const limit = logBeta(failures + 0.5, good + 0.5) - logBeta(0.5, 0.5) + Math.log(alpha);
  const inside = (share: number) => logLikelihood(failures, good, share) > limit;
  const observed = failures / requests;
  return {
    low: failures === 0 ? 0 : edge(0, observed, inside),
    high: good === 0 ? 1 : edge(1, observed, inside),
  };
}

function logLikelihood(failures: number, good: number, share: number): number {
  return (failures === 0 ? 0 : failures * Math.log(share)) + (good === 0 ? 0 : good * Math.log1p(-share));
}

/** Where `inside` ends between a share that is outside and one that is inside. */
function edge(outside: number, within: number, inside: (share: number) => boolean): number {
  let [out, into] = [outside, within];
  for (let i = 0; i < 60; i++) {
    const middle = (out + into) / 2;
    if (inside(middle)) into = middle;
    else out = middle;
  }
  return out;
}
