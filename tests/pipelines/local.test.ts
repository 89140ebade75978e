import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Pipeline } from "../../pipelines/model.ts";
import { type RunEvent, type RunOptions, runPipeline } from "../../pipelines/run/local.ts";
import {
  changed,
  env,
  equals,
  input,
  jobOutput,
  literal,
  onBranch,
  ownPullRequest,
  secret,
  stepOutput,
  variable,
} from "../../pipelines/values.ts";
import { jobOf, NASTY_TEXTS, pipelineOf, script, writeOutputs } from "./support.ts";

const cwd = mkdtempSync(join(tmpdir(), "local-runner-"));
after(() => rmSync(cwd, { recursive: true }));

async function run(pipeline: Pipeline, options: Partial<RunOptions> = {}) {
  const events: RunEvent[] = [];
  const on = (event: RunEvent) => void events.push(event);
  const report = await runPipeline(pipeline, {
    cwd,
    env: { PATH: process.env["PATH"] },
    branch: "main",
    on,
    ...options,
  });
  const lines = events.flatMap((event) => (event.type === "line" ? [event.text] : []));
  const statuses = Object.fromEntries(report.stages.map(({ name, status }) => [name, status]));
  return {
    report,
    events,
    lines,
    statuses,
    stage: (name: string) => report.stages.find((stage) => stage.name === name),
  };
}

test("outputs go from step to step and from job to job, whatever is in them", async () => {
  const outputs = Object.fromEntries(
    NASTY_TEXTS.filter((text) => !text.includes("\r")).map((text, i) => [`t${i}`, text]),
  );
  const names = Object.keys(outputs);
  const first = jobOf("first", {
    steps: [script("Write", writeOutputs(outputs), { id: "write" })],
    outputs: Object.fromEntries(names.map((name) => [name, stepOutput("write", name)])),
  });
  const second = jobOf("second", {
    needs: ["first"],
    env: Object.fromEntries(names.map((name) => [name, jobOutput("first", name)])),
    steps: [script("Print", `console.log(JSON.stringify(${JSON.stringify(names)}.map((name) => process.env[name])))`)],
  });
  const { report, lines } = await run(pipelineOf(second, first));
  assert.equal(report.status, "success");
  assert.deepEqual(JSON.parse(lines[0] ?? ""), Object.values(outputs));
  assert.deepEqual(report.stages[1]?.outputs, outputs);
});

test("a command's arguments are filled in from its env", async () => {
  const print = "console.log(process.argv[1])";
  const step = { name: "Print", run: [process.execPath, "-e", print, ["s3://", env("BUCKET"), "/$X/"]] as const };
  const { lines } = await run(pipelineOf(jobOf("a", { env: { BUCKET: variable("DATA_BUCKET") }, steps: [step] })), {
    variables: { DATA_BUCKET: "staging; exit 1" },
  });
  assert.deepEqual(lines, ["s3://staging; exit 1/$X/"]);
});

test("an argument whose variable nobody set fails its step by name", async () => {
  const step = { name: "Print", run: ["echo", ["s3://", env("BUCKET")]] as const };
  const job = jobOf("a", { environment: "staging", env: { BUCKET: variable("DATA_BUCKET") }, steps: [step] });
  const { report } = await run(pipelineOf(job));
  assert.equal(report.exitCode, 2);
  assert.equal(
    report.stages[0]?.reason,
    "step `Print`: An argument reads `BUCKET`, which is empty. It comes from variable `DATA_BUCKET`, in environment `staging`; set it there.",
  );
});

test("variables and secrets are asked for with the job's environment, when the job starts", async () => {
  const print = "console.log(process.env.URL)";
  const steps = [script("Print", print, { env: { URL: secret("URL") } })];
  const asked: string[] = [];
  const { report } = await run(
    pipelineOf(
      jobOf("staging", { environment: "staging", steps }),
      jobOf("production", { needs: ["staging"], environment: "production", steps }),
    ),
    {
      secrets: (environment) => {
        asked.push(environment ?? "(none)");
        return { URL: `https://${environment}` };
      },
    },
  );
  assert.deepEqual([report.status, asked], ["success", ["staging", "production"]]);
});

test("secrets that cannot be read fail the run, after the jobs that are under way", async () => {
  const slow = jobOf("slow", { steps: [script("Wait", 'setTimeout(() => console.log("done"), 300)')] });
  const lines: string[] = [];
  const broken = run(pipelineOf(jobOf("broken", { environment: "staging" }), slow), {
    secrets: (environment) => (environment ? Promise.reject(new Error(`no ${environment}`)) : {}),
    on: (event) => event.type === "line" && lines.push(event.text),
  });
  await assert.rejects(broken, { message: "no staging" });
  assert.deepEqual(lines, ["done"]);
});

test("a value that nobody set leaves the surroundings' own in place", async () => {
  const job = jobOf("a", {
    env: { REGION: variable("AWS_REGION") },
    steps: [script("Print", "console.log(process.env.REGION)")],
  });
  const { lines } = await run(pipelineOf(job), { env: { PATH: process.env["PATH"], REGION: "here" } });
  assert.deepEqual(lines, ["here"]);
});

test("a failure keeps its exit code, ends its job, and skips only what depends on it", async () => {
  const { report, statuses, stage } = await run(
    pipelineOf(
      jobOf("gate", { steps: [script("Judge", "process.exit(7)"), script("After", "")] }),
      jobOf("deploy", { needs: ["gate"] }),
      jobOf("announce", { needs: ["deploy"] }),
      jobOf("lint", { steps: [script("Lint", "")] }),
    ),
  );
  assert.deepEqual([report.status, report.exitCode], ["failure", 7]);
  assert.deepEqual(statuses, { gate: "failure", deploy: "skipped", announce: "skipped", lint: "success" });
  assert.equal(stage("gate")?.reason, "step `Judge`: exit code 7");
  assert.deepEqual(
    stage("gate")?.steps.map(({ status }) => status),
    ["failure", "skipped"],
  );
  assert.equal(stage("announce")?.reason, "job `deploy` was skipped");
});

test("what a step wrote wrongly does not hide its exit code", async () => {
  const step = script("Judge", 'fs.appendFileSync(process.env.GITHUB_OUTPUT, "nonsense"); process.exit(7)');
  const { report } = await run(pipelineOf(jobOf("gate", { steps: [step] })));
  assert.equal(report.exitCode, 7);
  assert.match(report.stages[0]?.reason ?? "", /Line 1 of the step's outputs/);
});

test("a program that does not exist fails its step", async () => {
  const { report, lines } = await run(pipelineOf(jobOf("a", { steps: [{ name: "Go", run: ["no-such-program"] }] })));
  assert.equal(report.exitCode, 127);
  assert.match(lines.join("\n"), /^cannot start `no-such-program`/);
  assert.match(report.stages[0]?.reason ?? "", /cannot start `no-such-program`/);
});

test("conditions skip steps and jobs, and say what they missed", async () => {
  const check = script("Check", writeOutputs({ has_new_data: "false" }), { id: "check" });
  const train = script("Train", "process.exit(1)", { if: equals(stepOutput("check", "has_new_data"), "true") });
  const { report, stage } = await run(
    pipelineOf(
      jobOf("retrain", { steps: [check, train], outputs: { new: stepOutput("check", "has_new_data") } }),
      jobOf("compare", { needs: ["retrain"], if: equals(jobOutput("retrain", "new"), "true") }),
      jobOf("deploy", { if: onBranch("main") }),
    ),
    { branch: "feature" },
  );
  assert.equal(report.status, "success");
  assert.equal(stage("retrain")?.steps[1]?.reason, "output `has_new_data` of step `check` is `false`, not `true`");
  assert.equal(stage("compare")?.reason, "output `new` of job `retrain` is `false`, not `true`");
  assert.equal(stage("deploy")?.reason, "only on branch `main`, this is `feature`");
});

test("steps that prepare a machine are skipped with the reason", async () => {
  const job = jobOf("a", { steps: [{ name: "Install", setUp: { tool: "dependencies" } }] });
  const { report } = await run(pipelineOf(job));
  assert.deepEqual(report.stages[0]?.steps, [
    { name: "Install", status: "skipped", seconds: 0, outputs: {}, reason: "they are installed" },
  ]);
});

test("independent jobs run side by side, up to the limit", async () => {
  const wait = (id: string) => jobOf(id, { steps: [script("Wait", "setTimeout(() => {}, 300)")] });
  const order = async (parallel: number) => {
    const { events } = await run(pipelineOf(wait("a"), wait("b")), { parallel });
    return events.flatMap((event) => (event.type === "jobStarted" || event.type === "jobEnded" ? [event.type] : []));
  };
  assert.deepEqual(await order(2), ["jobStarted", "jobStarted", "jobEnded", "jobEnded"]);
  assert.deepEqual(await order(1), ["jobStarted", "jobEnded", "jobStarted", "jobEnded"]);
});

test("inputs reach commands as text; defaults fill in; unknown ones are refused", async () => {
  const job = jobOf("a", {
    env: { NAME: input("experiment_name", "default") },
    steps: [script("Print", "console.log(process.env.NAME)")],
  });
  const typed = await run(pipelineOf(job), { inputs: { experiment_name: 'm"; touch PWNED; $(id)' } });
  assert.deepEqual(typed.lines, ['m"; touch PWNED; $(id)']);
  assert.deepEqual((await run(pipelineOf(job))).lines, ["default"]);
  await assert.rejects(run(pipelineOf(job), { inputs: { nmae: "x" } }), {
    message: "Pipeline `test-pipeline` has no input `nmae`; inputs: `experiment_name`.",
  });
});

test("a selection runs jobs or steps, on outputs that are given", async () => {
  const build = jobOf("build", {
    steps: [script("Build", "process.exit(1)", { id: "build" })],
    outputs: { version: stepOutput("build", "version") },
  });
  const ship = jobOf("ship", {
    needs: ["build"],
    env: { VERSION: jobOutput("build", "version") },
    steps: [script("Pack", "process.exit(1)"), script("Send", "console.log(process.env.VERSION)", { id: "send" })],
  });
  const given = { build: { version: "3f2a9c01" } };
  const { report, lines, statuses } = await run(pipelineOf(build, ship), { only: ["ship/send"], given });
  assert.deepEqual([report.status, lines], ["success", ["3f2a9c01"]]);
  assert.deepEqual(statuses, { build: "skipped", ship: "success" });
  await assert.rejects(run(pipelineOf(build, ship), { only: ["deploy"] }), {
    message:
      "Pipeline `test-pipeline` has no `deploy`; it has `build`, `build/build`, `ship`, `ship/Pack`, `ship/send`.",
  });
});

test("a secret is in nothing that is shown, in no encoding", async () => {
  const text = 'p4ss/w+rd "quoted" ü&=? k3y';
  const print = `
    const key = process.env.KEY;
    console.log(key, Buffer.from(key).toString("base64"), encodeURIComponent(key), JSON.stringify({ key }));
    console.error(Buffer.from("user:" + key + ":tail").toString("base64"), new URLSearchParams({ key }) + "");
    fs.appendFileSync(process.env.GITHUB_STEP_SUMMARY, "summary " + key);
    fs.appendFileSync(process.env.GITHUB_OUTPUT, "out=" + key + "\\n");
    process.exit(1);`;
  const step = script("Leak", print, { id: "leak", env: { KEY: secret("KEY"), SHORT: literal("x") } });
  const { report, events } = await run(
    pipelineOf(jobOf("a", { steps: [step], outputs: { out: stepOutput("leak", "out") } })),
    {
      secrets: { KEY: text },
    },
  );
  const shown = JSON.stringify([report, events]);
  const parts = ["p4ss", "k3y", Buffer.from('rd "quoted').toString("base64").slice(0, 10)];
  for (const part of parts) assert.ok(!shown.includes(part), `${part} in ${shown}`);
  assert.match(shown, /summary \*\*\*/);
});

test("what one job hands to the next is not masked", async () => {
  const first = jobOf("first", {
    steps: [script("Write", writeOutputs({ bucket: "models-staging" }), { id: "write" })],
    outputs: { bucket: stepOutput("write", "bucket") },
  });
  const check = script("Check", 'process.exit(process.env.BUCKET === "models-staging" ? 0 : 1)');
  const second = jobOf("second", { needs: ["first"], env: { BUCKET: jobOutput("first", "bucket") }, steps: [check] });
  const { report } = await run(pipelineOf(first, second), { secrets: { KEY: "staging" } });
  assert.equal(report.status, "success");
  assert.deepEqual(report.stages[0]?.outputs, { bucket: "models-***" });
});

test("a job over its time is asked to end, and waited for", async () => {
  const polite = `process.on("SIGINT", () => { console.log("state saved"); process.exit(0) }); setInterval(() => {}, 1000)`;
  const { report, lines } = await run(
    pipelineOf(jobOf("a", { timeoutMinutes: 0.01, steps: [script("Update", polite)] })),
  );
  assert.deepEqual(lines, ["state saved", "the 0.01 min of its job are over, exit code 0"]);
  assert.deepEqual([report.status, report.exitCode], ["failure", 130]);
  assert.equal(report.stages[0]?.reason, "step `Update`: the 0.01 min of its job are over, exit code 0");
});

test("a step that does not end when asked is killed after the grace", async () => {
  const deaf = `process.on("SIGINT", () => {}); setInterval(() => {}, 1000)`;
  const job = jobOf("a", { timeoutMinutes: 0.01, steps: [script("Hang", deaf)] });
  const { report } = await run(pipelineOf(job), { graceSeconds: 0.2 });
  assert.equal(report.exitCode, 137);
});

test("SIGINT reaches the running step once, which ends in peace; nothing starts after it", async () => {
  const runner = spawn(process.execPath, [join(import.meta.dirname, "interrupted-run.ts")], { cwd });
  let output = "";
  runner.stdout.on("data", (chunk: Buffer) => {
    output += chunk;
    if (output === "updating\n") runner.kill("SIGINT");
  });
  const code = await new Promise((resolve) => runner.once("close", resolve));
  assert.deepEqual(output.trim().split("\n"), [
    "updating",
    "SIGINT 1",
    "state saved",
    "interrupted by SIGINT, exit code 0",
    "failure 130",
    "update failure: step `Update`: interrupted by SIGINT, exit code 0",
    "announce skipped: job `update` failed",
  ]);
  assert.equal(code, 130);
});

test("an answer of no is no failure; an end without an answer is", async () => {
  const ask = (code: string) => jobOf("a", { steps: [script("Ask", code, { id: "ask", answers: true })] });
  const no = await run(pipelineOf(ask(`${writeOutputs({ yes: "false" })}; process.exitCode = 1`)));
  assert.deepEqual([no.report.status, no.stage("a")?.steps[0]?.outputs], ["success", { yes: "false" }]);
  const broken = await run(pipelineOf(ask("process.exitCode = 1")));
  assert.deepEqual([broken.report.status, broken.report.exitCode], ["failure", 1]);
});

test("an input with options takes no other text", async () => {
  const inputs = { where: { description: "Where", required: true, options: ["staging", "production"] } };
  const pipeline = { ...pipelineOf(jobOf("a")), on: { manual: { inputs } } };
  await assert.rejects(
    run(pipeline, { inputs: { where: "prod" } }),
    /Input `where` of pipeline `test-pipeline` is `prod`; it may be `staging`, `production`/,
  );
});

test("a preview of a pull request is skipped, and a job that asks for changes runs", async () => {
  const { statuses } = await run(pipelineOf(jobOf("a", { if: ownPullRequest }), jobOf("b", { if: changed("src/**") })));
  assert.deepEqual(statuses, { a: "skipped", b: "success" });
});
