import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parse } from "yaml";
import { drift } from "../../pipelines/definitions/drift.ts";
import { testMatrix } from "../../pipelines/definitions/test-matrix.ts";
import type { Job, Pipeline } from "../../pipelines/model.ts";
import { gitLabPipeline } from "../../pipelines/render/files.ts";
import { renderGitLab } from "../../pipelines/render/gitlab.ts";
import {
  changed,
  env,
  equals,
  input,
  jobOutput,
  literal,
  matrix,
  secret,
  stepOutput,
  variable,
} from "../../pipelines/values.ts";
import { jobOf, NASTY_TEXTS, NODE, pipelineOf, script, writeOutputs } from "./support.ts";

type Parsed = Record<string, Record<string, unknown> & { script: string[] }>;

const folder = mkdtempSync(join(tmpdir(), "gitlab-"));
after(() => rmSync(folder, { recursive: true }));

const staged = (id: string, job: Partial<Job> = {}): Job =>
  jobOf(id, { stage: "test", ...job, steps: [...NODE, ...(job.steps ?? [])] });
const render = (...jobs: Job[]): Parsed => parse(renderGitLab(pipelineOf(...jobs))) as Parsed;

/** Runs a job's script as GitLab's runner does: all entries in one bash. */
function run(job: Parsed[string] | undefined, variables: Record<string, string> = {}): string {
  const text = job?.script.join("\n") ?? "";
  return execFileSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", text], {
    encoding: "utf8",
    cwd: join(import.meta.dirname, "../.."),
    env: { PATH: process.env["PATH"], ...variables },
    stdio: "pipe",
  });
}

const PRINT = "console.log(JSON.stringify(process.argv.slice(1)))";
const print = (...words: Parameters<typeof env>[0][]) =>
  ({ name: "Print", run: [process.execPath, "-e", PRINT, "--", ...words.map((word) => [env(word)])] }) as const;

test("the first line says that the file is generated, and from what", () => {
  const text = renderGitLab(gitLabPipeline());
  assert.match(text, /^# Generated from pipelines\/definitions\/delivery\.ts; do not edit\. .* `npm run render`\.\n/);
  assert.equal(renderGitLab(gitLabPipeline()), text);
});

test("the stages are those of the delivery, in their order", () => {
  const { stages } = parse(renderGitLab(gitLabPipeline())) as { stages: string[] };
  assert.deepEqual(stages, ["validate", "test", "train", "deploy"]);
});

test("production is started by hand, and holds up the pipeline until it is", () => {
  const { "deploy-production": job } = parse(renderGitLab(gitLabPipeline())) as Parsed;
  const [rule] = (job?.["rules"] ?? []) as Record<string, unknown>[];
  assert.equal(rule?.["when"], "manual");
  assert.equal(rule?.["allow_failure"], false);
  assert.deepEqual(job?.["environment"], { name: "production" });
});

test("the tests' coverage is read from what Node.js prints, and its file is kept", () => {
  const { "unit-tests": job } = parse(renderGitLab(gitLabPipeline())) as Parsed;
  const coverage = new RegExp(String(job?.["coverage"]).slice(1, -1));
  assert.equal(coverage.exec("ℹ all files           |  93.71 |    88.20 |   91.05 | ")?.[1], "93.71");
  assert.deepEqual(job?.["artifacts"], {
    name: "coverage",
    when: "always",
    expire_in: "7 days",
    paths: ["coverage.lcov"],
  });
});

test("tokens for the clouds are asked for by jobs that may have them, for those clouds alone", () => {
  const file = parse(renderGitLab(gitLabPipeline())) as Parsed;
  assert.deepEqual(file["data-validation"]?.["id_tokens"], { AWS_ID_TOKEN: { aud: "sts.amazonaws.com" } });
  assert.deepEqual(Object.keys(file["deploy-staging"]?.["id_tokens"] ?? {}), ["AWS_ID_TOKEN", "AZURE_ID_TOKEN"]);
  for (const id of ["lint", "unit-tests", "integration-tests"]) assert.equal(file[id]?.["id_tokens"], undefined, id);
});

test("every argument, fixed text and default reaches the command as it was written", () => {
  const texts = NASTY_TEXTS.filter((text) => text !== "");
  const names = texts.map((_, index) => `T${index}`);
  const job = (steps: Job["steps"]) =>
    render(
      staged("a", {
        env: Object.fromEntries(
          texts.flatMap((text, index) => [
            [`FIXED_T${index}`, literal(text)],
            [`TYPED_T${index}`, input("experiment_name", text)],
          ]),
        ),
        steps,
      }),
    )["a"];
  const fixed = job([{ name: "Print", run: [process.execPath, "-e", PRINT, "--", ...NASTY_TEXTS] }]);
  assert.deepEqual(JSON.parse(run(fixed)), NASTY_TEXTS);
  const words = names.flatMap((name) => [`FIXED_${name}`, `TYPED_${name}`]);
  assert.deepEqual(
    JSON.parse(run(job([print(...words)]))),
    texts.flatMap((text) => [text, text]),
  );
});

test("what somebody typed, and what a branch is called, is an argument and never code", () => {
  const job = staged("a", { steps: [{ ...print("NAME"), env: { NAME: input("experiment_name", "default") } }] });
  for (const text of NASTY_TEXTS.filter((nasty) => nasty !== "")) {
    assert.deepEqual(JSON.parse(run(render(job)["a"], { INPUT_EXPERIMENT_NAME: text })), [text]);
  }
  assert.doesNotMatch(renderGitLab(gitLabPipeline()), /spec:|\$\[\[/);
});

test("an empty variable stops the script", () => {
  const job = staged("a", { env: { BUCKET: secret("OTHER") }, steps: [print("BUCKET")] });
  assert.throws(() => run(render(job)["a"], { OTHER: "" }), /BUCKET: is not set/);
});

test("outputs go from step to step, and to later jobs as lines of a report", () => {
  const report = join(folder, "outputs.env");
  const first = staged("first-job", {
    steps: [
      script("Write", writeOutputs({ version: "it's $X" }), { id: "write-it" }),
      { ...print("V"), env: { V: stepOutput("write-it", "version") } },
      script("Never", "process.exit(5)", { if: equals(stepOutput("write-it", "version"), "other") }),
    ],
    outputs: { version: stepOutput("write-it", "version"), bucket: variable("MODELS_BUCKET") },
  });
  const second = staged("second", {
    needs: ["first-job"],
    env: { VERSION: jobOutput("first-job", "version") },
    steps: [print("VERSION")],
  });
  const file = parse(renderGitLab(pipelineOf(first, second)).replaceAll("outputs.env", report)) as Parsed;
  assert.deepEqual(JSON.parse(run(file["first-job"], { MODELS_BUCKET: "models" })), ["it's $X"]);
  assert.equal(readFileSync(report, "utf8"), "FIRST_JOB_VERSION=it's $X\nFIRST_JOB_BUCKET=models\n");
  assert.deepEqual(JSON.parse(run(file["second"], { FIRST_JOB_VERSION: "it's $X" })), ["it's $X"]);
});

test("an answer of no goes on, and a failure does not", () => {
  const job = (code: string) =>
    render(
      staged("a", { steps: [script("Ask", code, { id: "ask", answers: true }), script("Go", "console.log('on')")] }),
    );
  assert.equal(run(job(`${writeOutputs({ yes: "false" })}; process.exitCode = 1`)["a"]), "on\n");
  assert.throws(() => run(job("process.exitCode = 1")["a"]));
  assert.throws(() => run(job(`${writeOutputs({ yes: "false" })}; process.exitCode = 2`)["a"]));
});

test("the variables of a step are its own", () => {
  const show = script("Show", "console.log(process.env.SECRET ?? 'none')");
  const job = staged("a", { steps: [{ ...show, env: { SECRET: secret("KEY") } }, show] });
  assert.equal(run(render(job)["a"], { KEY: "k" }), "k\nnone\n");
});

test("a matrix becomes parallel jobs, in the image of their version", () => {
  const job = jobOf("a", {
    stage: "test",
    matrix: { node: ["22", "24"] },
    steps: [{ name: "Node", setUp: { tool: "node", version: matrix("node") } }],
  });
  const { a } = render(job);
  assert.deepEqual(a?.["parallel"], { matrix: [{ MATRIX_NODE: ["22", "24"] }] });
  assert.equal(a?.["image"], "node:$MATRIX_NODE");
});

const REFUSED: readonly [string, Pipeline, RegExp][] = [
  ["a schedule", drift(), /Pipeline `drift` starts at set times, which GitLab keeps in the project/],
  ["a Windows machine", testMatrix(), /Job `test` runs on windows; .* Leave it out of `machine`/],
  ["a job without a stage", pipelineOf(jobOf("a", { steps: NODE })), /Job `a` has no stage.* Give it a `stage`/],
  ["a job without Node.js", pipelineOf(jobOf("a", { stage: "test" })), /Job `a` sets up no Node\.js/],
  [
    "a mail",
    { ...pipelineOf(staged("a")), notify: { to: variable("MAIL"), on: ["failure"] } },
    /mails how it ended; GitLab keeps that in the project's settings/,
  ],
  [
    "a job that depends on an output",
    pipelineOf(
      staged("a", { outputs: { yes: literal("1") } }),
      staged("b", { needs: ["a"], if: equals(jobOutput("a", "yes"), "1") }),
    ),
    /Job `b` depends on an output; .* Put the condition on its steps/,
  ],
  [
    "two sets of changed paths",
    pipelineOf(staged("a", { if: changed("a") }), staged("b", { needs: ["a"], if: changed("b") })),
    /Job `b` asks for changes in two sets of paths/,
  ],
  [
    "a text that its rules cannot hold",
    pipelineOf(staged("a", { if: equals(input("experiment_name"), 'a"b') })),
    /rules cannot hold the text "a\\"b"/,
  ],
  [
    "a group that cancels",
    pipelineOf(staged("a", { concurrency: { group: "g", whenBusy: "cancelRunning" } })),
    /Job `a` would cancel another one of its group/,
  ],
];
for (const [name, pipeline, message] of REFUSED) {
  test(`refuses ${name}, with what to do instead`, () => assert.throws(() => renderGitLab(pipeline), message));
}
