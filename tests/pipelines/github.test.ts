// biome-ignore-all lint/suspicious/noTemplateCurlyInString: GitHub's expressions look like placeholders
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { actions } from "../../pipelines/actions.ts";
import { mlTraining } from "../../pipelines/definitions/ml-training.ts";
import { renderGitHub } from "../../pipelines/render/github.ts";
import { encodeCondition, encodeValue } from "../../pipelines/render/github-text.ts";
import {
  changed,
  env,
  equals,
  input,
  jobOutput,
  literal,
  matrix,
  onBranch,
  secret,
  stepOutput,
  variable,
} from "../../pipelines/values.ts";
import { jobOf, NASTY_TEXTS, pipelineOf, script, writeOutputs } from "./support.ts";

type Parsed = {
  on: Record<string, unknown>;
  permissions: object;
  concurrency: { "cancel-in-progress": boolean };
  jobs: Record<string, ParsedJob>;
};
type ParsedJob = {
  needs?: string[];
  if?: string;
  environment?: string;
  permissions: object;
  "runs-on": string;
  "timeout-minutes": number;
  concurrency?: { "cancel-in-progress": boolean };
  env?: Record<string, string>;
  steps: { name: string; run?: string; uses?: string; with?: Record<string, unknown>; env?: Record<string, string> }[];
};

function render(...jobs: Parameters<typeof pipelineOf>): Parsed {
  return parse(renderGitHub(pipelineOf(...jobs))) as Parsed;
}

const ML_TRAINING = renderGitHub(mlTraining());
const parsed = parse(ML_TRAINING) as Parsed;
const steps = Object.values(parsed.jobs).flatMap((job) => job.steps);

test("the first line says that the file is generated, and from what", () => {
  const [first] = ML_TRAINING.split("\n");
  assert.equal(
    first,
    "# Generated from pipelines/definitions/ml-training.ts; do not edit. Change that file, then run `npm run render`.",
  );
});

test("the same pipeline gives the same text, ended by one newline", () => {
  assert.equal(renderGitHub(mlTraining()), ML_TRAINING);
  assert.match(ML_TRAINING, /[^\n]\n$/);
});

test("the rendered job graph is the model's", () => {
  const model = mlTraining().jobs.map((job) => [job.id, job.needs ?? [], job.environment]);
  const rendered = Object.entries(parsed.jobs).map(([id, job]) => [id, job.needs ?? [], job.environment]);
  assert.deepEqual(rendered, model);
});

test("no job has rights that it does not list, and every job ends", () => {
  assert.deepEqual(parsed.permissions, {});
  for (const [id, job] of Object.entries(parsed.jobs)) {
    assert.ok(job.permissions, id);
    assert.ok(job["timeout-minutes"] > 0, id);
    assert.equal(job["runs-on"], "ubuntu-24.04");
  }
});

test("a right to write stands beside its reason", () => {
  const writes = ML_TRAINING.split("\n").filter((line) => /^ +(contents|id-token): write/.test(line));
  assert.equal(writes.length, 6);
  for (const line of writes) assert.match(line, /: write # \w+/);
});

test("a deployment is never cancelled", () => {
  assert.equal(parsed.concurrency["cancel-in-progress"], false);
  assert.deepEqual(parsed.jobs["deploy-production"]?.concurrency, {
    group: "update-production",
    "cancel-in-progress": false,
  });
});

test("every action is pinned to a commit, with its version beside it", () => {
  const lines = ML_TRAINING.split("\n").filter((line) => line.includes("uses:"));
  assert.equal(lines.length, 21);
  for (const line of lines) assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+(\.\d+\.\d+)?$/);
  for (const { commit } of Object.values(actions)) assert.match(commit, /^[0-9a-f]{40}$/);
});

test("no checkout leaves its token behind", () => {
  const checkouts = steps.filter((step) => step.uses?.startsWith("actions/checkout@"));
  assert.equal(checkouts.length, 5);
  for (const { with: inputs } of checkouts) assert.equal(inputs?.["persist-credentials"], false);
});

test("only a step that pushes can log in to the repository, as the releaser where there is one", () => {
  const pushing = steps.filter((step) => step.env?.["PUSH_TOKEN"] !== undefined);
  assert.deepEqual(
    pushing.map(({ name }) => name),
    ["Deploy to staging", "Deploy to production"],
  );
  assert.equal(pushing[0]?.env?.["PUSH_TOKEN"], "${{ secrets.DELIVERY_GITHUB_TOKEN || github.token }}");
  const git = (url: string) =>
    spawnSync("git", ["credential", "fill"], {
      encoding: "utf8",
      input: `url=${url}\n\n`,
      env: {
        PATH: process.env["PATH"],
        GIT_TERMINAL_PROMPT: "0",
        HOME: "/nonexistent",
        ...pushing[0]?.env,
        PUSH_TOKEN: "t0ken",
      },
    }).stdout;
  assert.match(git("https://github.com"), /^username=x-access-token\npassword=t0ken$/m);
  assert.doesNotMatch(git("https://example.com"), /t0ken/);
});

test("no script holds an expression", () => {
  const scripts = steps.flatMap((step) => step.run ?? []);
  assert.ok(scripts.length > 10);
  for (const run of scripts) assert.ok(!run.includes("${{"), run);
});

test("triggers come over", () => {
  assert.deepEqual(parsed.on["push"], { branches: ["main"], paths: ["src/**", "config/**", "schemas/**"] });
  assert.deepEqual(Object.keys(parsed.on), ["push", "workflow_dispatch"]);
});

test("every argument reaches the command as it was written", () => {
  const print = "console.log(JSON.stringify(process.argv.slice(1)))";
  const rendered = render(
    jobOf("a", { steps: [{ name: "Print", run: [process.execPath, "-e", print, "--", ...NASTY_TEXTS] }] }),
  );
  const run = rendered.jobs["a"]?.steps[0]?.run ?? "";
  assert.ok(!run.includes("${{"));
  assert.deepEqual(JSON.parse(bash(run, {})), NASTY_TEXTS);
});

test("the text of a variable is an argument, never code", () => {
  const print = "console.log(JSON.stringify(process.argv.slice(1)))";
  const argument = ["it's $X/", env("NAME"), "/`x`"] as const;
  const rendered = render(
    jobOf("a", {
      env: { NAME: input("experiment_name", "default") },
      steps: [{ name: "Print", run: [process.execPath, "-e", print, "--", [env("NAME")], argument] }],
    }),
  );
  const run = rendered.jobs["a"]?.steps[0]?.run ?? "";
  for (const text of NASTY_TEXTS.filter((nasty) => nasty !== "")) {
    assert.deepEqual(JSON.parse(bash(run, { NAME: text })), [text, `it's $X/${text}/\`x\``]);
  }
});

test("an empty variable stops the script", () => {
  const steps = [{ name: "Touch", run: ["echo", ["s3://", env("BUCKET"), "/models/"]] as const }];
  const run = render(jobOf("a", { env: { BUCKET: secret("BUCKET") }, steps })).jobs["a"]?.steps[0]?.run ?? "";
  assert.throws(() => bash(run, { BUCKET: "" }), /BUCKET: is not set/);
});

test("a fixed text in an env survives YAML and expressions", () => {
  const texts = Object.fromEntries(NASTY_TEXTS.map((text, index) => [`TEXT_${index}`, literal(text)]));
  const rendered = render(jobOf("a", { env: texts })).jobs["a"]?.env ?? {};
  assert.deepEqual(Object.values(rendered).map(evaluateLiteral), NASTY_TEXTS);
});

test("references become expressions", () => {
  assert.equal(encodeValue(secret("KEY")), "${{ secrets.KEY }}");
  assert.equal(encodeValue(stepOutput("gate", "version")), "${{ steps.gate.outputs.version }}");
  assert.equal(encodeValue(jobOutput("train-model", "version")), "${{ needs.train-model.outputs.version }}");
  assert.equal(encodeValue(input("name", "it's")), "${{ inputs.name || 'it''s' }}");
});

test("conditions become expressions", () => {
  const both = {
    when: "all",
    of: [onBranch("main"), equals(stepOutput("check", "has_new_data"), "true")],
  } as const;
  assert.equal(encodeCondition(both), "github.ref == 'refs/heads/main' && steps.check.outputs.has_new_data == 'true'");
  assert.equal(encodeCondition(onBranch("${{ x }}")), "${{ github.ref == 'refs/heads/${{ x }}' }}");
});

test("artifacts are kept by a step of their own, also after a failure", () => {
  const { steps = [] } =
    render(jobOf("a", { steps: [script("Test", "", { artifacts: { name: "report", paths: ["a.xml", "b.xml"] } })] }))
      .jobs["a"] ?? {};
  assert.deepEqual(steps[1], {
    name: "Keep report",
    if: "!cancelled()",
    uses: `actions/upload-artifact@${actions.uploadArtifact.commit}`,
    with: { name: "report", path: "a.xml\nb.xml", "retention-days": 7 },
  });
});

test("a matrix runs on each of GitHub's machines, and one failure stops no other", () => {
  const job = render(
    jobOf("a", {
      machine: matrix("machine"),
      matrix: { machine: ["linux", "windows"], node: ["22"] },
      steps: [{ name: "Node", setUp: { tool: "node", version: matrix("node") } }],
    }),
  ).jobs["a"] as ParsedJob & { strategy: object };
  assert.equal(job["runs-on"], "${{ matrix.machine }}");
  assert.deepEqual(job.strategy, {
    "fail-fast": false,
    matrix: { machine: ["ubuntu-24.04", "windows-2025"], node: ["22"] },
  });
  assert.equal(job.steps[0]?.with?.["node-version"], "${{ matrix.node }}");
});

test("an answer of no goes on, and a failure does not", () => {
  const run = (code: string) =>
    render(jobOf("a", { steps: [script("Ask", code, { id: "ask", answers: true })] })).jobs["a"]?.steps[0]?.run ?? "";
  const file = join(mkdtempSync(join(tmpdir(), "answers-")), "outputs");
  const variables = { GITHUB_OUTPUT: file };
  assert.throws(() => bash(run("process.exitCode = 1"), variables));
  bash(run(`${writeOutputs({ yes: "false" })}; process.exitCode = 1`), variables);
  assert.throws(() => bash(run("process.exitCode = 2"), variables));
  rmSync(dirname(file), { recursive: true });
});

test("a checkout of the latest takes the branch by its name", () => {
  const latest = steps.filter(({ with: inputs }) => inputs?.["ref"] !== undefined);
  assert.equal(latest.length, 2);
  for (const { with: inputs } of latest)
    assert.deepEqual(inputs, { ref: "${{ github.ref_name }}", "persist-credentials": false });
});

test("a form offers its options", () => {
  const options = ["staging", "production"];
  const inputs = { where: { description: "Where", required: true, default: "staging", options } };
  const { on } = parse(renderGitHub({ ...pipelineOf(jobOf("a")), on: { manual: { inputs } } })) as Parsed;
  assert.deepEqual(on["workflow_dispatch"], {
    inputs: { where: { description: "Where", required: true, default: "staging", type: "choice", options } },
  });
});

test("refuses a mail, which GitHub sends by itself", () => {
  const notify = { to: variable("MAIL"), on: ["failure"] } as const;
  assert.throws(() => renderGitHub({ ...pipelineOf(jobOf("a")), notify }), /GitHub Actions does so itself/);
});

const REFUSED: readonly [string, Parameters<typeof jobOf>[1], RegExp][] = [
  ["part of a minute", { timeoutMinutes: 0.5 }, /Job `a` has a timeout of 0.5 minutes; GitHub Actions takes whole/],
  ["a variable of GitHub's own", { env: { GITHUB_SHA: literal("x") } }, /Job `a` sets `GITHUB_SHA` in an env/],
  ["a secret that cannot exist", { env: { T: secret("GITHUB_PAT") } }, /Job `a` reads secret `GITHUB_PAT`/],
  [
    "a job that asks what changed",
    { if: changed("src/**") },
    /Job `a` asks which files changed.* the pipeline's trigger/,
  ],
  ["a broken pipeline", { needs: ["b"] }, /Job `a`: needs job `b`, which does not exist; jobs: `a`/],
];
for (const [name, job, message] of REFUSED) {
  test(`refuses ${name}, naming the job`, () =>
    assert.throws(() => renderGitHub(pipelineOf(jobOf("a", job))), message));
}

/** Runs a script as GitHub does for `shell: bash`. */
function bash(run: string, variables: Record<string, string>): string {
  return execFileSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", run], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], ...variables },
    stdio: "pipe",
  });
}

/** What GitHub makes of a scalar that is a fixed text: an expression of one string, or the text itself. */
function evaluateLiteral(scalar: string): string {
  if (!scalar.includes("${{")) return scalar;
  const text = /^\$\{\{ '(?<text>(?:[^']|'')*)' \}\}$/.exec(scalar)?.groups?.["text"];
  assert.ok(text !== undefined, `not one string: ${scalar}`);
  return text.replaceAll("''", "'");
}
