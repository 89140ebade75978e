import { z } from "zod";

/** Each bucket is this many times as wide as the one before, so a percentile is right to half a per cent. */
const GROWTH = 1.01;

/** The form in which a histogram is kept. */
export const LatencyHistogram = z.object({
  count: z.number(),
  /** Milliseconds of all requests together. */
  sum: z.number(),
  min: z.number(),
  max: z.number(),
  /** Bucket → requests. Bucket `i` is around `GROWTH ** i` milliseconds. */
  buckets: z.record(z.string(), z.number()),
});

/** Latencies of any number of requests in bounded space, in the way of HDR histograms. */
export type LatencyHistogram = z.infer<typeof LatencyHistogram>;

export function emptyHistogram(): LatencyHistogram {
  return { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: 0, buckets: {} };
}

/** Adds a request of `ms` milliseconds. */
export function addLatency(histogram: LatencyHistogram, ms: number): void {
  const bucket = Math.round(Math.log(Math.max(ms, 0.01)) / Math.log(GROWTH));
  histogram.count += 1;
  histogram.sum += ms;
  histogram.min = Math.min(histogram.min, ms);
  histogram.max = Math.max(histogram.max, ms);
  histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
}

/** Both together. */
export function mergeHistograms(left: LatencyHistogram, right: LatencyHistogram): LatencyHistogram {
  const buckets = { ...left.buckets };
  for (const [bucket, count] of Object.entries(right.buckets)) buckets[bucket] = (buckets[bucket] ?? 0) + count;
  return {
    count: left.count + right.count,
    sum: left.sum + right.sum,
    min: Math.min(left.min, right.min),
    max: Math.max(left.max, right.max),
    buckets,
  };
}

/** The latency in milliseconds that `percent` of the requests did not exceed (nearest rank); NaN where there were none. */
export function latencyPercentile(histogram: LatencyHistogram, percent: number): number {
  const rank = Math.max(1, Math.ceil((histogram.count * percent) / 100));
  const buckets = Object.entries(histogram.buckets).sort(([left], [right]) => Number(left) - Number(right));
  let seen = 0;
  for (const [bucket, count] of buckets) {
    seen += count;
    if (seen >= rank) return Math.min(histogram.max, Math.max(histogram.min, GROWTH ** Number(bucket)));
  }
  return Number.NaN;
}
