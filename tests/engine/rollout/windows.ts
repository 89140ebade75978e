import { setTimeout as delay } from "node:timers/promises";
import { withoutZeros } from "../../../delivery/traffic.ts";
import { binomialBounds } from "../../support/binomial.ts";
import type { Served } from "../../support/load.ts";
import { traffic } from "../faults/cloud.ts";

type Shares = Readonly<Record<string, number>>;

/** A time in which Azure had one traffic, by `performance.now()`: it was so at both ends, and at every look between. */
export type Window = { readonly shares: Shares; readonly from: number; readonly until: number };

const LOOK_EVERY_MS = 150;
/** Left out at both ends of a window. */
const SWITCH_MS = 250;

/** Looks at the endpoint's traffic until stopped, and gives the windows between its changes. */
export function watchWindows(): { stop(): Promise<readonly Window[]> } {
  const windows: Window[] = [];
  let going = true;
  const look = async () => {
    const asked = performance.now();
    const shares = withoutZeros(await traffic());
    const last = windows.at(-1);
    if (last !== undefined && same(last.shares, shares)) windows[windows.length - 1] = { ...last, until: asked };
    else windows.push({ shares, from: performance.now(), until: asked });
  };
  const done = (async () => {
    for (; going; await delay(LOOK_EVERY_MS)) await look();
    await look();
  })();
  return {
    async stop() {
      going = false;
      await done;
      return windows;
    },
  };
}

export function same(left: Shares, right: Shares): boolean {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => (left[name] ?? 0) === (right[name] ?? 0));
}

/** How many of a window's requests one deployment answered, and how many it could have. */
export type Share = {
  readonly window: number;
  readonly deployment: string;
  readonly percent: number;
  readonly requests: number;
  readonly count: number;
  readonly low: number;
  readonly high: number;
};

/**
 * The split of each window, with binomial bounds. They all hold at once but for a chance of `alpha`: by Bonferroni each
 * is given `alpha` divided by how many there are. Counted are the requests that traffic decided, begun and answered
 * within the window, less {@link SWITCH_MS} at its ends: during the switch itself, nobody can say which config is in force.
 */
export function splitsOf(windows: readonly Window[], served: readonly Served[], alpha: number): Share[] {
  const counted = windows.flatMap(({ shares, from, until }, window) => {
    const within = served.filter(
      ({ named, begun, ended }) => named === undefined && begun >= from + SWITCH_MS && ended <= until - SWITCH_MS,
    );
    return Object.entries(shares).map(([deployment, percent]) => {
      const count = within.filter((one) => one.deployment === deployment).length;
      return { window, deployment, percent, requests: within.length, count };
    });
  });
  const seen = counted.filter(({ requests }) => requests > 0);
  return seen.map((one) => ({ ...one, ...binomialBounds(one.requests, one.percent / 100, alpha / seen.length) }));
}
