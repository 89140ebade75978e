import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseJson } from "../../../delivery/json.ts";

test("valid JSON is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.deepEqual(parseJson(text, "it"), JSON.parse(text));
    }),
  );
});

const refused: [string, RegExp][] = [
  ['{"a": 1, "a": 2}', /key `a` twice/],
  ['{"a": {"b": 1, "c": [{"b": 1}], "b": 2}}', /key `b` twice/],
  ['{"a": 1, "\\u0061": 2}', /key `a` twice/],
  ['{"a": NaN}', /is not JSON/],
  ['{"a": 1e400}', /too large for a number/],
  ['{"a": -Infinity}', /is not JSON/],
  ["", /is not JSON/],
  ['{"a": 1', /is not JSON/],
  [`"${"x".repeat(5_000_000)}"`, /at most 4194304/],
];
for (const [text, message] of refused) {
  test(`refuses ${text.slice(0, 40)}`, () => {
    assert.throws(() => parseJson(text, "it"), message);
  });
}

test("a key that is repeated in another object, or only looks repeated inside a text, is fine", () => {
  assert.deepEqual(parseJson('{"a": {"a": "{\\"a\\": 1, \\"a\\": 2}"}, "b": ["a", "a"]}', "it"), {
    a: { a: '{"a": 1, "a": 2}' },
    b: ["a", "a"],
  });
});
