import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { readSecrets } from "../../../emulator/github/secrets.ts";
import { prepareHarness } from "../../../tools/jenkins/harness.ts";
import { runGitLab } from "../../../tools/rehearsal/ci/gitlab/engine.ts";
import { runJenkins } from "../../../tools/rehearsal/ci/jenkins/engine.ts";
import { Refused, type Stage } from "../../../tools/rehearsal/stages.ts";
import { createProgress } from "../../../tools/setup/progress.ts";
import { FULL } from "../../support/counts.ts";
import { leaks } from "../../support/encodings.ts";
import { createTeam, type Team } from "./team.ts";

// From data to production by the engines of two CI systems, one after the other, on one repository. Each says yes or no
// once in every run; `--full` has both say both.

let team: Team;
const logs: Record<string, string> = {};

before(async () => {
  team = await createTeam("gitlab");
  await team.bring("first");
});
after(async () => await team?.end());

const harnessMissing = await prepareHarness(createProgress({ write: () => true })).then(
  () => false as const,
  (error: Error) => `the Jenkins harness is not there: ${error.message}`,
);

/** Names of what passed, in the order of `all`: jobs that need nothing of each other end in any order. */
const passed = (stages: readonly Stage[], all: readonly string[]) =>
  names(stages).sort((a, b) => all.indexOf(a) - all.indexOf(b));
const names = (stages: readonly Stage[]) => stages.flatMap(({ name, status }) => (status === "passed" ? name : []));
const serving = (traffic: Record<string, number>) =>
  Object.fromEntries(Object.entries(traffic).filter(([, percent]) => percent > 0));
const live = (traffic: Record<string, number>) => Object.values(serving(traffic));

describe("GitLab's pipeline, run by gitlab-ci-local", () => {
  it("stops before production where nobody starts the manual job", { skip: !FULL && "only with --full" }, async () => {
    const { stages, error, lines } = await team.deliver(runGitLab, false);
    logs["GitLab, refused"] = lines;
    assert.ok(error instanceof Refused, String(error));
    assert.deepEqual(passed(stages, GITLAB_STAGES), GITLAB_STAGES.slice(0, -2));
    assert.deepEqual(live(await team.traffic("staging")), [100]);
    assert.deepEqual(live(await team.traffic("production")), []);
  });

  it("takes a first model from data to all of production once the manual job is started", async () => {
    const { stages, error, lines } = await team.deliver(runGitLab, true);
    logs["GitLab, approved"] = lines;
    assert.equal(error, undefined);
    assert.deepEqual(passed(stages, GITLAB_STAGES), GITLAB_STAGES);
    assert.deepEqual(live(await team.traffic("production")), [100]);
    assert.deepEqual(await team.written("production"), serving(await team.traffic("production")));
  });
});

describe("the Jenkinsfile, run by the Groovy harness", { skip: harnessMissing }, () => {
  let before: Record<string, number>;

  it("stops before production where the approver says no", async () => {
    await team.bring("later");
    await team.moveTo("jenkins");
    before = await team.traffic("production");
    const { stages, error, lines } = await team.deliver(runJenkins, false);
    logs["Jenkins, refused"] = lines;
    assert.ok(error instanceof Refused, String(error));
    assert.deepEqual(passed(stages, JENKINS_STAGES), JENKINS_STAGES.slice(0, -2));
    assert.equal(stages.at(-1)?.name, "Deploy to production: approval");
    assert.equal(stages.at(-1)?.status, "refused");
    assert.deepEqual(await team.traffic("production"), before);
    // What went to staging is on main, though the build was stopped after it.
    assert.deepEqual(await team.written("staging"), serving(await team.traffic("staging")));
  });

  it("takes the next model to a canary in production", { skip: !FULL && "only with --full" }, async () => {
    const { stages, error, lines } = await team.deliver(runJenkins, true);
    logs["Jenkins, approved"] = lines;
    assert.equal(error, undefined);
    assert.deepEqual(passed(stages, JENKINS_STAGES), JENKINS_STAGES);
    assert.deepEqual(live(await team.traffic("production")).sort(), [10, 90]);
    assert.deepEqual(await team.written("production"), serving(await team.traffic("production")));
  });
});

it("no secret stands in any log or kept file, in whatever form", async () => {
  const home = path.join(team.home, "emulator");
  const secrets = Object.fromEntries(
    Object.entries(await readSecrets(home, "example-org", "plant-classifier", "staging")).filter(
      // An address on this machine, which tests of it print.
      ([name]) => name !== "STAGING_ENDPOINT_URL",
    ),
  );
  assert.ok(Object.keys(secrets).length > 0);
  const kept = readdirSync(path.join(team.home, "ci"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /[/\\]artifacts([/\\]|$)/.test(entry.parentPath))
    .map((entry) => path.join(entry.parentPath, entry.name));
  const files = Object.fromEntries(kept.map((file) => [file, readFileSync(file, "latin1")]));
  assert.deepEqual(leaks({ ...secrets, token: team.place.env["GITHUB_TOKEN"] ?? "" }, { ...logs, ...files }), []);
});

const GITLAB_STAGES = [
  "Validate the data",
  "Lint and check types",
  "Test the parts, measure coverage",
  "Train, evaluate, pass the gate",
  "Deploy to staging",
  "Test the staging endpoint",
  "Deploy to production?",
  "Deploy to production",
];

const JENKINS_STAGES = [
  "Validate data",
  "Lint",
  "Check types",
  "Test with coverage",
  "Prepare data",
  "Train model",
  "Evaluate model",
  "Write the model card",
  "Model validation gate",
  "Deploy to staging",
  "Run integration tests",
  "Deploy to production: approval",
  "Deploy to production",
];
