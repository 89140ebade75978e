// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Groovy's and the shell's expressions look like placeholders
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { jenkinsPipeline } from "../../pipelines/render/files.ts";
import { groovyString, groovyText } from "../../pipelines/render/groovy.ts";
import { renderJenkins } from "../../pipelines/render/jenkins.ts";
import { type Build, type BuildEvent, type Finished, runBuild } from "../../tools/jenkins/build.ts";
import { type Harness, prepareHarness } from "../../tools/jenkins/harness.ts";
import { createProgress } from "../../tools/setup/progress.ts";
import { NASTY_TEXTS } from "./support.ts";

const home = mkdtempSync(join(tmpdir(), "ml-delivery-jenkins-"));
after(() => rmSync(home, { recursive: true, force: true }));

const harness: Harness | string = await prepareHarness(createProgress({ write: () => true })).catch(
  (error: Error) => error.message,
);
const skip = typeof harness === "string" ? `the Jenkins harness is not there: ${harness}` : false;

interface Ran {
  readonly ending: Finished;
  readonly events: readonly BuildEvent[];
  readonly lines: readonly string[];
  readonly folder: string;
}

async function build(jenkinsfile: string, given: Partial<Build> = {}): Promise<Ran> {
  assert.ok(typeof harness !== "string");
  const folder = mkdtempSync(join(home, "build-"));
  const file = join(folder, "Jenkinsfile");
  writeFileSync(file, jenkinsfile);
  const events: BuildEvent[] = [];
  const environment = { PATH: process.env["PATH"] ?? "" };
  const whole = { jenkinsfile: file, folder, environment, variables: { BRANCH_NAME: "main" }, ...given };
  const ending = await runBuild(harness, whole, (event) => events.push(event));
  return { ending, events, lines: events.flatMap((event) => (event.type === "line" ? event.text : [])), folder };
}

/** A pipeline of one stage with these steps. */
const steps = (body: string) =>
  `pipeline {\n agent any\n options { skipDefaultCheckout() }\n stages { stage('one') { steps { script {\n${body}\n} } } }\n}\n`;
const ends = ({ events }: Ran) =>
  events.flatMap((event) =>
    event.type === "end"
      ? `${event.stages.at(-1)}: ${event.status}`
      : event.type === "skipped"
        ? `${event.stages.at(-1)}: skipped`
        : [],
  );

test("Groovy's own compiler reads the project's Jenkinsfile, every directive and helper of it", { skip }, async () => {
  // Nothing it has is refused; on another branch no stage that needs a cloud runs, and no shell is there for the others.
  const ran = await build(renderJenkins(jenkinsPipeline()), { environment: {}, variables: { BRANCH_NAME: "other" } });
  assert.equal(ran.ending.result, "FAILURE");
  assert.ok(ends(ran).includes("Validate the data: skipped"));
  const mails = ran.events.flatMap((event) => (event.type === "mail" ? event.subject : []));
  assert.deepEqual(mails, ["delivery: failure, null null"]);
});

test("stages side by side read what the build was given, each for itself", { skip }, async () => {
  const url = mkdtempSync(join(home, "repository-"));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: url, encoding: "utf8" }).trim();
  git("init", "--quiet", "--initial-branch", "main");
  git(
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@example.com",
    "commit",
    "--quiet",
    "--allow-empty",
    "--message",
    "Start",
  );
  const repository = { url, branch: "main", commit: git("rev-parse", "HEAD") };
  const names = Array.from({ length: 16 }, (_, i) => `branch ${i}`);
  const stages = names.map((name) => `stage('${name}') { agent any\n steps { checkout scm } }`);
  const body = `parallel {\n${stages.join("\n")}\n}`;
  const jenkinsfile = `pipeline {\n agent none\n options { skipDefaultCheckout() }\n stages { stage('all') { ${body} } }\n}\n`;
  for (let time = 0; time < 5; time += 1) {
    const ran = await build(jenkinsfile, { repository });
    assert.deepEqual([ran.ending.result, ran.ending.reason], ["SUCCESS", null]);
    assert.deepEqual(ends(ran).sort(), [...names.map((name) => `${name}: success`), "all: success"].sort());
  }
});

test("CI-03 hostile texts arrive in a shell as text", { skip }, async () => {
  const texts = [
    ...NASTY_TEXTS,
    "$(touch PWNED)",
    "`touch PWNED`",
    "'; touch PWNED; '",
    "${1 + 1} $name",
    "a'''b",
    "\\u0041",
  ].filter((text) => !text.includes("\0"));
  const calls = texts.flatMap((text, index) =>
    [groovyString, groovyText].map(
      (encode, form) =>
        `withEnv(['T=' + ${encode(text)}]) { sh('#!/bin/sh\\nprintf %s "$T" > "$OUT/${index}-${form}"') }`,
    ),
  );
  const out = mkdtempSync(join(home, "texts-"));
  const { ending, folder } = await build(steps(calls.join("\n")), { variables: { OUT: out } });
  assert.deepEqual([ending.result, ending.reason], ["SUCCESS", null]);
  for (const [index, text] of texts.entries()) {
    for (const form of [0, 1]) assert.equal(readFileSync(join(out, `${index}-${form}`), "utf8"), text);
  }
  assert.equal(
    readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith("PWNED")),
    false,
  );
});

const QUESTION = `pipeline {
  agent none
  stages {
    stage('Ask') { steps { input(message: 'Deploy?', submitter: 'ann,bob') } }
    stage('Deploy') { agent any
      options { skipDefaultCheckout() }
      steps { sh 'touch "$OUT/deployed"' } }
  }
  post {
    always { echo 'always' }
    success { echo 'success' }
    failure { echo 'failure' }
    aborted { echo 'aborted' }
  }
}
`;
const ANSWERS = [
  ["given", { by: "ann", proceed: true }, "SUCCESS", null, ["always", "success"]],
  ["refused", { by: "bob", proceed: false }, "ABORTED", "Rejected by bob", ["always", "aborted"]],
  [
    "given by somebody who may not",
    { by: "eve", proceed: true },
    "FAILURE",
    "eve may not answer; ann, bob may",
    ["always", "failure"],
  ],
] as const;
for (const [name, answer, result, reason, posts] of ANSWERS) {
  test(`an approval ${name} ends as ${result}`, { skip }, async () => {
    const out = mkdtempSync(join(home, "asked-"));
    const ran = await build(QUESTION, { answer, variables: { OUT: out } });
    assert.deepEqual([ran.ending.result, ran.ending.reason], [result, reason]);
    assert.equal(existsSync(join(out, "deployed")), result === "SUCCESS");
    assert.deepEqual(
      ran.lines.filter((line) => !line.startsWith("+")),
      posts,
    );
  });
}

test("credentials are masked where they are bound, and their files go with the block", { skip }, async () => {
  const secret = "it's $3cret/value";
  const { lines, ending } = await build(
    steps(`withCredentials([string(credentialsId: 'KEY', variable: 'KEY'), file(credentialsId: 'TOKEN', variable: 'TOKEN')]) {
      sh('#!/bin/sh\\necho "raw $KEY"; printf %s "$KEY" | base64; cat "$TOKEN"; echo; ls -l "$TOKEN" | cut -c1-10')
      env.WHERE = env.TOKEN
    }
    echo(fileExists('nothing') ? 'there' : 'gone')
    sh('#!/bin/sh\\ntest ! -e "$WHERE"; echo "after: \${KEY-unset}"')`),
    { credentials: { KEY: { kind: "string", text: secret }, TOKEN: { kind: "file", text: "a token" } } },
  );
  assert.deepEqual([ending.result, ending.reason], ["SUCCESS", null]);
  assert.deepEqual(lines, ["raw ****", "****", "a token", "-rw-------", "gone", "after: unset"]);
});

test("stages side by side all end, what follows a failure does not begin, and files reach later stages", {
  skip,
}, async () => {
  const ran = await build(`pipeline {
    agent none
    options { skipDefaultCheckout() }
    stages {
      stage('Both') { parallel {
        stage('good') { agent any
          steps { sh 'mkdir -p out/deep && echo kept > out/deep/a.txt'
            stash(name: 'files', includes: 'out/**')
            archiveArtifacts(artifacts: 'out/**/*.txt') } }
        stage('retried') { agent any
          options { retry(2) }
          steps { sh 'test -e ../again || { touch ../again; exit 7; }' } }
      } }
      stage('later') { agent any
        steps { unstash 'files'
          sh(script: '#!/bin/sh\\ncat out/deep/a.txt')
          script { if (sh(script: 'exit 4', returnStatus: true) != 4) { error 'wrong status' } }
          sh '#!/bin/sh\\nexit 5' } }
      stage('never') { agent any
        steps { echo 'never' } }
    }
  }`);
  assert.deepEqual([ran.ending.result, ran.ending.code], ["FAILURE", 5]);
  assert.deepEqual(ends(ran).sort(), ["Both: success", "good: success", "later: failure", "retried: success"]);
  assert.ok(ran.lines.includes("kept"));
  assert.equal(readFileSync(join(ran.folder, "artifacts/out/deep/a.txt"), "utf8"), "kept\n");
});

test("a workspace is cleaned and searched without what its links lead to", { skip }, async () => {
  const outside = mkdtempSync(join(home, "outside-"));
  mkdirSync(join(outside, "deep"));
  writeFileSync(join(outside, "deep", "kept.txt"), "kept");
  const { ending, folder } = await build(
    steps(`sh('#!/bin/sh\\nln -s "$OUTSIDE" link; mkdir own; ln -s "$OUTSIDE/deep" own/inner; touch own/found.txt')
    archiveArtifacts(artifacts: '**/*.txt')
    dir('own') { deleteDir() }
    sh('#!/bin/sh\\ntest ! -e own')
    cleanWs()`),
    { variables: { OUTSIDE: outside } },
  );
  assert.deepEqual([ending.result, ending.reason], ["SUCCESS", null]);
  assert.equal(readFileSync(join(outside, "deep", "kept.txt"), "utf8"), "kept");
  assert.deepEqual(readdirSync(join(folder, "artifacts"), { recursive: true }), ["own", join("own", "found.txt")]);
  assert.deepEqual(readdirSync(join(folder, "workspaces")), []);
});

test("a step over its time is ended, and the build with it", { skip }, async () => {
  const { ending } = await build(steps("timeout(time: 300, unit: 'MILLISECONDS') { sh 'sleep 60' }"));
  assert.deepEqual([ending.result, ending.reason], ["ABORTED", "Timeout has been exceeded"]);
});

const WHEN = (condition: string) =>
  `pipeline { agent none\n stages { stage('one') { when { ${condition} }\n steps { echo 'ran' } } } }\n`;
test("a stage runs when its branch, its files or its cause say so", { skip }, async () => {
  const conditions: readonly [string, boolean][] = [
    ["branch 'main'", true],
    ["not { branch 'main' }", false],
    ["anyOf { changeset 'src/**'\n triggeredBy 'UserIdCause' }", true],
    ["changeset 'config/**'", false],
    ["changeset '**/*.ts'", true],
    ["changeset '*.ts'", false],
    ["allOf { branch 'main'\n expression { params.isEmpty() } }", true],
  ];
  const stages = conditions.map(
    ([condition], index) => `stage('${index}') { when { ${condition} }\n steps { echo '${index}' } }`,
  );
  const { lines } = await build(`pipeline { agent none\n stages {\n${stages.join("\n")}\n} }`, {
    changed: ["src/deep/a.ts"],
  });
  assert.deepEqual(
    lines,
    conditions.flatMap(([, holds], index) => (holds ? String(index) : [])),
  );
});

const UNKNOWN: readonly [string, string, RegExp][] = [
  ["a step", steps("nuke('it')"), /There is no step `nuke` here/],
  ["an argument", steps("sh(script: 'true', encoding: 'x')"), /`sh` has no argument `encoding` here/],
  ["a directive", "pipeline { agent any\n matrix { }\n stages { } }", /There is no `matrix` in `pipeline` here/],
  ["an option", "pipeline { agent any\n options { quietPeriod(5) }\n stages { } }", /no `quietPeriod` in `options`/],
  ["a condition", WHEN("tag 'v*'"), /There is no `tag` in `when` here/],
  ["a stage without steps", "pipeline { agent any\n stages { stage('one') { } } }", /Stage `one` has no steps/],
  ["Groovy that does not parse", "pipeline { agent any", /Jenkinsfile: 1/],
];
for (const [name, file, message] of UNKNOWN) {
  test(`refuses ${name} that it does not know`, { skip }, () => assert.rejects(build(file), message));
}
