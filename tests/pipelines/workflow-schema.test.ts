import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../support/judges.ts";
import { askOf, gitHubWorkflows, replaced } from "./workflows.ts";

const { file, skip } = judge("check-jsonschema");

const check = (workflow: string) =>
  askOf(workflow, (path) => [file, "--builtin-schema", "vendor.github-workflows", path]);

for (const { name, text } of gitHubWorkflows()) {
  test(`${name} keeps to the published schema of workflows`, { skip }, () => {
    const { code, stdout } = check(text);
    assert.equal(code, 0, stdout);
  });
}

test("the schema refuses a key that GitHub does not know", { skip }, () => {
  const { code, stdout } = check(replaced(/^( +)timeout-minutes:/m, "$1timeout-minutos:"));
  assert.equal(code, 1);
  assert.match(stdout, /timeout-minutos/);
});
