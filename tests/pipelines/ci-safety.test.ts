import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { actions } from "../../pipelines/actions.ts";
import { checkPipeline } from "../../pipelines/check.ts";
import { ciFiles, gitHubPipelines, gitLabPipeline, jenkinsPipeline } from "../../pipelines/render/files.ts";
import { projectRoot } from "../../tools/places.ts";
import { renderedFiles } from "../../tools/render.ts";
import { jobOf, pipelineOf } from "./support.ts";

/**
 * The dangers of a CI system, by the ids that docs/security.md lists them under. What the stack provisions (CI-10, CI-11)
 * and what only a run can show (CI-05's logs) is tested where that is.
 */

interface Step {
  readonly name: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}
interface Job {
  readonly if?: string;
  readonly environment?: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly "cancel-in-progress": boolean };
  readonly "timeout-minutes": number;
  readonly "runs-on": string;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: object;
  readonly env?: object;
  readonly concurrency: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

const TEXTS = Object.entries(ciFiles("github"));
const WORKFLOWS = TEXTS.map(([file, text]) => ({ file, text, workflow: parse(text) as Workflow }));
const JOBS = WORKFLOWS.flatMap(({ file, workflow }) =>
  Object.entries(workflow.jobs).map(([id, job]) => ({ where: `${file} ${id}`, workflow, job })),
);
const STEPS = JOBS.flatMap(({ where, job }) => job.steps.map((step) => ({ where: `${where} ${step.name}`, step })));

test("there is something to look at", () => {
  assert.equal(WORKFLOWS.length, gitHubPipelines().length);
  assert.ok(JOBS.length > 25 && STEPS.length > 150, `${JOBS.length} jobs, ${STEPS.length} steps`);
});

test("CI-01 a fork's pull request gets no secret, no variable, no token for a cloud and no environment", () => {
  const open = JOBS.filter(({ workflow, job }) => {
    const ownOnly = /head\.repo\.full_name == github\.repository|github\.ref == 'refs\/heads\//.test(job.if ?? "");
    return "pull_request" in workflow.on && !ownOnly;
  });
  assert.deepEqual(
    open.map(({ where }) => where.split(" ")[1]),
    ["lint", "unit-tests", "all-tests", "dependencies", "test"],
  );
  for (const { where, job } of open) {
    assert.deepEqual(job.permissions, { contents: "read" }, where);
    assert.equal(job.environment, undefined, where);
    assert.doesNotMatch(JSON.stringify(job), /secrets\.|vars\.|github\.token/, where);
  }
});

test("CI-02 no workflow runs with this repository's rights for somebody else's event", () => {
  for (const { file, workflow } of WORKFLOWS) {
    const known = ["push", "pull_request", "schedule", "workflow_dispatch"];
    for (const event of Object.keys(workflow.on)) assert.ok(known.includes(event), `${file}: ${event}`);
  }
});

test("CI-03 no script holds an expression: values reach it by its environment", () => {
  for (const { where, step } of STEPS) assert.doesNotMatch(step.run ?? "", /\$\{\{/, where);
  const inputs = STEPS.flatMap(({ step }) => Object.entries(step.env ?? {})).filter(([, text]) =>
    /inputs\./.test(text),
  );
  assert.deepEqual([...new Set(inputs.map(([name]) => name))].sort(), ["EXPERIMENT_NAME", "REASON"]);
  // The name of a branch is used by the checkout alone, which takes it as text; titles, messages and authors nowhere.
  for (const { file, text } of WORKFLOWS) {
    assert.doesNotMatch(text, /github\.(head_ref|actor|event\.(?!pull_request\.head\.repo\.full_name))/, file);
    for (const line of text.split("\n").filter((each) => each.includes("github.ref_name")))
      assert.match(line, /^ +ref: \$\{\{ github\.ref_name \}\}$/);
  }
});

test("CI-03 GitLab and Jenkins files hold no value that their engine would paste into a script", () => {
  const [gitlab = ""] = Object.values(ciFiles("gitlab"));
  assert.doesNotMatch(gitlab, /\$\[\[|CI_COMMIT_(MESSAGE|TITLE|AUTHOR)|eval /);
  const [jenkins = ""] = Object.values(ciFiles("jenkins"));
  assert.doesNotMatch(jenkins, /"""|\$\/|evaluate\(|CHANGE_(TITLE|AUTHOR)/);
});

test("CI-04 no script writes GitHub's files; the commands do, between marks nobody can guess", () => {
  for (const { where, step } of STEPS) {
    assert.doesNotMatch(step.run ?? "", /GITHUB_ENV|GITHUB_PATH|>>|::set-output/, where);
  }
});

test("CI-05 a secret is in the environment of the steps that need it, and of no job or workflow", () => {
  for (const { where, workflow, job } of JOBS) {
    assert.equal(workflow.env, undefined, where);
    assert.doesNotMatch(JSON.stringify(job.env ?? {}), /secrets\./, where);
    for (const { name, with: inputs } of job.steps)
      assert.doesNotMatch(JSON.stringify(inputs ?? {}), /secrets\./, `${where} ${name}`);
  }
  for (const { where, step } of STEPS) assert.doesNotMatch(step.run ?? "", /set -\w*x|--show-secrets/, where);
  for (const { file, text } of WORKFLOWS) assert.doesNotMatch(text, /toJSON\(|secrets\[|secrets: inherit/, file);
});

test("CI-06 every action is named by a commit of forty digits, with its version beside it", () => {
  const lines = WORKFLOWS.flatMap(({ text }) => text.split("\n").filter((line) => /\buses:/.test(line)));
  assert.ok(lines.length > 80);
  for (const line of lines) assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+(\.\d+\.\d+)?$/);
  const used = new Set(lines.map((line) => /uses: ([\w/-]+)@/.exec(line)?.[1]));
  assert.deepEqual(
    [...used].sort(),
    Object.values(actions)
      .map(({ repository }) => repository)
      .sort(),
  );
});

test("CI-07 no job restores a cache, so none is poisoned", () => {
  for (const { where, step } of STEPS) {
    assert.doesNotMatch(step.uses ?? "", /^actions\/cache/, where);
    if (step.uses?.startsWith("actions/setup-node@")) assert.equal(step.with?.["package-manager-cache"], false, where);
  }
  for (const system of ["gitlab", "jenkins"] as const)
    assert.doesNotMatch(Object.values(ciFiles(system)).join(), /\bcache:/);
});

test("CI-08 an artifact is taken from the same run, and held to its fingerprint before it is used", () => {
  const takers = JOBS.filter(({ job }) => job.steps.some(({ uses }) => uses?.startsWith("actions/download-artifact@")));
  assert.deepEqual(
    takers.map(({ where }) => where.split(" ")[1]),
    ["apply-staging", "apply-production"],
  );
  for (const { where, job } of takers) {
    const at = job.steps.findIndex(({ uses }) => uses?.startsWith("actions/download-artifact@"));
    // Neither `run-id` nor `github-token`, with which it could come from elsewhere.
    assert.deepEqual(Object.keys(job.steps[at]?.with ?? {}), ["name"], where);
    assert.match(
      job.steps[at + 1]?.run ?? "",
      /fingerprint\.ts \S+ \\\n +--must-be "\$\{SHA256:\?is not set\}"$/,
      where,
    );
    assert.match(job.steps[at + 1]?.env?.["SHA256"] ?? "", /^\$\{\{ needs\.plan-\w+\.outputs\.sha256 \}\}$/, where);
  }
});

test("CI-09 nobody is let through by a name", () => {
  for (const { file, text } of WORKFLOWS) assert.doesNotMatch(text, /\[bot\]|github\.(actor|triggering_actor)/, file);
});

test("CI-10 whatever has rights in a cloud or changes the repository stands in an environment", () => {
  for (const { where, job } of JOBS) {
    const rights = job.permissions["id-token"] === "write" || job.permissions["contents"] === "write";
    if (rights) assert.match(job.environment ?? "", /^(staging|production)(-preview)?$/, where);
  }
  for (const pipeline of [gitLabPipeline(), jenkinsPipeline()]) {
    const production = pipeline.jobs.filter(({ environment }) => environment === "production");
    assert.ok(production.length > 0 && production.every(({ approval }) => approval !== undefined), pipeline.name);
  }
});

test("CI-11 a job in an environment for previews takes the role that may only look", () => {
  const previews = JOBS.filter(({ job }) => job.environment?.endsWith("-preview"));
  assert.equal(previews.length, 6);
  for (const { where, job } of previews) {
    assert.equal(job.permissions["contents"], "read", where);
    const roles = [...JSON.stringify(job.steps).matchAll(/vars\.(AWS_ROLE|AZURE_CLIENT_ID)_(\w+)/g)];
    assert.deepEqual(
      roles.map(([, , kind]) => kind),
      ["PREVIEW", "PREVIEW"],
      where,
    );
  }
});

test("CI-12 dependencies are what the lock file names, and their scripts do not run", () => {
  const installs = STEPS.filter(({ step }) => /npm (ci|i|install)/.test(step.run ?? ""));
  assert.equal(installs.length, JOBS.length);
  for (const { where, step } of installs) assert.equal(step.run, "npm ci --ignore-scripts", where);
  for (const system of ["gitlab", "jenkins"] as const) {
    const text = Object.values(ciFiles(system)).join();
    assert.equal(text.match(/npm ci/g)?.length, gitLabPipeline().jobs.length);
    assert.equal(text.match(/npm ci --ignore-scripts/g)?.length, gitLabPipeline().jobs.length);
  }
});

test("CI-13 every job ends, and what changes a stack is alone and is never cancelled", () => {
  for (const { where, workflow, job } of JOBS) {
    assert.ok(job["timeout-minutes"] > 0 && job["timeout-minutes"] <= 300, where);
    const updates = /scripts\/(deploy|promote|rollback)\.ts|pulumi up/.test(job.steps.map(({ run }) => run).join("\n"));
    if (!updates) continue;
    assert.equal(workflow.concurrency["cancel-in-progress"], false, where);
    assert.deepEqual(job.concurrency, { group: `update-${job.environment}`, "cancel-in-progress": false }, where);
  }
  const cancelling = { ...pipelineOf(jobOf("a", { environment: "staging" })), whenBusy: "cancelRunning" as const };
  assert.equal(checkPipeline(cancelling).length, 1);
});

test("CI-14 the committed files are what the definitions give, and say that they are generated", () => {
  for (const [file, text] of Object.entries(renderedFiles()).filter(([path]) => path.startsWith("ci/"))) {
    assert.equal(readFileSync(join(projectRoot, file), "utf8"), text, file);
    assert.match(
      text,
      /^(#|\/\/) Generated from \S+; do not edit\. Change that file, then run `npm run render`\.\n/,
      file,
    );
  }
});

test("rights are said at the job, each with its reason; the checkout leaves no token; the machine is a fixed one", () => {
  for (const { file, text, workflow } of WORKFLOWS) {
    assert.deepEqual(workflow.permissions, {}, file);
    for (const line of text.split("\n").filter((each) => /: write\b/.test(each))) assert.match(line, /: write # \w+/);
  }
  for (const { where, step } of STEPS) {
    if (step.uses?.startsWith("actions/checkout@")) assert.equal(step.with?.["persist-credentials"], false, where);
  }
  for (const { where, job } of JOBS)
    assert.match(job["runs-on"], /^(ubuntu-24\.04|\$\{\{ matrix\.machine \}\})$/, where);
});
