import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPipeline } from "../../pipelines/check.ts";
import type { Job } from "../../pipelines/model.ts";
import { env, equals, input, jobOutput, literal, matrix, secret, stepOutput } from "../../pipelines/values.ts";
import { jobOf, pipelineOf, script } from "./support.ts";

test("a sound pipeline has no problems", () => {
  const build = jobOf("build", {
    steps: [script("Build", "", { id: "build" })],
    outputs: { version: stepOutput("build", "version") },
  });
  const ship = jobOf("ship", {
    needs: ["build"],
    env: { VERSION: jobOutput("build", "version") },
    steps: [{ name: "Ship", run: ["ship", [env("VERSION")]] }],
  });
  assert.deepEqual(checkPipeline(pipelineOf(build, ship)), []);
});

const CASES: readonly [name: string, jobs: Job[], problems: string[]][] = [
  [
    "a need that does not exist, with those that do",
    [jobOf("build"), jobOf("ship", { needs: ["biuld"] })],
    ["Job `ship`: needs job `biuld`, which does not exist; jobs: `build`, `ship`."],
  ],
  [
    "jobs that need each other",
    [jobOf("a", { needs: ["c"] }), jobOf("b", { needs: ["a"] }), jobOf("c", { needs: ["b"] })],
    ["Jobs need each other in a circle: `a` → `c` → `b` → `a`."],
  ],
  ["two jobs of one name", [jobOf("a"), jobOf("a")], ["Two jobs are called `a`; give each its own id."]],
  [
    "two steps of one id",
    [jobOf("a", { steps: [script("One", "", { id: "x" }), script("Two", "", { id: "x" })] })],
    ["Job `a`: two steps are called `x`; give each its own id."],
  ],
  [
    "an output of a step without an id",
    [jobOf("a", { steps: [script("Check", "")], outputs: { better: stepOutput("compare", "is_better") } })],
    ["Job `a`: output `better`: no earlier step has the id `compare`; earlier ids: (none)."],
  ],
  [
    "a condition on a step that comes later",
    [
      jobOf("a", {
        steps: [
          script("Train", "", { if: equals(stepOutput("check", "has_new_data"), "true") }),
          script("Check", "", { id: "check" }),
        ],
      }),
    ],
    ["Job `a`: step `Train`: condition: no earlier step has the id `check`; earlier ids: (none)."],
  ],
  [
    "an output of a job that is not needed",
    [jobOf("a", { outputs: { v: literal("1") } }), jobOf("b", { env: { V: jobOutput("a", "v") } })],
    ["Job `b`: env `V`: reads job `a`, which it does not need; needs: (none)."],
  ],
  [
    "an output that a job does not have",
    [jobOf("a", { outputs: { v: literal("1") } }), jobOf("b", { needs: ["a"], env: { V: jobOutput("a", "w") } })],
    ["Job `b`: env `V`: job `a` has no output `w`; outputs: `v`."],
  ],
  [
    "an argument whose variable is not in the env",
    [jobOf("a", { env: { OTHER: literal("x") }, steps: [{ name: "Go", run: ["go", [env("BUCKET")]] }] })],
    ["Job `a`: step `Go`: an argument reads `BUCKET`, which is not in its env; env: `OTHER`."],
  ],
  [
    "an input that does not exist",
    [jobOf("a", { env: { NAME: input("nmae") } })],
    ["Job `a`: env `NAME`: there is no input `nmae`; inputs: `experiment_name`."],
  ],
  [
    "a name that is code",
    [jobOf("a", { env: { "X; rm": secret("A }} B") } })],
    [
      "Job `a`: env `X; rm`: `A }} B` is no name for a secret: letters, digits and `_`, no digit first.",
      "Job `a`: env `X; rm`: an environment variable's name holds letters, digits and `_` only, and starts with no digit.",
    ],
  ],
  [
    "a deployment that would be cancelled, without a limit on its time",
    [
      jobOf("a", {
        environment: "production",
        timeoutMinutes: 0,
        concurrency: { group: "g", whenBusy: "cancelRunning" },
      }),
    ],
    [
      "Job `a`: `timeoutMinutes` is 0; it must be above 0 and at most 360.",
      'Job `a`: it has an environment and would be cancelled while it changes it; use `whenBusy: "wait"`.',
    ],
  ],
  [
    "a push without the right to",
    [jobOf("a", { permissions: { contents: "read" }, steps: [script("Commit", "", { pushes: true })] })],
    ["Job `a`: step `Commit`: it pushes commits, which its job may not; give the job `contents: { write: … }`."],
  ],
  [
    "cloud rights outside an environment",
    [jobOf("a", { permissions: { idToken: { write: "deploys" } } })],
    ["Job `a`: it may ask for cloud tokens and has no environment to hold approvals; give it one."],
  ],
];

const MORE_CASES: typeof CASES = [
  [
    "an approval that nobody is asked for",
    [jobOf("a", { approval: { question: "Go?" } })],
    ["Job `a`: it waits for an approval and has no environment to say whose; give it one."],
  ],
  [
    "a stage that comes before what its job needs",
    [jobOf("a", { stage: "deploy" }), jobOf("b", { stage: "test", needs: ["a"] })],
    [
      "Job `b`: is in stage `test` and needs job `a` of the later stage `deploy`; stages: `validate`, `test`, `train`, `deploy`.",
    ],
  ],
  [
    "a matrix without values, on machines that do not exist, with outputs",
    [jobOf("a", { machine: matrix("m"), matrix: { m: ["plan9"], n: [] }, outputs: { v: literal("1") } })],
    [
      "Job `a`: `n` of its matrix has no values; the job would never run.",
      "Job `a`: its matrix asks for machine `plan9`; machines: `linux`, `windows`.",
      "Job `a`: it has a matrix and outputs, and each combination would overwrite them; give up one.",
    ],
  ],
  [
    "a value that the matrix does not have",
    [jobOf("a", { matrix: { node: ["24"] }, env: { V: matrix("nodes") } })],
    ["Job `a`: env `V`: its matrix has no `nodes`; it has `node`."],
  ],
  [
    "an artifact that no job before keeps",
    [
      jobOf("a", { steps: [script("Keep", "", { artifacts: { name: "plan", paths: ["p"] } })] }),
      jobOf("b", { steps: [{ name: "Take", setUp: { tool: "artifact", name: "plan" } }] }),
    ],
    ["Job `b`: step `Take`: no job before this one keeps an artifact `plan`; kept: (none)."],
  ],
];

for (const [name, jobs, problems] of [...CASES, ...MORE_CASES]) {
  test(`names ${name}`, () => assert.deepEqual(checkPipeline(pipelineOf(...jobs)), problems));
}

test("a form whose default is none of its options is a problem", () => {
  const inputs = {
    where: { description: "Where", required: true, default: "prod", options: ["staging", "production"] },
  };
  const problems = checkPipeline({ ...pipelineOf(jobOf("a")), on: { manual: { inputs } } });
  assert.deepEqual(problems, [
    "Input `where` has the default `prod`, which is none of its options: `staging`, `production`.",
  ]);
});

test("a pipeline that nothing starts is a problem", () => {
  const problems = checkPipeline({ ...pipelineOf(jobOf("a")), on: {} });
  assert.deepEqual(problems, ["Nothing starts pipeline `test-pipeline`; give it a trigger."]);
});

test("a run that would cancel a deployment of the run before is a problem", () => {
  const jobs = [jobOf("lint"), jobOf("deploy", { environment: "staging" })];
  const problems = checkPipeline({ ...pipelineOf(...jobs), whenBusy: "cancelRunning" });
  assert.deepEqual(problems, ['A new run would cancel `deploy` in the middle; use `whenBusy: "wait"`.']);
});
