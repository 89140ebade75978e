import assert from "node:assert/strict";
import { test } from "node:test";
import { flattenParameters } from "../../../delivery/parameters.ts";

test("groups and lists become dotted names, values text", () => {
  assert.deepEqual(flattenParameters({ a: { b: [1, null] }, c: true, none: {} }), [
    ["a.b.0", "1"],
    ["a.b.1", "null"],
    ["c", "true"],
  ]);
});
