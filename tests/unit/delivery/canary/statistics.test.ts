import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Block, testFailures } from "../../../../delivery/canary/failure-test.ts";
import { testLabels } from "../../../../delivery/canary/label-test.ts";
import { mannWhitney, shiftOf } from "../../../../delivery/canary/rank-test.ts";
import { shareBand } from "../../../../delivery/canary/share-band.ts";
import {
  chiSquareAbove,
  logGamma,
  normalAbove,
  normalQuantileAbove,
  upperGamma,
} from "../../../../delivery/canary/special-functions.ts";

// Reference values: SciPy 1.17.1, printed with 17 digits.

function near(actual: number, expected: number, what = ""): void {
  const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  assert.ok(error <= 1e-9, `${what} ${actual} is not ${expected} to 1e-9`);
}

/** As {@link near}, for tails: right to 1e-9 of the value itself. */
function nearTail(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual / expected - 1) <= 1e-9, `${what} ${actual} is not ${expected} to 1e-9`);
}

test("the special functions agree with SciPy's gammaln, gammaincc, norm and chi2", () => {
  for (const [x, expected] of [
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247],
    [1, 0],
    [2.5, 0.2846828704729192],
    [123.456, 469.6055471299295],
    [100000, 1051287.7089736569],
  ] as const) {
    near(logGamma(x), expected, `logGamma(${x})`);
  }
  for (const [a, x, expected] of [
    [0.5, 0.3, 0.4385780260809997],
    [0.5, 8, 6.334248366623988e-5],
    [2, 1.5, 0.5578254003710748],
    [10, 25, 0.0002214766382487835],
    [3.5, 40, 1.377501829742618e-14],
    [100, 90, 0.84177901081357],
  ] as const) {
    nearTail(upperGamma(a, x), expected, `Q(${a}, ${x})`);
  }
  for (const [z, expected] of [
    [-3, 0.9986501019683699],
    [0, 0.5],
    [0.1, 0.460172162722971],
    [3, 0.0013498980316300933],
    [10, 7.61985302416047e-24],
  ] as const) {
    nearTail(normalAbove(z), expected, `P(Z > ${z})`);
  }
  for (const [p, expected] of [
    [0.5, 0],
    [0.02, 2.053748910631823],
    [1e-6, 4.753424308822899],
    [0.9, -1.2815515655446004],
  ] as const) {
    near(normalQuantileAbove(p), expected, `quantile of ${p}`);
  }
  nearTail(chiSquareAbove(25, 9), 0.002971180485917624, "chi-square");
});

const LOGNORMAL = [
  [58.505, 64.349, 58.328, 42.071, 65.436, 59.697, 49.039, 61.327, 58.728, 57.906, 54.909, 60.907],
  [46.424, 40.264, 41.157, 27.432, 64.068, 56.195, 41.884, 52.183, 47.287, 40.014, 54.354, 42.009],
] as const;

test("Mann–Whitney agrees with scipy.stats.mannwhitneyu(greater, asymptotic), the shift with the median of pairs", () => {
  const vectors: (readonly [readonly number[], readonly number[], number, number, number, number])[] = [
    [[1.1, 2.2, 3.3, 4.4, 5.5], [0.9, 2, 2.5, 3.9, 1.4, 0.3], 23, 0.08545176011539873, 1.45, 0.5333333333333333],
    [[10, 10, 10, 12, 12, 14], [9, 10, 10, 11, 12, 8], 26, 0.10478259969464887, 1, 0.4444444444444444],
    [[1, 2, 3], [4, 5, 6], 0, 0.9854518341293739, -3, -1],
    [[5, 5, 5], [5, 5, 5], 4.5, 1, 0, 0],
    [...LOGNORMAL, 125, 0.0012183674044945073, 12.655, 0.7361111111111112],
  ];
  for (const [x, y, u, p, shift, delta] of vectors) {
    const found = mannWhitney(x, y);
    assert.equal(found.u, u);
    near(found.p, p, "p");
    near(found.delta, delta, "delta");
    near(shiftOf(x, y, (a, b) => a - b, 0.05).estimate, shift, "shift");
  }
});

test("a bound of the shift is where the test starts to refuse it", () => {
  const [x, y] = LOGNORMAL;
  for (const alpha of [0.05, 0.01, 0.001]) {
    const { low, high } = shiftOf(x, y, (a, b) => a - b, alpha);
    const less = (by: number) => x.map((value) => value - by);
    assert.ok(mannWhitney(less(low - 1e-6), y).p <= alpha);
    assert.ok(mannWhitney(less(low + 1e-6), y).p > alpha);
    assert.ok(mannWhitney(y, less(high + 1e-6)).p <= alpha);
    assert.ok(mannWhitney(y, less(high - 1e-6)).p > alpha);
  }
  assert.deepEqual(
    shiftOf([1, 2], [1, 2], (a, b) => a - b, 0.01),
    {
      estimate: 0,
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
    },
  );
});

const block = (requests1: number, failures1: number, requests2: number, failures2: number): Block => ({
  canary: { requests: requests1, failures: failures1 },
  baseline: { requests: requests2, failures: failures2 },
});

test("the evidence agrees with that of scipy.stats.nchypergeom_fisher", () => {
  const minutes = [block(60, 1, 540, 5), block(61, 3, 530, 6), block(55, 0, 545, 0), block(58, 4, 540, 4)];
  const { logEvidence, p, pNow } = testFailures(minutes, 1, "above");
  const expected = [-0.8130546540351813, 0.5610117846934513, 0.5610117846934513, 3.9133326474060772];
  for (const [i, value] of expected.entries()) near(logEvidence[i] ?? Number.NaN, value);
  near(p, Math.exp(-3.9133326474060772));
  assert.equal(p, pNow);
  const tolerant = testFailures([block(60, 1, 540, 5), block(61, 3, 530, 6), block(58, 4, 540, 4)], 1.5, "above");
  near(tolerant.logEvidence[2] ?? Number.NaN, 1.776601143576348);
  near(testFailures([block(10, 10, 10, 9)], 1, "above").logEvidence[0] ?? Number.NaN, 0.5384653489448201);
});

test("evidence once seen stays in p, and goes from pNow when later minutes speak against it", () => {
  const bad = Array.from({ length: 5 }, () => block(60, 6, 540, 5));
  const good = Array.from({ length: 60 }, () => block(60, 0, 540, 5));
  const found = testFailures([...bad, ...good], 1, "above");
  assert.equal(found.p, testFailures(bad, 1, "above").p);
  assert.ok(found.pNow > 0.5 && found.p < 0.001);
});

test("the evidence has an expected value of at most 1 under every odds ratio that the limit allows", () => {
  // Exact: the sum over all outcomes of one minute, weighted by their probabilities at odds ratio `ratio`.
  const expectation = (ratio: number, limit: number, side: "above" | "below") => {
    const [n1, n2, m] = [8, 20, 6];
    const weights = Array.from({ length: m + 1 }, (_, j) => choose(n1, j) * choose(n2, m - j) * ratio ** j);
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.reduce((sum, weight, j) => {
      const { logEvidence } = testFailures([block(n1, j, n2, m - j)], limit, side);
      return sum + (weight / all) * Math.exp(logEvidence[0] ?? 0);
    }, 0);
  };
  near(expectation(1, 1, "above"), 1);
  near(expectation(2, 2, "below"), 1);
  assert.ok(expectation(0.5, 1, "above") < 1);
  assert.ok(expectation(4, 2, "below") < 1);
  assert.ok(expectation(3, 1, "above") > 1);
});

function choose(n: number, k: number): number {
  return k === 0 ? 1 : (choose(n, k - 1) * (n - k + 1)) / k;
}

test("one more failure of the canary is never evidence in its favour", () => {
  const minute = fc.record({
    requests: fc.integer({ min: 1, max: 40 }),
    others: fc.integer({ min: 1, max: 120 }),
    share: fc.double({ min: 0, max: 0.99, noNaN: true }),
    theirs: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(minute, fc.constantFrom(1, 1.5, 2), ({ requests, others, share, theirs }, limit) => {
      const failures = Math.floor(share * requests);
      const before = block(requests, failures, others, Math.floor(theirs * others));
      const after = { ...before, canary: { requests, failures: failures + 1 } };
      const gained = (side: "above" | "below") =>
        (testFailures([after], limit, side).logEvidence[0] ?? 0) -
        (testFailures([before], limit, side).logEvidence[0] ?? 0);
      assert.ok(gained("above") >= -1e-9);
      assert.ok(gained("below") <= 1e-9);
    }),
  );
});

test("bands of a share agree with roots found by scipy.optimize.brentq", () => {
  for (const [failures, requests, alpha, low, high] of [
    [0, 100, 0.05, 0, 0.05702859763877186],
    [36, 3600, 0.05, 0.004913491630708177, 0.017727545807798457],
    [5, 5, 0.05, 0.41496753184572327, 1],
    [10, 1000, 0.01, 0.001959938917512903, 0.02863045845518216],
  ] as const) {
    const band = shareBand(failures, requests, alpha);
    near(band.low, low, "low");
    near(band.high, high, "high");
  }
  assert.deepEqual(shareBand(0, 0, 0.05), { low: 0, high: 1 });
});

test("the test of labels agrees with scipy.stats.chi2_contingency(correction=False)", () => {
  const found = testLabels({ a: 90, b: 60, c: 50 }, { a: 300, b: 280, c: 220 });
  near(found.chiSquare, 3.854533266297972);
  near(found.p, 0.14554548447466906);
  near(found.v, 0.06208488758383937);
  assert.equal(found.degrees, 2);
});

test("labels too rare to judge are counted together, and a single label shows nothing", () => {
  const rare = testLabels({ a: 50, b: 50, r1: 1, r2: 1 }, { a: 50, b: 50, r3: 2 });
  assert.equal(rare.degrees, 2);
  assert.equal(testLabels({ a: 10 }, { a: 90 }).p, 1);
});
