import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { diff } from "../../../emulator/providers/diff.ts";
import { matches, renderPath, valueAt, withoutValue, withValue } from "../../../emulator/providers/paths.ts";
import { type Properties, unknownValue } from "../../../emulator/providers/values.ts";

/** Changes as `kind path`, with `!` where they need a new resource. */
const changes = (old: Properties, next: Properties, replaceOn: readonly string[] = []) =>
  diff(old, next, { replaceOn }).map(({ kind, path, replace }) => `${kind} ${path}${replace ? "!" : ""}`);

describe("a diff", () => {
  it("names the one property that changed, by its full path", () => {
    const old = { properties: { traffic: { "m-3f2a9c01": 90, "m-9c1b22d4": 10 }, authMode: "Key" } };
    const next = { properties: { traffic: { "m-3f2a9c01": 75, "m-9c1b22d4": 10 }, authMode: "Key" } };
    assert.deepEqual(changes(old, next), ["update properties.traffic.m-3f2a9c01"]);
  });

  it("tells added, deleted and updated apart", () => {
    assert.deepEqual(changes({ a: 1, b: 2, c: 3 }, { b: 4, c: 3, d: 5 }), ["delete a", "update b", "add d"]);
  });

  it("takes null for absent", () => {
    assert.deepEqual(changes({ a: null, b: {} }, { b: { c: null } }), []);
  });

  it("compares lists item by item", () => {
    assert.deepEqual(changes({ rules: [{ id: "x" }, 2] }, { rules: [{ id: "y" }, 2, 3] }), [
      "update rules[0].id",
      "add rules[2]",
    ]);
  });

  it("counts an unknown as an update, whatever stood there", () => {
    assert.deepEqual(changes({ a: { b: 1 } }, { a: unknownValue }), ["update a"]);
  });

  it("asks for a new resource below a rule's path and nowhere else", () => {
    const rules = ["location", "properties.compute"];
    assert.deepEqual(
      changes(
        { location: "a", properties: { compute: { x: 1 }, c: 1 } },
        { location: "b", properties: { compute: { x: 2 }, c: 2 } },
        rules,
      ),
      ["update location!", "update properties.compute.x!", "update properties.c"],
    );
  });

  it("is empty for equal inputs and never for different ones", () => {
    const value = fc.dictionary(
      fc.constantFrom("a", "b", "c"),
      fc.oneof(fc.integer(), fc.string(), fc.array(fc.boolean())),
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(value, value, (old, next) => {
        assert.deepEqual(changes(old, old), []);
        assert.equal(changes(old, next).length === 0, isDeepStrictEqual(old, next));
      }),
    );
  });
});

describe("a path", () => {
  it("quotes keys that the engine could not read bare", () => {
    assert.equal(renderPath(["tags", "a.b", 0, 'say "hi"']), 'tags["a.b"][0]["say \\"hi\\""]');
  });

  it("matches a rule with a star at any key, and skips indices", () => {
    assert.equal(matches("rules.id", ["rules", 3, "id"]), true);
    assert.equal(matches("*.id", ["rules", "id", "deeper"]), true);
    assert.equal(matches("rules.id", ["rules"]), false);
  });

  it("reads, sets and removes deep values without touching the rest", () => {
    const before = { a: { b: 1, c: 2 } };
    assert.equal(valueAt(before, "a.b"), 1);
    assert.deepEqual(withValue(before, "a.d.e", 3), { a: { b: 1, c: 2, d: { e: 3 } } });
    assert.deepEqual(withoutValue(before, "a.b"), { a: { c: 2 } });
    assert.deepEqual(withoutValue(before, "x.y"), before);
    assert.deepEqual(before, { a: { b: 1, c: 2 } });
  });
});
