import type { Recording, Sample } from "../../delivery/canary/recording.ts";
import type { Random } from "./random.ts";

/** What one deployment does. */
export interface Behaviour {
  readonly requestsPerSecond: number;
  /** Share of requests that the model fails. */
  readonly failures: number;
  /** Share of requests that are the caller's own fault. */
  readonly badRequests: number;
  /** Median latency; a request's latency is lognormal with sigma 0.5. */
  readonly medianMs: number;
}

export const MINUTES = 60;
const SIGMA = 0.5;
const START = Date.parse("2026-03-01T12:00:00Z");
const STARTS = Array.from({ length: MINUTES + 1 }, (_, i) => new Date(START + i * 60_000).toISOString());

/** An hour of a canary and its baseline, minute by minute: every request is drawn. */
export function simulate(random: Random, canary: Behaviour, baseline: Behaviour): Recording {
  const side = (deployment: string, behaviour: Behaviour) => ({
    deployment,
    minutes: STARTS.slice(0, MINUTES).map((minute) => drawMinute(random, minute, behaviour)),
  });
  return {
    schema: 1,
    endpoint: "bench",
    from: STARTS[0] ?? "",
    to: STARTS[MINUTES] ?? "",
    canary: side("canary", canary),
    baseline: side("baseline", baseline),
  };
}

/** The recording as it was after `minutes`. */
export function until(recording: Recording, minutes: number): Recording {
  const side = ({ deployment, minutes: all }: Recording["canary"]) => ({ deployment, minutes: all.slice(0, minutes) });
  const to = STARTS[minutes] ?? recording.to;
  return { ...recording, to, canary: side(recording.canary), baseline: side(recording.baseline) };
}

function drawMinute(random: Random, minute: string, behaviour: Behaviour): Sample {
  const count = random.poisson(behaviour.requestsPerSecond * 60);
  const bad = random.binomial(count, behaviour.badRequests);
  const failed = random.binomial(count - bad, behaviour.failures);
  const logs = new Float64Array(count);
  for (let i = 0; i < count; i++) logs[i] = random.normal();
  logs.sort();
  const at = (share: number) => {
    const log = logs[Math.max(0, Math.ceil(share * count) - 1)];
    return log === undefined ? null : behaviour.medianMs * Math.exp(SIGMA * log);
  };
  return {
    minute,
    requests: { "200/200": count - bad - failed, "424/500": failed, "424/400": bad },
    latency: { average: null, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) },
  };
}
