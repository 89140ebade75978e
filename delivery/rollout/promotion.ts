import type { Environment } from "../environment.ts";
import { nextStep } from "../rollout.ts";
import { frozenUntil } from "./freeze.ts";
import type { Verdict } from "./judge.ts";
import type { CanaryProgress } from "./log-state.ts";

/** What a promotion does next. */
export type Move =
  /** All traffic is on the canary, or there is none. */
  | { readonly kind: "done" }
  | { readonly kind: "paused"; readonly who: string; readonly at: string; readonly reason: string }
  | { readonly kind: "frozen"; readonly until: Date }
  /** Watch on; ask again after so many milliseconds. */
  | { readonly kind: "wait"; readonly ms: number; readonly why: string }
  | { readonly kind: "ask" }
  | { readonly kind: "shift"; readonly to: number }
  /** Traffic goes back to what was live before. */
  | { readonly kind: "back"; readonly because: "fail" | "unreachable" }
  /** The time to decide is over: the canary keeps its share, and a person looks. */
  | { readonly kind: "hold"; readonly because: "inconclusive" | "unreachable" };

/** What a promotion is decided on. Every part of it outlives the process that looks at it. */
export type Situation = {
  readonly progress: CanaryProgress | undefined;
  readonly rollout: Environment["rollout"];
  readonly now: Date;
  /** Goes on within a freeze window. */
  readonly overridden: boolean;
  /** Minutes after the bake during which an undecided judge is asked again. */
  readonly patienceMinutes: number;
  /** The judge's last word since the present step; undefined before it was asked. */
  readonly verdict: Verdict["verdict"] | undefined;
  /** How often in a row the judge could not look. */
  readonly unreachable: number;
};

/** An unwatched canary is a risk that nobody sees; after so many vain tries it goes back. */
export const MOST_UNREACHABLE = 5;
/** The longest sleep: a pause or a rollback by somebody else is noticed within it. */
export const POLL_MS = 15_000;

/** What to do next. Only a pass moves traffic forward; a fail moves it back whatever else holds. */
export function nextMove(situation: Situation): Move {
  const { progress, rollout, now, verdict } = situation;
  if (progress === undefined) return { kind: "done" };
  if (verdict === "fail") return { kind: "back", because: "fail" };
  if (situation.unreachable >= MOST_UNREACHABLE) return { kind: "back", because: "unreachable" };
  if (progress.paused !== undefined) return { kind: "paused", ...progress.paused };
  const until = situation.overridden ? undefined : frozenUntil(rollout.freeze ?? [], now);
  if (until !== undefined) return { kind: "frozen", until };
  // Of a share that no record explains, nobody knows how long it has been: its bake starts now.
  const since = progress.since ?? now;
  const baked = since.getTime() + rollout.bakeMinutes * 60_000;
  const left = baked - now.getTime();
  if (left > 0) {
    const why = `${progress.canary} has ${progress.share} % since ${since.toISOString()}; ${Math.ceil(left / 1000)} s to watch`;
    return { kind: "wait", ms: Math.min(left, POLL_MS), why };
  }
  if (verdict === undefined) return { kind: "ask" };
  const step = nextStep(
    { deployments: {}, traffic: { [progress.canary]: progress.share } },
    progress.canary,
    rollout.steps,
  );
  if (verdict === "pass") return step === undefined ? { kind: "done" } : { kind: "shift", to: step };
  const deadline = baked + situation.patienceMinutes * 60_000;
  if (now.getTime() >= deadline) return { kind: "hold", because: verdict };
  return { kind: "wait", ms: Math.min(POLL_MS, deadline - now.getTime()), why: `the judge's verdict is ${verdict}` };
}
