import assert from "node:assert/strict";
import { test } from "node:test";
import { binomialBounds } from "../../support/binomial.ts";

test("bounds are those of the exact distribution", () => {
  // Binomial(20, 0.5): P(X <= 5) = 0.0207, P(X <= 6) = 0.0577; and the same from above.
  assert.deepEqual(binomialBounds(20, 0.5, 0.05), { low: 6, high: 14 });
  // Binomial(10, 0.1): P(X = 0) = 0.349, P(X >= 4) = 0.0128, P(X >= 3) = 0.0702.
  assert.deepEqual(binomialBounds(10, 0.1, 0.05), { low: 0, high: 3 });
});

test("a smaller chance of a false alarm widens them", () => {
  assert.deepEqual(binomialBounds(2000, 0.1, 0.05), { low: 174, high: 227 });
  assert.deepEqual(binomialBounds(2000, 0.1, 0.00001), { low: 143, high: 262 });
});

test("nothing and everything allow nothing else", () => {
  assert.deepEqual(binomialBounds(50, 0, 0.001), { low: 0, high: 0 });
  assert.deepEqual(binomialBounds(50, 1, 0.001), { low: 50, high: 50 });
});
