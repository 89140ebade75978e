import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOutputs } from "../../pipelines/run/outputs.ts";

test("reads single lines and marked blocks", () => {
  const text = "a=1\nb=x=y\n\nc<<END\nline 1\na=2\nEND\nd=\n";
  assert.deepEqual(parseOutputs(text), { a: "1", b: "x=y", c: "line 1\na=2", d: "" });
});

test("the last value of a name counts", () => assert.deepEqual(parseOutputs("a=1\na=2\n"), { a: "2" }));

test("a line that is no output is refused, and not quoted: it may hold a secret", () => {
  assert.throws(() => parseOutputs("a=1\nhunter2\n"), {
    message: "Line 2 of the step's outputs is not `name=value` or `name<<MARK`.",
  });
});

test("a block without an end is refused", () => {
  assert.throws(() => parseOutputs("a<<END\nline\n"), {
    message: "Output `a` has no end: no line holds its mark alone.",
  });
});
