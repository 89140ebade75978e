import assert from "node:assert/strict";
import { test } from "node:test";
import { readLine } from "../../../tools/rehearsal/ci/gitlab/log.ts";

const read = (line: string) => readLine(line, ["lint", "deploy-staging"]);

test("a line of gitlab-ci-local is a job's beginning, its words, or its end with the exit code", () => {
  assert.deepEqual(read("lint           starting shell (validate)"), { type: "begin", job: "lint" });
  assert.deepEqual(read("lint           > all is well"), { type: "line", job: "lint", text: "all is well" });
  assert.deepEqual(read("deploy-staging finished in 2.1 s"), { type: "end", job: "deploy-staging", code: 0 });
  assert.deepEqual(read("deploy-staging finished in 2.1 s  FAIL 3"), { type: "end", job: "deploy-staging", code: 3 });
});

test("colours of a job's words are left out", () => {
  const line = "lint > \u001b[0m\u001b[1m\u001b[31mSome\u001b[0m errors";
  assert.deepEqual(read(line), { type: "line", job: "lint", text: "Some errors" });
});

test("what is no job's line is left out, even where a job prints what looks like one", () => {
  assert.equal(read("PASS  lint"), undefined);
  assert.equal(read("other > words"), undefined);
  assert.deepEqual(read("lint > deploy-staging finished in 1 s"), {
    type: "line",
    job: "lint",
    text: "deploy-staging finished in 1 s",
  });
});
