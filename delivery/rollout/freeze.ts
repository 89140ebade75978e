import type { Environment } from "../environment.ts";
import { DeliveryError } from "../errors.ts";
import { text } from "../shape.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MINUTES_A_WEEK = 7 * 24 * 60;
const PATTERN = new RegExp(
  `^(?<from>${DAYS.join("|")}) (?<fromHour>[01]\\d|2[0-3]):(?<fromMinute>[0-5]\\d)-(?<to>${DAYS.join("|")}) (?<toHour>[01]\\d|2[0-3]):(?<toMinute>[0-5]\\d) UTC$`,
);

/** A window of the week in which nothing is rolled out, as `Fri 16:00-Mon 08:00 UTC`. Its end is not part of it. */
export const freezeWindow = text(
  PATTERN,
  "a window of the week in UTC, as Fri 16:00-Mon 08:00 UTC",
  "write days with three letters and times with four digits",
);

/** When the freeze that `now` lies in ends; undefined outside of all windows. Windows that touch count as one. */
export function frozenUntil(windows: readonly string[], now: Date): Date | undefined {
  let end = now;
  // Each window can lengthen the freeze once; one that covers the whole week would do so for ever.
  for (let i = 0; i <= windows.length; i++) {
    const ends = windows.map((window) => endOf(window, end)).filter((one) => one !== undefined);
    const latest = ends.sort((a, b) => b.getTime() - a.getTime())[0];
    if (latest === undefined) break;
    end = latest;
  }
  return end === now ? undefined : end;
}

/**
 * Refuses within a freeze window, unless a reason is given; gives what the record should then say.
 *
 * @throws DeliveryError `refused` with the end of the freeze.
 */
export function requireThawed(
  { name, rollout }: Pick<Environment, "name" | "rollout">,
  now: Date,
  reason: string | undefined,
): { readonly freeze_override?: string } {
  const until = frozenUntil(rollout.freeze ?? [], now);
  if (until === undefined) return {};
  if (reason !== undefined && reason.trim() !== "") return { freeze_override: reason.trim() };
  throw new DeliveryError(
    "refused",
    `${name} is frozen until ${until.toISOString()} (rollout.freeze: ${(rollout.freeze ?? []).join(", ")}); ` +
      "run the command again then, or give --override-freeze REASON. A rollback is never frozen",
  );
}

/** When `window` ends, if `at` lies in it. One that starts where it ends lasts a week. */
function endOf(window: string, at: Date): Date | undefined {
  const groups = PATTERN.exec(window)?.groups;
  if (groups === undefined) return undefined;
  const minute = (day = "", hour = "", minutes = "") =>
    DAYS.indexOf(day as (typeof DAYS)[number]) * 24 * 60 + Number(hour) * 60 + Number(minutes);
  const start = minute(groups["from"], groups["fromHour"], groups["fromMinute"]);
  const stop = minute(groups["to"], groups["toHour"], groups["toMinute"]);
  const now = at.getUTCDay() * 24 * 60 + at.getUTCHours() * 60 + at.getUTCMinutes();
  const length = after(start, stop) || MINUTES_A_WEEK;
  const passed = after(start, now);
  if (passed >= length) return undefined;
  const minuteNow = Math.floor(at.getTime() / 60_000) * 60_000;
  return new Date(minuteNow + (length - passed) * 60_000);
}

/** Minutes from one point of the week to the next time it is the other. */
function after(from: number, to: number): number {
  return (to - from + MINUTES_A_WEEK) % MINUTES_A_WEEK;
}
