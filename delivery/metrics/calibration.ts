import type { Prediction } from "../predictions.ts";
import type { Calibration } from "./schema.ts";

/** Bins of equal width, as most papers on calibration draw them. */
const BINS = 10;

/**
 * How far a model's probabilities can be taken at their word: expected calibration error of the answers (Guo et al., "On
 * calibration of modern neural networks", 2017), with the bins that a reliability curve is drawn from, and Brier's score
 * over all classes (Brier, Monthly Weather Review 78, 1950). At least one prediction is needed.
 *
 * @param labels in the order of the probabilities
 */
export function calibrationOf(predictions: readonly Prediction[], labels: readonly string[]): Calibration {
  const sums = Array.from({ length: BINS }, () => ({ count: 0, confidence: 0, right: 0 }));
  let squares = 0;
  for (const { label, prediction, probabilities } of predictions) {
    const confidence = Math.min(1, probabilities[labels.indexOf(prediction)] ?? 0);
    const bin = sums[Math.max(0, Math.ceil(confidence * BINS) - 1)];
    if (bin !== undefined) {
      bin.count++;
      bin.confidence += confidence;
      if (label === prediction) bin.right++;
    }
    squares += squaredDistance(probabilities, labels.indexOf(label));
  }
  const total = predictions.length;
  const gaps = sums.map(({ confidence, right }) => Math.abs(confidence - right));
  return {
    ece: gaps.reduce((sum, gap) => sum + gap, 0) / total,
    brier: Math.min(2, squares / total),
    bins: sums.map(({ count, confidence, right }, i) => ({
      low: i / BINS,
      high: (i + 1) / BINS,
      count,
      confidence: count > 0 ? Math.min(1, confidence / count) : null,
      accuracy: count > 0 ? right / count : null,
    })),
  };
}

/** To the corner where the true class has 1; a class that the model does not know is a corner it cannot reach. */
function squaredDistance(probabilities: readonly number[], truth: number): number {
  const known = probabilities.reduce((sum, p, i) => sum + (p - (i === truth ? 1 : 0)) ** 2, 0);
  return truth < 0 ? known + 1 : known;
}
