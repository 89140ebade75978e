import assert from "node:assert/strict";
import { test } from "node:test";
import { gitLabPipeline } from "../../pipelines/render/files.ts";
import { renderGitLab } from "../../pipelines/render/gitlab.ts";
import { judge } from "../support/judges.ts";
import { askOf } from "./workflows.ts";

const { file, skip } = judge("check-jsonschema");
const PIPELINE = renderGitLab(gitLabPipeline());

const check = (pipeline: string) => askOf(pipeline, (path) => [file, "--builtin-schema", "vendor.gitlab-ci", path]);

test("GitLab's pipeline keeps to the published schema", { skip }, () => {
  const { code, stdout } = check(PIPELINE);
  assert.equal(code, 0, stdout);
});

test("the schema refuses a key that GitLab does not know", { skip }, () => {
  const { code, stdout } = check(PIPELINE.replace("\n  timeout:", "\n  timeouts:"));
  assert.equal(code, 1);
  assert.match(stdout, /timeouts/);
});
