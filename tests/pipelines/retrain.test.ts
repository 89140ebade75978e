import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { isRunStep } from "../../pipelines/check.ts";
import { retrain } from "../../pipelines/definitions/retrain.ts";
import { type RunOptions, runPipeline } from "../../pipelines/run/local.ts";

/** A working copy whose commands only write down that they ran, and answer as the test says. */
function workingCopy(answers: Readonly<Record<string, { code: number; outputs: Record<string, string> }>>) {
  const cwd = mkdtempSync(join(tmpdir(), "retrain-"));
  after(() => rmSync(cwd, { recursive: true }));
  const commands = retrain().jobs.flatMap((job) => job.steps.filter(isRunStep).map(({ run }) => String(run[1])));
  for (const command of new Set(commands)) {
    const { code, outputs } = answers[command] ?? { code: 0, outputs: { version: "3f2a9c01d4e5b678" } };
    const lines = Object.entries(outputs).map(([name, value]) => `${name}=${value}\n`);
    mkdirSync(dirname(join(cwd, command)), { recursive: true });
    writeFileSync(
      join(cwd, command),
      `import { appendFileSync } from "node:fs";
      appendFileSync("ran.txt", process.argv.slice(1).join(" ").replace(process.cwd() + "/", "") + "\\n");
      appendFileSync(process.env.GITHUB_OUTPUT ?? "", ${JSON.stringify(lines.join(""))});
      process.exitCode = ${code};`,
    );
  }
  return { cwd, ran: () => readFileSync(join(cwd, "ran.txt"), "utf8").trim().split("\n") };
}

const NEW_DATA = { code: 0, outputs: { has_new_data: "true", snapshot: "s3://data/metadata/snapshots/5e47.jsonl" } };
const BETTER = { code: 0, outputs: { is_better: "true" } };

async function run(answers: Parameters<typeof workingCopy>[0]) {
  const { cwd, ran } = workingCopy(answers);
  const options: RunOptions = {
    cwd,
    env: { PATH: process.env["PATH"] },
    branch: "main",
    variables: { DATA_BUCKET: "data", MODELS_BUCKET: "models" },
    secrets: { STAGING_ENDPOINT_URL: "http://127.0.0.1:1/" },
  };
  const report = await runPipeline(retrain(), options);
  const statuses = Object.fromEntries(report.stages.map(({ name, status }) => [name, status]));
  const deployed = ran().filter((line) => line.startsWith("scripts/deploy.ts"));
  const remembered = ran().some((line) => line.includes("--commit-mark"));
  return { status: report.status, statuses, deployed: deployed.length, remembered, ran: ran() };
}

test("without new data nothing is trained, and the run ends well", async () => {
  const answer = { code: 1, outputs: { has_new_data: "false" } };
  const { status, statuses, ran } = await run({ "scripts/check-new-data.ts": answer });
  assert.equal(status, "success");
  assert.deepEqual(statuses, {
    "check-data": "success",
    "train-model": "skipped",
    "remember-data": "skipped",
    "deploy-staging": "skipped",
    "integration-tests": "skipped",
    "deploy-production": "skipped",
  });
  assert.equal(ran.length, 1);
});

test("a model that is not better is not deployed, and its data is remembered", async () => {
  const { status, deployed, remembered } = await run({
    "scripts/check-new-data.ts": NEW_DATA,
    "scripts/compare-models.ts": { code: 1, outputs: { is_better: "false" } },
  });
  assert.deepEqual({ status, deployed, remembered }, { status: "success", deployed: 0, remembered: true });
});

test("a better model goes to staging, and from there to production", async () => {
  const { status, deployed, remembered, ran } = await run({
    "scripts/check-new-data.ts": NEW_DATA,
    "scripts/compare-models.ts": BETTER,
  });
  assert.deepEqual({ status, deployed, remembered }, { status: "success", deployed: 2, remembered: true });
  assert.deepEqual(
    ran.filter((line) => line.startsWith("scripts/deploy.ts")),
    [
      "scripts/deploy.ts --model-path s3://models/models/3f2a9c01d4e5b678/ --environment staging --endpoint-name plant-classifier-staging",
      "scripts/deploy.ts --model-path s3://models/models/3f2a9c01d4e5b678/ --environment production --endpoint-name plant-classifier-prod --traffic-percentage 10",
    ],
  );
});

test("a model that fails its gate is a failure, is compared with nothing, and its data stays new", async () => {
  const { status, statuses, deployed, remembered, ran } = await run({
    "scripts/check-new-data.ts": NEW_DATA,
    "scripts/validate-model.ts": { code: 1, outputs: { verdict: "fail" } },
  });
  assert.deepEqual({ status, deployed, remembered }, { status: "failure", deployed: 0, remembered: false });
  assert.equal(statuses["train-model"], "failure");
  assert.ok(!ran.some((line) => line.startsWith("scripts/compare-models.ts")));
});

test("a command that ends with 1 and has not answered is a failure, not a no", async () => {
  const { status, statuses } = await run({ "scripts/check-new-data.ts": { code: 1, outputs: {} } });
  assert.equal(status, "failure");
  assert.equal(statuses["check-data"], "failure");
});
