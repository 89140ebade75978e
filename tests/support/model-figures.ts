import { createHash } from "node:crypto";

/** A `golden.json` for two labels that no server is asked about. */
export const GOLDEN = JSON.stringify({ schema: 1, samples: [{ image: "AA==", probabilities: [1, 0] }] });

/** What `evaluate` would write of a good model with {@link GOLDEN}: what the gate asks for, and `figures` instead of the good ones. */
export function goodMetrics(model: Uint8Array | string, figures: Readonly<Record<string, unknown>> = {}) {
  const bytes = Buffer.from(model);
  return {
    accuracy: 0.9,
    avg_latency_ms: 12,
    model_size_mb: bytes.length / 1e6,
    samples: 100,
    classes: {
      fern: { count: 50, predicted: 50, recall: 0.9, precision: 0.9 },
      ivy: { count: 50, predicted: 50, recall: 0.9, precision: 0.9 },
    },
    golden: { samples: 1, max_difference: 0 },
    model_sha256: createHash("sha256").update(bytes).digest("hex"),
    test_data_sha256: "d".repeat(64),
    ...figures,
  };
}
