// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Groovy's expressions look like placeholders
import assert from "node:assert/strict";
import { test } from "node:test";
import { infrastructure } from "../../pipelines/definitions/infrastructure.ts";
import { promote } from "../../pipelines/definitions/promote.ts";
import { testMatrix } from "../../pipelines/definitions/test-matrix.ts";
import { watchdog } from "../../pipelines/definitions/watchdog.ts";
import type { Job, Pipeline } from "../../pipelines/model.ts";
import { jenkinsPipeline } from "../../pipelines/render/files.ts";
import { groovyString, groovyText } from "../../pipelines/render/groovy.ts";
import { renderJenkins } from "../../pipelines/render/jenkins.ts";
import { env, equals, input, jobOutput, literal, secret, stepOutput, variable } from "../../pipelines/values.ts";
import { decodeGroovy, parseBlocks, stringsOf } from "./groovy-blocks.ts";
import { jobOf, NASTY_TEXTS, NODE, pipelineOf, script } from "./support.ts";

const JENKINSFILE = renderJenkins(jenkinsPipeline());
const nodeJob = (id: string, job: Partial<Job> = {}): Job =>
  jobOf(id, { ...job, steps: [...NODE, ...(job.steps ?? [])] });
const render = (...jobs: Job[]) => renderJenkins(pipelineOf(...jobs));

const GROOVY_TEXTS = [
  ...NASTY_TEXTS,
  "\\u0041 \\\\u0041",
  "a'''b\n'''",
  "'''",
  "ends with a quote\n'",
  "$",
  "${1 + 1} $name",
  "\u0000\u0001\u007f",
];

test("a text becomes one Groovy string, whatever is in it", () => {
  for (const text of GROOVY_TEXTS) {
    for (const literal of [groovyString(text), groovyText(text)]) {
      assert.equal(decodeGroovy(literal), text);
      assert.deepEqual(stringsOf(literal), [literal]);
    }
  }
});

test("texts of a pipeline come out of the file as they went in", () => {
  for (const text of GROOVY_TEXTS.filter((nasty) => nasty !== "" && !nasty.includes("\0"))) {
    const file = render(
      nodeJob("a", {
        name: text,
        env: { FIXED: literal(text) },
        steps: [script("Run", "", { env: { T: input("experiment_name", text) } })],
      }),
    );
    const texts = stringsOf(file).map(decodeGroovy);
    assert.equal(texts.filter((each) => each === text).length >= 3, true, JSON.stringify(text));
  }
});

test("CI-03 the file has no string that Groovy looks through for expressions", () => {
  // Strings and comments taken out, no double quote, slashy or dollar string is left, and no dollar.
  const code = JENKINSFILE.replaceAll(/'''(?:[^\\]|\\[\s\S])*?'''|'(?:[^'\\\n]|\\.)*'|\/\/[^\n]*/g, "''");
  assert.doesNotMatch(code, /["$`/]/);
});

test("CI-03 what somebody types reaches commands by their environment alone", () => {
  const lines = JENKINSFILE.split("\n").filter((line) => line.includes("params."));
  assert.deepEqual(
    lines.map((line) => line.trim()),
    ["'EXPERIMENT_NAME=' + (params.experiment_name ?: 'default'),"],
  );
});

test("CI-05 no shell prints its commands", () => {
  assert.equal(JENKINSFILE.match(/\bsh\(/g)?.length, 2);
  assert.match(JENKINSFILE, /sh\('#!\/usr\/bin\/env bash\\nset -euo pipefail\\n' \+ script\)/);
  assert.doesNotMatch(JENKINSFILE, /set -\w*x/);
});

test("the first line says that the file is generated, and from what", () => {
  assert.match(JENKINSFILE, /^\/\/ Generated from pipelines\/definitions\/delivery\.ts; do not edit\. /);
  assert.equal(renderJenkins(jenkinsPipeline()), JENKINSFILE);
  parseBlocks(JENKINSFILE);
});

test("independent jobs run side by side, each on a fresh checkout", () => {
  const [checks, ...rest] =
    parseBlocks(JENKINSFILE)
      .children.find(({ head }) => head === "pipeline")
      ?.children.find(({ head }) => head === "stages")?.children ?? [];
  const parallel = checks?.children.find(({ head }) => head === "parallel")?.children ?? [];
  assert.deepEqual(
    parallel.map(({ head }) => head),
    ["stage('Validate the data')", "stage('Lint and check types')", "stage('Test the parts, measure coverage')"],
  );
  for (const stage of [...parallel, ...rest]) assert.match(stage.all, /checkout scm/);
  assert.match(JENKINSFILE, /skipDefaultCheckout\(\)/);
});

test("the accuracy is read back from the step that measured it, and shown to whoever approves", () => {
  assert.match(JENKINSFILE, /env\.OUTPUT_TRAIN_MODEL_EVALUATE_ACCURACY = output\('accuracy'\)/);
  assert.match(
    JENKINSFILE,
    /input\(message: 'Deploy to production\?' \+ '\\naccuracy: ' \+ \(env\.OUTPUT_TRAIN_MODEL_EVALUATE_ACCURACY \?: ''\)/,
  );
  assert.match(JENKINSFILE, /if \(!env\.PRODUCTION_APPROVERS\) \{ error\(/);
});

test("an end is mailed, artifacts are kept whatever happened, and workspaces are cleaned", () => {
  for (const end of ["success", "failure"]) {
    assert.match(
      JENKINSFILE,
      new RegExp(`${end} \\{\\s+script \\{\\s+emailext\\(subject: 'delivery: ${end}, ' \\+ env\\.JOB_NAME`),
    );
  }
  assert.match(
    JENKINSFILE,
    /always \{\s+archiveArtifacts\(artifacts: 'coverage\.lcov', allowEmptyArchive: true\)\s+cleanWs\(\)/,
  );
  assert.equal(JENKINSFILE.match(/cleanWs\(\)/g)?.length, jenkinsPipeline().jobs.length);
});

test("secrets are bound as credentials around the one step that gets them", () => {
  const file = render(
    nodeJob("a", {
      environment: "staging",
      env: { BUCKET: variable("BUCKET") },
      steps: [script("With", "", { env: { KEY: secret("API_KEY") } }), script("Without", "")],
    }),
  );
  const stages = file.split("stage('Without')");
  assert.match(stages[0] ?? "", /string\(credentialsId: 'STAGING_API_KEY', variable: 'KEY'\)/);
  assert.doesNotMatch(stages[1] ?? "", /credentials/i);
  assert.match(file, /'BUCKET=' \+ \(env\.STAGING_BUCKET \?: ''\)/);
});

test("a condition of a step, an answer and an output of a job", () => {
  const ask = script("Ask", "", { id: "ask", answers: true });
  const first = nodeJob("first", {
    steps: [ask, script("Then", "", { if: equals(stepOutput("ask", "yes"), "it's") })],
    outputs: { yes: stepOutput("ask", "yes") },
  });
  const second = nodeJob("second", { needs: ["first"], if: equals(jobOutput("first", "yes"), "true") });
  const file = render(first, second);
  assert.match(file, /\|\| \{ \[ \$\? -eq 1 \] && \[ -s "\$GITHUB_OUTPUT" \]; \}/);
  assert.match(file, /if \(\(env\.OUTPUT_FIRST_ASK_YES \?: ''\) == 'it\\'s'\) \{/);
  assert.match(file, /expression \{ \(env\.OUTPUT_FIRST_ASK_YES \?: ''\) == 'true' \}/);
});

test("a form, and what it starts", () => {
  const file = renderJenkins(promote());
  assert.match(file, /choice\(name: 'action', description: '[^']+', choices: \['go on', 'pause', 'abort'\]\)/);
  assert.match(file, /if \(\(params\.action \?: ''\) == 'abort'\) \{/);
});

test("a matrix becomes a stage for each combination", () => {
  const [job] = testMatrix().jobs;
  assert.ok(job);
  const file = render({ ...job, matrix: { machine: ["linux"], node: ["22", "24"] } });
  assert.match(file, /stage\('Test the parts \(linux, 22\)'\)[\s\S]+image 'node:22'/);
  assert.match(file, /stage\('Test the parts \(linux, 24\)'\)[\s\S]+image 'node:24'/);
});

const REFUSED: readonly [string, Pipeline, RegExp][] = [
  ["paths on a trigger", infrastructure(), /`infrastructure` starts where certain files change.* Put a `changed`/],
  ["a Windows machine", testMatrix(), /Job `test` runs on windows/],
  ["the job's own token", watchdog(), /Job `watch` uses the job's own token, which Jenkins does not have/],
  [
    "a group that cancels",
    pipelineOf(nodeJob("a", { concurrency: { group: "g", whenBusy: "cancelRunning" } })),
    /Job `a` would cancel another one of its group/,
  ],
  [
    "a job without Node.js",
    pipelineOf(jobOf("a", { steps: [{ name: "Go", run: ["go", [env("X")]] }], env: { X: literal("x") } })),
    /sets up no Node\.js/,
  ],
];
for (const [name, pipeline, message] of REFUSED) {
  test(`refuses ${name}, with what to do instead`, () => assert.throws(() => renderJenkins(pipeline), message));
}
