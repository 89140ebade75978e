import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ProjectionRules, project } from "../../../emulator/providers/projection.ts";

const rules: ProjectionRules = { maps: ["tags", "properties.traffic"], writeOnly: ["properties.keys"] };

describe("inputs found again in the cloud", () => {
  it("leave out what the cloud filled in and nobody asked for", () => {
    const inputs = { properties: { authMode: "Key" } };
    const live = { properties: { authMode: "Key", publicNetworkAccess: "Enabled", traffic: { blue: 100 } }, kind: "x" };
    assert.deepEqual(project(inputs, live, rules), inputs);
  });

  it("show what was changed, and leave out what was removed", () => {
    const inputs = { properties: { authMode: "Key", description: "d" }, list: [{ id: "a" }] };
    const live = { properties: { authMode: "AADToken" }, list: [{ id: "b", extra: 1 }] };
    assert.deepEqual(project(inputs, live, rules), { properties: { authMode: "AADToken" }, list: [{ id: "b" }] });
  });

  it("show keys that somebody added to a map of the user's own", () => {
    const live = { tags: { a: "1", b: "2" }, properties: { traffic: { blue: 90, green: 10 } } };
    const inputs = { tags: { a: "1" }, properties: { traffic: { blue: 100 } } };
    assert.deepEqual(project(inputs, live, rules), live);
  });

  it("keep what the cloud never gives back", () => {
    const inputs = { properties: { keys: { primaryKey: "p" } } };
    assert.deepEqual(project(inputs, { properties: {} }, rules), inputs);
  });

  it("take a list of another length as it is", () => {
    assert.deepEqual(project({ list: [1] }, { list: [1, 2] }, rules), { list: [1, 2] });
  });

  it("keep an empty object that the cloud does not mention", () => {
    assert.deepEqual(project({ filter: {}, gone: "x" }, {}, rules), { filter: {} });
  });
});
