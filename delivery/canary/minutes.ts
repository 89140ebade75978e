import { isFailure } from "../scoring.ts";
import type { LatencyName, Recording, Sample } from "./recording.ts";

/** What one side did in one minute, by whose fault it was. */
export type Figures = {
  /** Requests that say something about the model: answered well, or failed. */
  readonly judged: number;
  readonly failures: number;
  /** Requests that failed by the caller's own fault: a bad picture, a wrong path, a caller who went away. */
  readonly clientErrors: number;
  readonly latency: Sample["latency"];
};

export type Minute = {
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly canary: Figures | undefined;
  readonly baseline: Figures | undefined;
};

export type Minutes = {
  /** Oldest first; those in which either side has figures. */
  readonly minutes: readonly Minute[];
  /** Samples that cannot be used, with the reason and how many. */
  readonly rejected: ReadonlyMap<string, number>;
};

const MINUTE_MS = 60_000;

/**
 * Puts the two sides' samples side by side. Samples outside the window (a clock that is wrong), samples of a minute that
 * was there before, and those whose counts are no counts are left out and told.
 */
export function pairMinutes(recording: Recording): Minutes {
  const rejected = new Map<string, number>();
  const window = [Date.parse(recording.from), Date.parse(recording.to)] as const;
  const sides = [recording.canary, recording.baseline].map(({ minutes }) => readSide(minutes, window, rejected));
  const [canary, baseline] = sides as [Map<number, Figures>, Map<number, Figures>];
  const starts = [...new Set([...canary.keys(), ...baseline.keys()])].sort((a, b) => a - b);
  return {
    minutes: starts.map((start) => ({ start, canary: canary.get(start), baseline: baseline.get(start) })),
    rejected,
  };
}

function readSide(
  samples: readonly Sample[],
  [from, to]: readonly [number, number],
  rejected: Map<string, number>,
): Map<number, Figures> {
  const side = new Map<number, Figures>();
  const reject = (why: string) => rejected.set(why, (rejected.get(why) ?? 0) + 1);
  for (const sample of samples) {
    const start = Math.floor(Date.parse(sample.minute) / MINUTE_MS) * MINUTE_MS;
    if (start < from || start >= to) reject("outside the window: a clock is wrong");
    else if (side.has(start)) reject("of a minute that was there before");
    else if (!Object.values(sample.requests).every(isCount)) reject("with a count that is no number");
    else side.set(start, figuresOf(sample));
  }
  return side;
}

/** Azure gives averages, so a count may come as 12.000000000000002. */
function isCount(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && value >= 0 && Math.abs(value - Math.round(value)) < 1e-6;
}

function figuresOf({ requests, latency }: Sample): Figures {
  let [judged, failures, clientErrors] = [0, 0, 0];
  for (const [statuses, value] of Object.entries(requests)) {
    const count = Math.round(value ?? 0);
    const fault = faultOf(statuses);
    if (fault === "client") clientErrors += count;
    else judged += count;
    if (fault === "model") failures += count;
  }
  return { judged, failures, clientErrors, latency };
}

type Fault = "none" | "model" | "client";
const faults = new Map<string, Fault>();

/** Whose fault an answer was: `424/400` is a container that refused its caller's picture, `424/500` one that broke. */
export function faultOf(statuses: string): Fault {
  const known = faults.get(statuses);
  if (known !== undefined) return known;
  const [status = 0, modelStatus] = statuses.split("/").map(Number);
  const fault = isFailure({ status, modelStatus }) ? "model" : status >= 400 ? "client" : "none";
  faults.set(statuses, fault);
  return fault;
}

/** The latencies of the minutes in which both sides have one. */
export function latencySeries(
  minutes: readonly Minute[],
  name: LatencyName,
): { readonly canary: number[]; readonly baseline: number[] } {
  const series = { canary: [] as number[], baseline: [] as number[] };
  for (const { canary, baseline } of minutes) {
    const [mine, theirs] = [canary?.latency[name], baseline?.latency[name]];
    if (!isLatency(mine) || !isLatency(theirs)) continue;
    series.canary.push(mine);
    series.baseline.push(theirs);
  }
  return series;
}

function isLatency(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value) && value > 0;
}
