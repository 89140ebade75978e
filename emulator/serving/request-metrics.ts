import { join } from "node:path";
import { z } from "zod";
import { readJsonFile, writeFileAtomically } from "../atomic-file.ts";
import { addLatency, emptyHistogram, LatencyHistogram, mergeHistograms } from "./latency-histogram.ts";

const Minute = z.object({
  /** `<status> <the container's own status, or empty>` → requests. */
  requests: z.record(z.string(), z.number()),
  latency: LatencyHistogram,
});
type Minute = z.infer<typeof Minute>;

/** `<minute> <endpoint> <deployment, or empty>` → figures. None of the three can hold a space. */
const Hour = z.record(z.string(), Minute);
type Hour = z.infer<typeof Hour>;

/** How one request ended. */
export interface RequestOutcome {
  /** What the caller got. */
  readonly status: number;
  /** What the container answered; absent where it did not. */
  readonly modelStatus?: number;
  readonly latencyMs: number;
}

/** One deployment's requests in one minute. */
export interface MinuteMetrics {
  /** Start of the minute, milliseconds since 1970. */
  readonly minute: number;
  /** Empty for requests that reached no deployment. */
  readonly deployment: string;
  readonly requests: readonly { readonly status: string; readonly modelStatus: string; readonly count: number }[];
  readonly latency: LatencyHistogram;
}

/** Figures of requests by minute, kept in memory and written to a file an hour. */
export interface RequestMetrics {
  /** @param endpoint the endpoint's ARM id @param deployment empty for a request that reached none */
  add(endpoint: string, deployment: string, outcome: RequestOutcome): void;
  /** Writes what was added since the last time. */
  flush(): Promise<void>;
}

const HOUR_MS = 3_600_000;
/** Of `2026-01-02T03` in a time of ISO 8601. */
const HOUR_LENGTH = 13;

/** Opens the figures kept in `folder`. What was kept before of the current hour is added to. */
export function openRequestMetrics(folder: string, clock: () => Date = () => new Date()): RequestMetrics {
  let fresh: Hour = {};
  let writing: Promise<void> = Promise.resolve();
  const write = async (taken: Hour) => {
    const hours = Map.groupBy(Object.entries(taken), ([key]) => key.slice(0, HOUR_LENGTH));
    for (const [hour, added] of hours) {
      const file = join(folder, `${hour}.json`);
      const kept = Hour.parse((await readJsonFile(file)) ?? {});
      for (const [key, figures] of added) kept[key] = merge(kept[key], figures);
      await writeFileAtomically(file, JSON.stringify(kept));
    }
  };
  return {
    add(endpoint, deployment, { status, modelStatus, latencyMs }) {
      const key = [`${clock().toISOString().slice(0, 16)}Z`, endpoint.toLowerCase(), deployment].join(" ");
      const minute = fresh[key] ?? { requests: {}, latency: emptyHistogram() };
      fresh[key] = minute;
      const statuses = `${status} ${modelStatus ?? ""}`;
      minute.requests[statuses] = (minute.requests[statuses] ?? 0) + 1;
      addLatency(minute.latency, latencyMs);
    },
    flush() {
      const taken = fresh;
      fresh = {};
      // One after another: two writers of a file would each lose what the other adds.
      const written = writing.then(() => write(taken));
      writing = written.catch(() => undefined);
      return written;
    },
  };
}

/**
 * Reads the minutes that start in `[from, to)`, milliseconds since 1970, of one endpoint, oldest first.
 *
 * @param endpoint the endpoint's ARM id
 */
export async function readRequestMetrics(
  folder: string,
  endpoint: string,
  from: number,
  to: number,
): Promise<readonly MinuteMetrics[]> {
  const found: MinuteMetrics[] = [];
  for (let hour = Math.floor(from / HOUR_MS) * HOUR_MS; hour < to; hour += HOUR_MS) {
    const file = join(folder, `${new Date(hour).toISOString().slice(0, HOUR_LENGTH)}.json`);
    const kept = Hour.parse((await readJsonFile(file)) ?? {});
    for (const [key, { requests, latency }] of Object.entries(kept)) {
      const [start = "", owner, deployment = ""] = key.split(" ");
      const minute = Date.parse(start);
      if (owner !== endpoint.toLowerCase() || minute < from || minute >= to) continue;
      const counts = Object.entries(requests).map(([statuses, count]) => {
        const [status = "", modelStatus = ""] = statuses.split(" ");
        return { status, modelStatus, count };
      });
      found.push({ minute, deployment, requests: counts, latency });
    }
  }
  return found.sort((left, right) => left.minute - right.minute);
}

function merge(left: Minute | undefined, right: Minute): Minute {
  if (left === undefined) return right;
  const requests = { ...left.requests };
  for (const [key, count] of Object.entries(right.requests)) requests[key] = (requests[key] ?? 0) + count;
  return { requests, latency: mergeHistograms(left.latency, right.latency) };
}
