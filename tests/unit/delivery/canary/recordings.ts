import type { Recording, Sample } from "../../../../delivery/canary/recording.ts";

const START = Date.parse("2026-03-01T12:00:00Z");

/** Start of the `i`-th minute of a recording made here. */
export function minuteAt(i: number): string {
  return new Date(START + i * 60_000).toISOString();
}

/** What one side does in a minute; latencies in milliseconds. */
export type Behaviour = {
  readonly requests: Readonly<Record<string, number | null>>;
  readonly ms?: number | null;
};

export function sampleAt(i: number, { requests, ms = 40 }: Behaviour): Sample {
  // A little unrest, the same in every run, and not the same minute by minute.
  const wobble = 1 + 0.05 * Math.sin(i * 12.9898) + (ms === null ? Number.NaN : 0);
  const times = (factor: number) => (ms === null ? null : ms * factor * wobble);
  const latency = { average: times(1.1), p50: times(1), p90: times(1.6), p95: times(2), p99: times(3) };
  return { minute: minuteAt(i), requests: { ...requests }, latency };
}

/** A recording in which each side behaves as told, minute by minute; undefined is a minute without figures. */
export function record(
  minutes: number,
  canary: (i: number) => Behaviour | undefined,
  baseline: (i: number) => Behaviour | undefined,
): Recording {
  const samples = (side: (i: number) => Behaviour | undefined) =>
    Array.from({ length: minutes }, (_, i) => side(i)).flatMap((behaviour, i) =>
      behaviour === undefined ? [] : [sampleAt(i, behaviour)],
    );
  return {
    schema: 1,
    endpoint: "leaf",
    from: minuteAt(0),
    to: minuteAt(minutes),
    canary: { deployment: "green", minutes: samples(canary) },
    baseline: { deployment: "blue", minutes: samples(baseline) },
  };
}
