import assert from "node:assert/strict";
import { test } from "node:test";
import { wavesOf } from "../../pipelines/graph.ts";
import { gitHubPipelines, gitLabPipeline, jenkinsPipeline } from "../../pipelines/render/files.ts";
import { renderGitHub } from "../../pipelines/render/github.ts";
import { renderGitLab } from "../../pipelines/render/gitlab.ts";
import { renderJenkins } from "../../pipelines/render/jenkins.ts";
import { changed, equals, input, onBranch, ownPullRequest } from "../../pipelines/values.ts";
import { graphOf, graphOfGitHub, graphOfGitLab, wavesOfJenkins } from "./rendered-graphs.ts";
import { jobOf, NODE, pipelineOf } from "./support.ts";

for (const pipeline of gitHubPipelines()) {
  test(`GitHub's ${pipeline.name} has the model's jobs, needs, conditions, environments and groups`, () => {
    assert.deepEqual(graphOfGitHub(renderGitHub(pipeline)), graphOf(pipeline, "github"));
  });
}

test("GitLab's pipeline has the model's jobs, needs, conditions, environments, approvals and groups", () => {
  assert.deepEqual(graphOfGitLab(renderGitLab(gitLabPipeline())), graphOf(gitLabPipeline(), "other"));
});

test("Jenkins' stages have the model's jobs, conditions, environments, approvals and locks, in the order of their needs", () => {
  const waves = wavesOfJenkins(renderJenkins(jenkinsPipeline()));
  assert.deepEqual(Object.assign({}, ...waves), graphOf(jenkinsPipeline(), "other"));
  const model = wavesOf(jenkinsPipeline()).map((wave) => wave.map(({ id }) => id));
  assert.deepEqual(
    waves.map((wave) => Object.keys(wave)),
    model,
  );
  const before = new Set<string>();
  for (const wave of waves) {
    for (const { needs } of Object.values(wave)) for (const need of needs) assert.ok(before.has(need), need);
    for (const id of Object.keys(wave)) before.add(id);
  }
});

test("production waits for an approval, and for the tests of staging", () => {
  const { "deploy-production": production } = graphOfGitLab(renderGitLab(gitLabPipeline()));
  assert.deepEqual(production, {
    needs: ["train-model", "integration-tests"],
    conditions: ["branch main", "changed src/** config/** schemas/**"],
    environment: "production",
    approval: true,
    group: "update-production",
    timeoutMinutes: 90,
  });
});

/** Every condition that a job may have, so that each is read back from each engine. */
const CONDITIONS = pipelineOf(
  jobOf("first", { stage: "test", steps: NODE, if: onBranch("main") }),
  jobOf("second", { stage: "test", steps: NODE, needs: ["first"], if: changed("a/**", "b/*.ts") }),
  jobOf("third", { stage: "test", steps: NODE, needs: ["second"], if: equals(input("experiment_name"), "x") }),
  jobOf("fourth", { stage: "test", steps: NODE, if: ownPullRequest }),
);

test("a job that follows others asks for all that they ask for, where the engine would run it after a skipped one", () => {
  const expected = ["branch main", "changed a/** b/*.ts", "input experiment_name = x"];
  const gitlab = graphOfGitLab(renderGitLab(CONDITIONS));
  const jenkins = Object.assign({}, ...wavesOfJenkins(renderJenkins(CONDITIONS)));
  assert.deepEqual(gitlab["third"]?.conditions, expected);
  assert.deepEqual(gitlab, graphOf(CONDITIONS, "other"));
  assert.deepEqual(jenkins, graphOf(CONDITIONS, "other"));
});

test("a graph that is read back wrong is seen", () => {
  const text = renderGitLab(gitLabPipeline()).replace("    - integration-tests\n", "");
  assert.notDeepEqual(graphOfGitLab(text), graphOf(gitLabPipeline(), "other"));
  const jenkins = renderJenkins(jenkinsPipeline()).replace("input(message", "echo(message");
  assert.equal(Object.assign({}, ...wavesOfJenkins(jenkins))["deploy-production"].approval, false);
});
