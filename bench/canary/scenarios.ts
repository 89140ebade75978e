import { seededRandom } from "./random.ts";
import {
  fixedThreshold,
  judgeEveryFiveMinutes,
  judgeEveryMinute,
  kayentaEveryMinute,
  kayentaOnce,
  type Rule,
} from "./rules.ts";
import { type Behaviour, simulate } from "./traffic.ts";

// 10 requests a second, a tenth of them to the canary.
export const BASELINE: Behaviour = { requestsPerSecond: 9, failures: 0.01, badRequests: 0.02, medianMs: 40 };
export const CANARY: Behaviour = { ...BASELINE, requestsPerSecond: 1 };
const RULES = [judgeEveryMinute, kayentaEveryMinute, kayentaOnce, fixedThreshold];

export const SCENARIOS: readonly { name: string; canary: Behaviour; rules: readonly Rule[] }[] = [
  { name: "no difference", canary: CANARY, rules: RULES },
  { name: "failures 1 % → 3 %", canary: { ...CANARY, failures: 0.03 }, rules: RULES },
  { name: "latency 40 → 60 ms", canary: { ...CANARY, medianMs: 60 }, rules: [judgeEveryMinute] },
  // That a caller's own errors change no verdict is a property test: fewer looks do, and halve the time.
  { name: "bad clients, 2 % → 30 %", canary: { ...CANARY, badRequests: 0.3 }, rules: [judgeEveryFiveMinutes] },
];

/** A share of a scenario's runs, for one thread. */
export interface Task {
  readonly scenario: number;
  readonly runs: number;
  readonly seed: number;
}

/** What a rule did in the runs of a task. */
export interface Watched {
  /** The minute of each failure. */
  readonly failedAt: number[];
  /** The minute of the first pass of each run that had one, before it failed if it did. */
  readonly passedAt: number[];
}

/** Draws the hours of a task and has each rule of its scenario watch them. */
export function watchTask({ scenario, runs, seed }: Task): Watched[] {
  const { canary, rules } = SCENARIOS[scenario] ?? { canary: CANARY, rules: [] };
  const random = seededRandom(seed);
  const watched = rules.map((): Watched => ({ failedAt: [], passedAt: [] }));
  for (let run = 0; run < runs; run++) {
    const recording = simulate(random, canary, BASELINE);
    for (const [i, own] of watched.entries()) {
      const seen = rules[i]?.watch(recording);
      if (seen?.failedAt !== undefined) own.failedAt.push(seen.failedAt);
      if (seen?.passedAt !== undefined) own.passedAt.push(seen.passedAt);
    }
  }
  return watched;
}
