import { calibrationOf } from "./metrics/calibration.ts";
import type { ClassMetrics, Metrics } from "./metrics/schema.ts";
import { type SliceTable, slicesOf } from "./metrics/slices.ts";
import type { Prediction } from "./predictions.ts";
import { percentile, wilsonInterval } from "./statistics.ts";

export { type Metrics, parseMetrics } from "./metrics/schema.ts";

/** What the figures are about. */
export type Measured = {
  readonly predictions: readonly Prediction[];
  /** The model's classes, in output order; classes met only in the data are added. */
  readonly labels: readonly string[];
  readonly model: { readonly sha256: string; readonly bytes: number };
  readonly testDataSha256: string;
  /** Columns to make slices by. @default - none */
  readonly slices?: SliceTable;
  /** How the golden samples came out. @default - the package has none */
  readonly golden?: Metrics["golden"];
  /** Commit of the code that measured. @default - not known */
  readonly git?: string | null;
};

const LATENCY_METHOD =
  "each picture by itself, one after the other: decoding, preprocessing and inference, as a scoring worker of the server " +
  "does them, without the network and without waiting; percentiles by linear interpolation between ranks";

/** Metrics of a model from its predictions. Pure; at least one prediction is needed. */
export function computeMetrics(measured: Measured): Metrics {
  const { predictions, labels, model, testDataSha256 } = measured;
  const confusion = confusionOf(predictions, labels);
  const right = predictions.filter((p) => p.prediction === p.label).length;
  const latencies = predictions.map((p) => p.latency_ms);
  const at = (percent: number) => percentile(latencies, percent);
  return {
    schema: 1,
    accuracy: right / predictions.length,
    accuracy_interval: wilsonInterval(right, predictions.length),
    avg_latency_ms: latencies.reduce((sum, value) => sum + value, 0) / latencies.length,
    latency_ms: { p50: at(50), p90: at(90), p95: at(95), p99: at(99), max: at(100) },
    latency_method: LATENCY_METHOD,
    model_size_mb: model.bytes / 1e6,
    samples: predictions.length,
    classes: classesOf(confusion),
    confusion,
    calibration: calibrationOf(predictions, labels),
    slices: slicesOf(predictions, measured.slices ?? new Map()),
    golden: measured.golden ?? null,
    model_sha256: model.sha256,
    test_data_sha256: testDataSha256,
    git: measured.git ?? null,
  };
}

function confusionOf(predictions: readonly Prediction[], known: readonly string[]): Metrics["confusion"] {
  const met = predictions.flatMap((p) => [p.label, p.prediction]);
  const labels = [...new Set([...known, ...met.sort()])];
  const index = new Map(labels.map((label, i) => [label, i]));
  const counts = labels.map(() => labels.map(() => 0));
  for (const { label, prediction } of predictions) {
    const row = counts[index.get(label) ?? -1];
    const column = index.get(prediction) ?? -1;
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1;
  }
  return { labels, counts };
}

function classesOf({ labels, counts }: Metrics["confusion"]): Record<string, ClassMetrics> {
  const entries = labels.map((label, i): [string, ClassMetrics] => {
    const hits = counts[i]?.[i] ?? 0;
    const count = (counts[i] ?? []).reduce((sum, n) => sum + n, 0);
    const predicted = counts.reduce((sum, row) => sum + (row[i] ?? 0), 0);
    return [
      label,
      { count, predicted, recall: count > 0 ? hits / count : null, precision: predicted > 0 ? hits / predicted : null },
    ];
  });
  return Object.fromEntries(entries);
}
