import assert from "node:assert/strict";
import { test } from "node:test";
import { calibrationOf } from "../../../delivery/metrics/calibration.ts";
import { bootstrapMeanInterval } from "../../../delivery/statistics/bootstrap.ts";
import { fisherExactGreater, mcnemarExact, percentile, wilsonInterval } from "../../../delivery/statistics.ts";

// Reference values: SciPy 1.17.1 (binomtest, fisher_exact) and NumPy 2.4.6 (percentile), printed with 17 digits.

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9, `${actual} is not ${expected} to 1e-9`);
}

test("Wilson's interval agrees with scipy.stats.binomtest(k, n).proportion_ci(method='wilson')", () => {
  const vectors: [number, number, number, number][] = [
    [90, 100, 0.8256343384950865, 0.9447708629393249],
    [0, 20, 0, 0.16112515805281935],
    [5, 5, 0.5655175352168251, 1],
    [0, 1, 0, 0.7934506856227626],
    [1, 1, 0.20654931437723745, 1],
    [17, 30, 0.3919730700081361, 0.7262251442353347],
    [900, 1000, 0.8798480368046515, 0.9170905564069043],
    [9999, 10_000, 0.9994337311025987, 0.9999823473263989],
  ];
  for (const [successes, trials, low, high] of vectors) {
    const interval = wilsonInterval(successes, trials);
    near(interval.low, low);
    near(interval.high, high);
  }
});

test("no trials leave every proportion possible", () => {
  assert.deepEqual(wilsonInterval(0, 0), { low: 0, high: 1, confidence: 0.95 });
});

test("McNemar's exact test agrees with scipy.stats.binomtest(min(b, c), b + c, 0.5)", () => {
  const vectors: [number, number, number][] = [
    [1, 9, 0.021484375],
    [5, 15, 0.04138946533203125],
    [0, 0, 1],
    [10, 10, 1],
    [3, 4, 1],
    [40, 70, 0.005447429511444476],
    [400, 480, 0.007707305043339153],
    [0, 6, 0.03125],
    [2, 11, 0.0224609375],
    [1000, 1100, 0.03072070786424249],
  ];
  for (const [first, second, p] of vectors) {
    near(mcnemarExact(first, second), p);
    near(mcnemarExact(second, first), p);
  }
});

test("Fisher's exact test agrees with scipy.stats.fisher_exact(alternative='greater')", () => {
  near(fisherExactGreater(5, 100, 5, 900), 0.001521421908773411);
  near(fisherExactGreater(0, 60, 0, 540), 1);
  near(fisherExactGreater(30, 600, 100, 5400), 8.168105806106347e-6);
});

test("percentiles agree with numpy.percentile", () => {
  const values = [45, 10, 30, 20];
  near(percentile(values, 50), 25);
  near(percentile(values, 90), 40.5);
  near(percentile(values, 95), 42.75);
  near(percentile(values, 99), 44.55);
  const more = [3.1, 9.7, 2.2, 5.5, 41.25, 7, 6.125];
  near(percentile(more, 90), 22.32000000000001);
  near(percentile(more, 99), 39.356999999999985);
});

test("the bootstrap agrees with NumPy's over the same draws", () => {
  // indices = [int(next(g) * n) for _ in range(n)] with g = mulberry32(seed); np.percentile(means, [2.5, 97.5])
  const accuracy = bootstrapMeanInterval([1, -1, 0, 0, 1, 1, 0, 1]);
  near(accuracy.low, -0.125);
  near(accuracy.high, 0.875);
  const latency = bootstrapMeanInterval([0.25, 1.5, -3.75, 2.125, 8], { seed: 7, resamples: 500 });
  near(latency.low, -1.9);
  near(latency.high, 5.15);
  assert.deepEqual(bootstrapMeanInterval([]), { low: -Infinity, high: Infinity, confidence: 0.95 });
});

test("calibration error and Brier's score agree with NumPy", () => {
  // P, y as below; np.mean(np.sum((P - np.eye(3)[y]) ** 2, axis=1)); with b = np.ceil(P.max(1) * 10) - 1:
  // sum(abs(P.max(1)[b == i].sum() - (P.argmax(1) == y)[b == i].sum()) for i in range(10)) / 5
  const labels = ["a", "b", "c"];
  const answers: [string, number[]][] = [
    ["a", [0.9, 0.1, 0]],
    ["a", [0.3, 0.6, 0.1]],
    ["b", [0, 1, 0]],
    ["b", [0.2, 0.55, 0.25]],
    ["c", [0.34, 0.33, 0.33]],
  ];
  const predictions = answers.map(([label, probabilities], i) => {
    const prediction = labels[probabilities.indexOf(Math.max(...probabilities))] ?? "";
    return { path: `${label}/${i}`, label, prediction, probabilities, latency_ms: 1 };
  });
  const { ece, brier } = calibrationOf(predictions, labels);
  near(brier, 0.37167999999999995);
  near(ece, 0.11799999999999997);
});
