import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { parse } from "yaml";
import { checkPipeline, isRunStep } from "../../pipelines/check.ts";
import { delivery } from "../../pipelines/definitions/delivery.ts";
import { mlTraining } from "../../pipelines/definitions/ml-training.ts";
import { retrain } from "../../pipelines/definitions/retrain.ts";
import type { Argument, Pipeline, RunStep } from "../../pipelines/model.ts";
import { gitHubPipelines, gitLabPipeline, jenkinsPipeline } from "../../pipelines/render/files.ts";
import { renderGitHub } from "../../pipelines/render/github.ts";
import { renderGitLab } from "../../pipelines/render/gitlab.ts";
import { renderJenkins } from "../../pipelines/render/jenkins.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const PIPELINES = [...gitHubPipelines(), gitLabPipeline(), jenkinsPipeline()];

const runSteps = ({ jobs }: Pipeline): readonly RunStep[] => jobs.flatMap((job) => job.steps.filter(isRunStep));
const show = (argument: Argument) =>
  typeof argument === "string"
    ? argument
    : argument.map((part) => (typeof part === "string" ? part : `$${part.env}`)).join("");

/** The commands of a job's steps, by step. */
function commandsOf(name: string, job: string): Record<string, string> {
  const found = PIPELINES.find((pipeline) => pipeline.name === name)?.jobs.find(({ id }) => id === job);
  assert.ok(found, `${name} has no job ${job}`);
  return Object.fromEntries(
    found.steps.filter(isRunStep).map((step) => [step.id ?? step.name, step.run.map(show).join(" ")]),
  );
}

for (const pipeline of PIPELINES) {
  test(`${pipeline.name} has no problems, and says where it is written`, () => {
    assert.deepEqual(checkPipeline(pipeline), []);
    assert.ok(existsSync(join(root, pipeline.source)), pipeline.source);
    assert.equal(pipeline.source, `pipelines/definitions/${pipeline.name}.ts`);
  });
}

test("only what changes a deployment may write to the repository, and only in an environment", () => {
  const writers = PIPELINES.flatMap(({ name, jobs }) =>
    jobs.filter(({ permissions }) => typeof permissions.contents === "object").map(({ id }) => `${name}/${id}`),
  );
  assert.deepEqual([...new Set(writers)].sort(), [
    "delivery/deploy-production",
    "delivery/deploy-staging",
    "ml-training/deploy-production",
    "ml-training/deploy-staging",
    "promote/promote",
    "retrain/deploy-production",
    "retrain/deploy-staging",
    "rollback/rollback-production",
    "rollback/rollback-staging",
  ]);
});

test("retraining looks for data, compares with the model in use, and remembers the data only then", () => {
  const look =
    "node scripts/check-new-data.ts --data-path s3://$DATA_BUCKET/data/raw/ --last-check-path s3://$DATA_BUCKET/metadata/last_check.txt";
  assert.deepEqual(commandsOf("retrain", "check-data"), { check: look });
  assert.deepEqual(commandsOf("retrain", "remember-data"), {
    "Remember the data": `${look} --commit-mark $DATA_SNAPSHOT`,
  });
  const train = commandsOf("retrain", "train-model");
  assert.deepEqual(Object.keys(train), [
    "pin",
    "Validate data",
    "Prepare data",
    "train",
    "evaluate",
    "Write the model card",
    "gate",
    "compare",
  ]);
  assert.equal(train["pin"], `${look} --output-path s3://$DATA_BUCKET/metadata/snapshots/`);
  assert.match(train["Prepare data"] ?? "", / --snapshot-path \$DATA_SNAPSHOT$/);
  assert.match(train["train"] ?? "", / --alias new$/);
  assert.match(train["gate"] ?? "", / --model-path s3:\/\/\$MODELS_BUCKET\/models\/new\/ /);
  assert.match(train["Write the model card"] ?? "", / --current-environment production /);
  assert.match(
    train["compare"] ?? "",
    / --current-environment production --new-model s3:\/\/\$MODELS_BUCKET\/models\/new\/ /,
  );
});

test("where models are signed, only the step that signs has the key, after the measuring and before the gate", () => {
  const publicKey = "-----BEGIN PUBLIC KEY-----\nMFkw...\n-----END PUBLIC KEY-----\n";
  for (const pipeline of [mlTraining({ publicKey }), retrain({ publicKey }), delivery({ publicKey })]) {
    const steps = pipeline.jobs.flatMap((job) => (job.id === "train-model" ? job.steps.filter(isRunStep) : []));
    const names = steps.map(({ name }) => name);
    const at = names.indexOf("Sign the model");
    assert.ok(names.indexOf("Evaluate model") < at && at < names.indexOf("Model validation gate"), names.join(", "));
    const keyed = pipeline.jobs.flatMap((job) =>
      [job, ...job.steps.filter(isRunStep)].filter(({ env = {} }) => "MODEL_SIGNING_KEY" in env),
    );
    assert.deepEqual(keyed, [steps[at]]);
    const gate = steps.find(({ id }) => id === "gate");
    assert.deepEqual(gate?.env, { MODEL_PUBLIC_KEY: { from: "literal", text: publicKey } });
  }
  const unsigned = mlTraining().jobs.flatMap((job) => job.steps.filter(isRunStep));
  assert.ok(unsigned.every(({ name, env = {} }) => name !== "Sign the model" && !("MODEL_PUBLIC_KEY" in env)));
});

test("a public key comes through every rendering letter by letter", () => {
  const publicKey = "-----BEGIN PUBLIC KEY-----\nMFkw+/==\n-----END PUBLIC KEY-----\n";
  const workflow = parse(renderGitHub(mlTraining({ publicKey })));
  const steps: { id?: string; env?: Record<string, string> }[] = workflow.jobs["train-model"].steps;
  assert.equal(steps.find(({ id }) => id === "gate")?.env?.["MODEL_PUBLIC_KEY"], publicKey);
  assert.match(renderGitLab(delivery({ publicKey })), /MFkw\+\/==/);
  assert.match(renderJenkins(delivery({ publicKey })), /MFkw\+\/==/);
});

test("a plan is saved by the job that shows it, and the update is held to it", () => {
  const { "Preview production": shown } = commandsOf("infrastructure", "plan-production");
  const applied = commandsOf("infrastructure", "apply-production");
  assert.match(shown ?? "", /^pulumi preview --stack production .* --save-plan production\.plan\.json$/);
  assert.match(applied["Apply production"] ?? "", /^pulumi up --stack production .* --plan production\.plan\.json$/);
  assert.deepEqual(Object.keys(applied), ["Check that it is the plan that was shown", "Apply production"]);
});

/** Flags by script, of all pipelines together. */
const CALLED = new Map<string, Set<string>>();
for (const [program, script, ...rest] of PIPELINES.flatMap(runSteps).map(({ run }) => run.map(show))) {
  if (program !== "node" || !script?.startsWith("scripts/")) continue;
  const flags = CALLED.get(script) ?? new Set();
  for (const word of rest.filter((each) => each.startsWith("--"))) flags.add(word);
  CALLED.set(script, flags);
}

for (const [script, flags] of CALLED) {
  test(`${script} exists and knows the flags that the pipelines give it`, async () => {
    const { stdout } = await run(process.execPath, [join(root, script), "--help"], { cwd: root });
    const known = [...stdout.matchAll(/--[a-z][a-z-]+/g)].map(([flag]) => flag);
    for (const flag of flags) assert.ok(known.includes(flag), `${script} has no ${flag}; it has ${known.join(" ")}`);
  });
}
