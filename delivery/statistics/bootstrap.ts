import { type Interval, percentile } from "../statistics.ts";

export type BootstrapOptions = {
  /** Samples drawn with replacement, each as large as the data. @default 2000 */
  readonly resamples?: number;
  /** The same seed gives the same interval. @default 1 */
  readonly seed?: number;
};

/**
 * 95 % interval of a mean by the percentile bootstrap (B. Efron, Annals of Statistics 7, 1979): how the mean would vary
 * had other items of the same kind been drawn. For pairs give their differences. Empty data leaves nothing known.
 */
export function bootstrapMeanInterval(values: readonly number[], options: BootstrapOptions = {}): Interval {
  const { resamples = 2000, seed = 1 } = options;
  const data = Float64Array.from(values);
  if (data.length === 0) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, confidence: 0.95 };
  const random = mulberry32(seed);
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += data[Math.floor(random() * data.length)] ?? 0;
    return sum / data.length;
  });
  return { low: percentile(means, 2.5), high: percentile(means, 97.5), confidence: 0.95 };
}

/** Numbers in [0, 1), the same for a seed on every machine (T. Ettinger's mulberry32, in the public domain). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
