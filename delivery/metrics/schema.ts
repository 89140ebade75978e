import { z } from "zod";
import { inputError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { describe, Sha256 } from "../manifest.ts";

const Share = z.number().min(0).max(1);
const Count = z.int().nonnegative();
const Interval = z.strictObject({ low: Share, high: Share, confidence: Share });
const Milliseconds = z.number().nonnegative();

const ClassMetrics = z.strictObject({
  /** Pictures of the class in the test data. */
  count: Count,
  /** How often the model answered the class. */
  predicted: Count,
  /** Share of the class' pictures that were recognised; null where the test data has none. */
  recall: Share.nullable(),
  /** Share of the answers naming the class that were right; null where it was never answered. */
  precision: Share.nullable(),
});

const Bin = z.strictObject({
  /** Confidences above `low`, up to and including `high`. */
  low: Share,
  high: Share,
  count: Count,
  /** Mean probability of the answers in the bin; null where it has none. */
  confidence: Share.nullable(),
  /** Share of the bin's answers that were right; null where it has none. */
  accuracy: Share.nullable(),
});

const Calibration = z.strictObject({
  /** Expected calibration error: how far, on average, the probability of an answer is from the share that is right. */
  ece: Share,
  /** Brier's score over all classes: mean squared distance to the truth, 0 (perfect) to 2. */
  brier: z.number().min(0).max(2),
  bins: z.array(Bin),
});

const SliceMetrics = z.strictObject({ count: Count, accuracy: Share, accuracy_interval: Interval });

const Metrics = z.strictObject({
  schema: z.literal(1),
  /** Share of right answers, 0 to 1. */
  accuracy: Share,
  /** Wilson's 95 % interval of the accuracy. */
  accuracy_interval: Interval,
  /** Mean over decoding, preprocessing and inference of one picture, milliseconds. */
  avg_latency_ms: Milliseconds,
  latency_ms: z.strictObject({
    p50: Milliseconds,
    p90: Milliseconds,
    p95: Milliseconds,
    p99: Milliseconds,
    max: Milliseconds,
  }),
  /** How the latencies were measured and their percentiles taken, in words. */
  latency_method: z.string(),
  /** Size of `model.onnx`; 1 MB is 1,000,000 bytes. */
  model_size_mb: z.number().nonnegative(),
  /** Pictures in the test data. */
  samples: z.int().positive(),
  classes: z.record(z.string(), ClassMetrics),
  /** `counts[i][j]`: pictures of `labels[i]` that were answered `labels[j]`. */
  confusion: z.strictObject({ labels: z.array(z.string()), counts: z.array(z.array(Count)) }),
  calibration: Calibration,
  /** By column of the test data's table, then by the column's values. Empty where nothing was asked. */
  slices: z.record(z.string(), z.record(z.string(), SliceMetrics)),
  /** The package's golden samples, scored by the server: how many, and the furthest any probability was from training's. Null where it has none. */
  golden: z.strictObject({ samples: z.int().positive(), max_difference: Share }).nullable(),
  model_sha256: Sha256,
  /** Fingerprint of the test data, see `digest.ts`. */
  test_data_sha256: Sha256,
  /** Commit of the code that measured; null outside a repository. */
  git: z.string().nullable(),
});

/** What `metrics.json` holds. */
export type Metrics = z.infer<typeof Metrics>;
export type ClassMetrics = z.infer<typeof ClassMetrics>;
export type Calibration = z.infer<typeof Calibration>;
export type SliceMetrics = z.infer<typeof SliceMetrics>;

/** Reads a `metrics.json`. Throws an error of kind `input` where it is none. The gate reads more coarsely: see `gate.ts`. */
export function parseMetrics(text: string, what: string): Metrics {
  const parsed = Metrics.safeParse(parseJson(text, what));
  if (!parsed.success) throw inputError(`${what} does not hold metrics: ${describe(parsed.error)}`);
  return parsed.data;
}
