import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import {
  fromStruct,
  hasUnknown,
  type Properties,
  revealed,
  secret,
  toStruct,
  unknownValue,
} from "../../../emulator/providers/values.ts";

/** JSON as the engine sends it. A key `__proto__` is no property of any SDK and no object of JavaScript keeps it. */
const properties = fc
  .dictionary(
    fc.string().filter((key) => key !== "__proto__"),
    fc.jsonValue({ maxDepth: 4 }),
  )
  .map((value) => JSON.parse(JSON.stringify(value)) as Properties)
  .filter((value) => !JSON.stringify(value).includes("__proto__"));

describe("properties on the engine's wire", () => {
  it("come back as they went, through bytes", () => {
    fc.assert(
      fc.property(properties, (value) => {
        const bytes = toStruct(value).serializeBinary();
        assert.deepEqual(fromStruct(struct.Struct.deserializeBinary(bytes)), value);
      }),
    );
  });

  it("lose absent values at any depth and keep nulls", () => {
    const nested = { b: undefined, c: null } as unknown as Properties;
    assert.deepEqual(fromStruct(toStruct({ a: undefined, nested, list: [1] })), { nested: { c: null }, list: [1] });
  });

  it("tell nothing sent from an empty object", () => {
    assert.equal(fromStruct(undefined), undefined);
    assert.deepEqual(fromStruct(toStruct({})), {});
  });
});

describe("secrets", () => {
  it("are revealed at any depth", () => {
    assert.deepEqual(revealed({ a: secret("x"), list: [secret({ b: secret(1) })], plain: true }), {
      a: "x",
      list: [{ b: 1 }],
      plain: true,
    });
  });

  it("carry the engine's mark", () => {
    const marked = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "x" };
    assert.deepEqual(secret("x"), marked);
  });
});

describe("unknowns", () => {
  it("are found in lists and objects, and nowhere else", () => {
    assert.equal(hasUnknown({ a: [{ b: unknownValue }] }), true);
    assert.equal(hasUnknown({ a: [{ b: "known" }], c: null }), false);
    assert.equal(hasUnknown(undefined), false);
  });
});
