import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Call } from "../../../emulator/providers/provider.ts";
import { type SimpleType, simpleResource } from "../../../emulator/providers/simple-resource.ts";
import { type Properties, unknownValue } from "../../../emulator/providers/values.ts";

const call: Call = { urn: "urn", session: { settings: {}, say: () => Promise.resolve() }, deadline: 0 };
const naming = { name: "thing", seed: new Uint8Array() };
const unused = () => Promise.reject(new Error("not asked for"));
const live: Properties = { name: "n", size: 2, owner: "o" };

const type: SimpleType = {
  token: "toy:index:Thing",
  required: ["name"],
  optional: ["size", "note"],
  replaceOn: ["name"],
  computed: ["arn", "date"],
  stable: ["arn"],
  writeOnly: ["note"],
  identity: ["name"],
  create: unused,
  read: ({ id }) => Promise.resolve({ id, inputs: live, outputs: live }),
  update: unused,
  delete: unused,
};

describe("a resource with named inputs", () => {
  it("says which inputs are missing and which are not offered", async () => {
    const { failures } = await simpleResource(type).check({ colour: "red" }, undefined, naming, call);
    assert.deepEqual(failures, [
      { property: "name", reason: "missing required property 'name' of toy:index:Thing" },
      {
        property: "colour",
        reason: "the emulator does not offer the input 'colour' of toy:index:Thing; it offers name, size, note",
      },
    ]);
  });

  it("previews unknown outputs, and keeps the stable ones on update", () => {
    const resource = simpleResource(type);
    assert.deepEqual(resource.preview({ name: "n" }, undefined), { arn: unknownValue, date: unknownValue, name: "n" });
    const known = { id: "n", inputs: {}, outputs: { arn: "a", date: "d" } };
    assert.deepEqual(resource.preview({ name: "n" }, known), { arn: "a", date: unknownValue, name: "n" });
  });

  it("goes before its replacement only where both would have one name", () => {
    const resource = simpleResource(type);
    assert.equal(resource.deleteBeforeReplace({ name: "a" }, { name: "a" }), true);
    assert.equal(resource.deleteBeforeReplace({ name: "a" }, { name: "b" }), false);
  });

  it("reads what its inputs in state name, and on import whatever is an input", async () => {
    const read = async (inputs: Properties) =>
      (await simpleResource(type).read({ id: "n", inputs, outputs: {} }, call))?.inputs;
    assert.deepEqual(await read({ name: "n", size: 1, note: "kept" }), { name: "n", size: 2, note: "kept" });
    assert.deepEqual(await read({}), { name: "n", size: 2 });
  });
});
