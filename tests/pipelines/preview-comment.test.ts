import assert from "node:assert/strict";
import { test } from "node:test";
import type { Condition, Job, Pipeline } from "../../pipelines/model.ts";
import { gitHubPipelines } from "../../pipelines/render/files.ts";
import { literal, ownPullRequest } from "../../pipelines/values.ts";

/** Whether a fork's pull request gets a job as far as its own condition goes. */
function letsForksIn(condition: Condition | undefined): boolean {
  if (condition === undefined) return true;
  if (condition.when === "all") return condition.of.every(letsForksIn);
  return condition.when !== "ownPullRequest" && condition.when !== "onBranch";
}

/** Jobs that a fork's pull request runs: those it starts, without those that wait for one which it does not. */
function jobsOfForks({ on, jobs }: Pipeline): Job[] {
  if (on.pullRequest === undefined) return [];
  const closed = new Set<string>();
  // Jobs stand after those that they need.
  for (const job of jobs) {
    if (!letsForksIn(job.if) || job.needs?.some((id) => closed.has(id))) closed.add(job.id);
  }
  return jobs.filter(({ id }) => !closed.has(id));
}

/** What a job has that a stranger must not: a comment to write, an environment, rights, sessions, secrets. */
function powersOf(job: Job): string[] {
  const { environment, permissions } = job;
  const rights = Object.entries(permissions).filter(([, right]) => typeof right === "object");
  const steps = job.steps.flatMap((step) => {
    if (!("run" in step)) return ["aws", "azure"].includes(step.setUp.tool) ? [`signs in to ${step.setUp.tool}`] : [];
    const values = Object.values(step.env ?? {}).filter(({ from }) => from === "secret" || from === "jobToken");
    return [
      ...values.map(({ from }) => `gets a ${from}`),
      ...(step.run.includes("scripts/preview-comment.ts") ? ["comments"] : []),
    ];
  });
  return [
    ...(environment === undefined ? [] : [`environment ${environment}`]),
    ...rights.map(([name]) => `may write ${name}`),
    ...steps,
  ].map((power) => `${job.id}: ${power}`);
}

const commenting = (pipeline: Pipeline) =>
  pipeline.jobs.filter((job) => powersOf(job).includes(`${job.id}: comments`)).map(({ id }) => id);

test("a pull request's comment is written by the previews, and by no job that a fork can start", () => {
  assert.deepEqual(
    gitHubPipelines().flatMap((pipeline) => commenting(pipeline).map((id) => `${pipeline.name}: ${id}`)),
    ["infrastructure: preview-staging", "infrastructure: preview-production"],
  );
});

test("what a fork's pull request runs has no right, no secret, no session and no environment", () => {
  const forks = gitHubPipelines().flatMap(jobsOfForks);
  assert.ok(forks.length > 0, "no pipeline checks pull requests of forks");
  assert.deepEqual(forks.flatMap(powersOf), []);
});

test("a preview that forks could start would be seen", () => {
  const [infrastructure] = gitHubPipelines().filter(({ name }) => name === "infrastructure");
  assert.ok(infrastructure);
  const opened = infrastructure.jobs.map((job) =>
    job.if === ownPullRequest ? { ...job, if: undefined } : job,
  ) as Job[];
  const found = jobsOfForks({ ...infrastructure, jobs: opened }).flatMap(powersOf);
  assert.ok(found.includes("preview-staging: comments"));
  assert.ok(found.includes("preview-staging: may write pullRequests"));
  assert.ok(found.includes("preview-staging: signs in to aws"));
  assert.ok(found.includes("preview-staging: gets a secret"));
  assert.equal(
    letsForksIn({ when: "equals", value: { from: "step", step: "a", name: "b" }, text: literal("x").text }),
    true,
  );
});
