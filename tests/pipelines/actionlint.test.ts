import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../support/judges.ts";
import { askOf, gitHubWorkflows, replaced } from "./workflows.ts";

const { file, skip } = judge("actionlint");
const shellcheck = judge("shellcheck");

/** What actionlint, with shellcheck for the scripts in it, has to say of a workflow. */
const lint = (workflow: string) =>
  askOf(workflow, (path) => [file, "-oneline", "-shellcheck", shellcheck.file, "-pyflakes", "", path]).stdout;

for (const { name, text } of gitHubWorkflows()) {
  test(`actionlint finds nothing in ${name}`, { skip: skip || shellcheck.skip }, () => assert.equal(lint(text), ""));
}

test("actionlint sees an output of a job that is not there", { skip: skip || shellcheck.skip }, () => {
  const broken = replaced("needs.train-model.outputs.version", "needs.train.outputs.version");
  assert.match(lint(broken), /property "train" is not defined/);
});

test("shellcheck sees a script that splits a value into words", { skip: skip || shellcheck.skip }, () => {
  const broken = replaced("run: npm ci --ignore-scripts", "run: cat $HOME/name");
  assert.match(lint(broken), /shellcheck reported issue.*SC2086/);
});
