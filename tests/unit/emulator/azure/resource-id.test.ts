import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parentOf, parseResourceId, uuidOf } from "../../../../emulator/azure/resource-id.ts";

const GROUP = "/subscriptions/s/resourceGroups/rg";
const WORKSPACE = `${GROUP}/providers/Microsoft.ML/workspaces/w`;

describe("an ARM id", () => {
  const PARENTS: readonly [string, string, string, boolean][] = [
    [GROUP, "Microsoft.Resources/resourceGroups", "/subscriptions/s", false],
    ["/subscriptions/s/resourceGroups", "Microsoft.Resources/resourceGroups", "/subscriptions/s", true],
    [WORKSPACE, "Microsoft.ML/workspaces", GROUP, false],
    [`${GROUP}/providers/Microsoft.ML/workspaces`, "Microsoft.ML/workspaces", GROUP, true],
    [`${WORKSPACE}/computes/c`, "Microsoft.ML/workspaces/computes", WORKSPACE, false],
    [
      `${WORKSPACE}/computes/c/listNodes`,
      "Microsoft.ML/workspaces/computes/listNodes",
      `${WORKSPACE}/computes/c`,
      true,
    ],
    [
      `${WORKSPACE}/providers/Microsoft.Insights/diagnosticSettings/d`,
      "Microsoft.Insights/diagnosticSettings",
      WORKSPACE,
      false,
    ],
    ["/subscriptions/s/providers/Microsoft.X/things/t", "Microsoft.X/things", "/subscriptions/s", false],
  ];
  for (const [path, type, parent, isCollection] of PARENTS) {
    it(`${path} is a ${type} in ${parent}`, () => {
      const id = parseResourceId(path);
      assert.ok(id);
      assert.deepEqual([id.type, parentOf(id), id.isCollection], [type, parent, isCollection]);
    });
  }

  for (const path of [
    "/",
    "/tenants",
    "/subscriptions",
    "/subscriptions/s/other",
    `${GROUP}/providers`,
    `${GROUP}/providers/Microsoft.X`,
    `${GROUP}//x`,
  ]) {
    it(`${path} is none`, () => assert.equal(parseResourceId(path), undefined));
  }
});

describe("a uuid that follows from names", () => {
  it("is of version 5, and the same whatever the casing", () => {
    const uuid = uuidOf("workspace", WORKSPACE);
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(uuidOf("workspace", WORKSPACE.toUpperCase()), uuid);
    assert.notEqual(uuidOf("client", WORKSPACE), uuid);
  });
});
