import { judge } from "../../delivery/canary/judge.ts";
import { type Minute, pairMinutes } from "../../delivery/canary/minutes.ts";
import { shiftOf } from "../../delivery/canary/rank-test.ts";
import type { Recording } from "../../delivery/canary/recording.ts";
import { readRules } from "../../delivery/canary/rules.ts";
import { MINUTES, until } from "./traffic.ts";

/** A way to judge an hour of traffic, looked at after every minute. */
export interface Rule {
  readonly name: string;
  readonly watch: (recording: Recording) => Seen;
}

/** The minutes after which a rule first failed and first passed a canary. It is not asked again once it failed it. */
export interface Seen {
  readonly failedAt: number | undefined;
  readonly passedAt: number | undefined;
}

/** The defaults without dry-run metrics, which cost time and change no verdict. */
const SEQUENTIAL_RULES = readRules(
  { latency: { average: "off", p99: "off" }, clientErrors: "off" },
  "the benchmark's rules",
);

function sequential(name: string, looks: readonly number[]): Rule {
  return {
    name,
    watch(recording) {
      let passedAt: number | undefined;
      for (const minute of looks) {
        const { verdict } = judge(until(recording, minute), SEQUENTIAL_RULES);
        if (verdict === "fail") return { failedAt: minute, passedAt };
        if (verdict === "pass") passedAt ??= minute;
      }
      return { failedAt: undefined, passedAt };
    },
  };
}

/** Every `step` minutes, from the first of them on. */
const every = (step: number, from = step) =>
  Array.from({ length: Math.floor((MINUTES - from) / step) + 1 }, (_, i) => from + i * step);

export const judgeEveryMinute = sequential("this judge, every minute", every(1));
export const judgeEveryFiveMinutes = sequential("this judge, every 5 minutes", every(5));

const CONFIDENCE = 0.98;
const TOLERANCE = 0.25;
const THRESHOLD = 0.02;
const THRESHOLD_MINUTES = 5;

/**
 * Kayenta's rule for one metric: the canary is high when the lower bound of the shift's Mann–Whitney interval lies above
 * a quarter of its estimate. Here on the share of failures by minute, from the minute on.
 */
function kayenta(name: string, looks: readonly number[]): Rule {
  return {
    name,
    watch(recording) {
      const { minutes } = pairMinutes(recording);
      const shares = (side: "canary" | "baseline") => minutes.map((minute) => shareOf(minute, side));
      const [canary, baseline] = [shares("canary"), shares("baseline")];
      const failedAt = looks.find((length) => {
        const level = (1 - CONFIDENCE) / 2;
        const shift = shiftOf(canary.slice(0, length), baseline.slice(0, length), (a, b) => a - b, level);
        return shift.low > TOLERANCE * Math.abs(shift.estimate);
      });
      return { failedAt, passedAt: failedAt === undefined ? MINUTES : undefined };
    },
  };
}

const FIRST_LOOK = 10;

export const kayentaEveryMinute = kayenta(`Kayenta's rule, every minute from ${FIRST_LOOK}`, every(1, FIRST_LOOK));
export const kayentaOnce = kayenta("Kayenta's rule, once after 60", [MINUTES]);

/** What a metric alert does: more than 2 % failures in the last five minutes. */
export const fixedThreshold: Rule = {
  name: "more than 2 % in 5 minutes",
  watch(recording) {
    const { minutes } = pairMinutes(recording);
    for (let end = THRESHOLD_MINUTES; end <= minutes.length; end++) {
      const last = minutes.slice(end - THRESHOLD_MINUTES, end);
      const sum = (read: (figures: NonNullable<Minute["canary"]>) => number) =>
        last.reduce((total, { canary }) => total + (canary === undefined ? 0 : read(canary)), 0);
      if (sum(({ failures }) => failures) > THRESHOLD * sum(({ judged }) => judged)) {
        return { failedAt: end, passedAt: undefined };
      }
    }
    return { failedAt: undefined, passedAt: MINUTES };
  },
};

function shareOf(minute: Minute, side: "canary" | "baseline"): number {
  const { failures = 0, judged = 0 } = minute[side] ?? {};
  return judged > 0 ? failures / judged : 0;
}
