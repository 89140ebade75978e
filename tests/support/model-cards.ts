import { compareModels } from "../../delivery/compare.ts";
import { judge } from "../../delivery/gate.ts";
import { type Manifest, versionOf } from "../../delivery/manifest.ts";
import { computeMetrics } from "../../delivery/metrics.ts";
import type { Prediction } from "../../delivery/predictions.ts";
import type { ModelCard } from "../../delivery/report/model-card/sections.ts";

/** Names that a folder may have and a page must survive. */
export const HOSTILE_LABELS = [
  "<script>document.title='owned'</script>",
  `"><img src=http://example.invalid/x onerror=alert(1)>`,
  "שושנה",
  "\u202eesor",
  "x".repeat(200),
  "[a](javascript:alert(1)) | **b** `c`",
];

const PER_CLASS = 12;

/** Right for all but the last `wrong` of each class, which are taken for the next one. */
function predictionsOf(labels: readonly string[], wrong: number): Prediction[] {
  return labels.flatMap((label, at) =>
    Array.from({ length: PER_CLASS }, (_, i) => {
      const answer = i < PER_CLASS - wrong ? at : (at + 1) % labels.length;
      const probabilities = labels.map((_, j) => (j === answer ? 0.5 + i / 30 : (0.5 - i / 30) / (labels.length - 1)));
      return { path: `${label}/${i}.jpg`, label, prediction: labels[answer] ?? "", probabilities, latency_ms: 5 + i };
    }),
  );
}

/** A card of a model that knows these classes, measured on twelve pictures of each: two wrong, where the champion had four. */
export function modelCardOf(labels: readonly string[]): ModelCard {
  const files = {
    "labels.json": { sha256: "a".repeat(64), bytes: 40 },
    "model.onnx": { sha256: "b".repeat(64), bytes: 457_000 },
  };
  const manifest: Manifest = {
    schema: 1,
    version: versionOf(files),
    files,
    input: { name: "image", type: "float32", shape: ["N", 3, 224, 224] },
    output: { name: "probabilities", type: "float32", shape: ["N", labels.length] },
    data: { fingerprint: "d".repeat(64), count: 986 },
    git: null,
    parameters: { seed: 1, scales: [{ filters: 160 }], note: labels[0] ?? "" },
    parent: "0123456789abcdef",
    createdAt: "2026-03-01T12:00:00.000Z",
  };
  const predictions = predictionsOf(labels, 2);
  const measured = { labels, model: files["model.onnx"], testDataSha256: "e".repeat(64) };
  const slices = new Map([
    ["camera", new Map(predictions.map(({ path }, i) => [path, i % 2 === 0 ? "phone" : (labels[0] ?? "")]))],
  ]);
  const metrics = computeMetrics({ predictions, slices, ...measured });
  const result = compareModels(
    { predictions: predictionsOf(labels, 4), bytes: 500_000 },
    { predictions, bytes: 457_000 },
  );
  return {
    manifest,
    path: "s3://plants-staging-models/models/1/",
    metrics,
    gate: judge(
      { metrics: JSON.stringify(metrics), manifest },
      { minAccuracy: 0.85, maxLatencyMs: 100, maxModelSizeMb: 500 },
    ),
    comparison: { champion: "0123456789abcdef", result },
  };
}
