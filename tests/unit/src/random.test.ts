import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFor } from "../../../src/random.ts";

const draw = (count: number, ...key: (string | number)[]): number[] => {
  const random = randomFor(...key);
  return Array.from({ length: count }, () => random.next());
};

test("one key gives one sequence, another key another", () => {
  assert.deepEqual(draw(5, "leaf", 1), draw(5, "leaf", 1));
  assert.notDeepEqual(draw(5, "leaf", 1), draw(5, "leaf", "1"), "a number is not its digits");
  assert.notDeepEqual(draw(5, "a", "bc"), draw(5, "ab", "c"), "words do not run together");
});

test("the sequence is fixed for good: models and pictures of old seeds come out again", () => {
  assert.deepEqual(
    Array.from(
      { length: 3 },
      (
        (random) => () =>
          random.bits()
      )(randomFor("fixed", 1)),
    ),
    [255502647, 4104938506, 3738730470],
  );
});

test("draws keep to their bounds and their moments", () => {
  const random = randomFor("moments");
  const values = Array.from({ length: 20_000 }, () => random.normal());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.05, `mean ${mean}, variance ${variance}`);
  const seen = new Set(Array.from({ length: 500 }, () => random.integer(3, 5)));
  assert.deepEqual([...seen].sort(), [3, 4, 5]);
});
