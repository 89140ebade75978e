import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathNames } from "../../../emulator/providers/azure-native/kinds.ts";
import { azureKinds } from "../../../emulator/providers/azure-native/table.ts";

const sdk = join(import.meta.dirname, "../../../node_modules/@pulumi/azure-native");

/** What the SDK's class for a token takes and gives. */
function sdkClass(token: string) {
  const [, module = "", name = ""] = token.split(":");
  const file = join(sdk, module, `${name.charAt(0).toLowerCase()}${name.slice(1)}`);
  assert.ok(existsSync(`${file}.js`), `the SDK has no class for ${token}`);
  const code = readFileSync(`${file}.js`, "utf8");
  const named = (pattern: RegExp) => new Set([...code.matchAll(pattern)].map((match) => match[1] ?? ""));
  return {
    code,
    inputs: named(/resourceInputs\["(\w+)"\] = (?!undefined)/g),
    outputs: named(/resourceInputs\["(\w+)"\] = undefined \/\*out\*\//g),
    apiVersion: /Uses Azure REST API version ([\w-]+)\./.exec(readFileSync(`${file}.d.ts`, "utf8"))?.[1],
  };
}

describe("the table of azure-native", () => {
  for (const [token, kind] of Object.entries(azureKinds)) {
    it(`agrees with the SDK on ${token}`, () => {
      const { code, inputs, outputs, apiVersion } = sdkClass(token);
      assert.ok(code.includes(`__pulumiType = '${token}'`));
      assert.equal(kind.apiVersion, apiVersion);
      assert.deepEqual(
        pathNames(kind.path).filter((name) => !inputs.has(name)),
        [],
        "names in the path",
      );
      assert.ok(inputs.has(kind.autoname.input), kind.autoname.input);
      assert.equal(
        kind.body === "nested" && token !== "azure-native:resources:ResourceGroup",
        inputs.has("properties"),
      );
      const top = (paths: readonly string[]) => paths.map((path) => path.split(".")[0] ?? "");
      assert.deepEqual(
        top(kind.computed).filter((name) => !outputs.has(name) && name !== "systemData" && name !== "type"),
        [],
        "computed",
      );
      const known = new Set([...inputs, ...outputs]);
      assert.deepEqual(
        Object.keys(kind.renames).filter((name) => !known.has(name)),
        [],
        "renames",
      );
      assert.deepEqual(
        top([...kind.replaceOn, ...kind.writeOnly, ...kind.kept]).filter((name) => !inputs.has(name)),
        [],
      );
    });
  }
});
