import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { readSecrets } from "../../../emulator/github/secrets.ts";
import { setByHand } from "../../../tools/rehearsal/ci/github/administrator.ts";
import { dispatch, pullRequest, push } from "../../../tools/rehearsal/ci/github/events.ts";
import { runWorkflow, type WorkflowRun } from "../../../tools/rehearsal/ci/github/run.ts";
import { openRunner } from "../../../tools/rehearsal/ci/github/runner.ts";
import { github } from "../../../tools/rehearsal/ci/github.ts";
import { FULL } from "../../support/counts.ts";
import { projectRoot } from "../../support/emulator.ts";
import { leaks } from "../../support/encodings.ts";
import { judge } from "../../support/judges.ts";
import { createTeam, type Team } from "./team.ts";

// GitHub's workflows by act, with the real commands, against the emulator. One home serves all: each test goes on from
// where the one before it ended.

const { skip } = judge("act");
const PLANTED = "planted/9f8e7d+6c5b-4a39=secret";
const REPOSITORY = "example-org/plant-classifier";
let team: Team;

before(async () => {
  if (!skip) team = await createTeam("github");
});
after(() => team?.end());

const git = (...args: string[]) => {
  const env = { ...team.place.env, GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@localhost" };
  return execFileSync("git", args, { cwd: team.place.clone, env, encoding: "utf8" }).trim();
};

const repository = () => ({
  emulatorHome: join(team.home, "emulator"),
  owner: "example-org",
  name: "plant-classifier",
});
const live = (traffic: Record<string, number>) =>
  Object.values(traffic)
    .filter((percent) => percent > 0)
    .sort((a, b) => a - b);
let runs = 0;
const ran: WorkflowRun[] = [];
let comment = "";

async function run(file: string, event: Parameters<typeof runWorkflow>[2]): Promise<WorkflowRun> {
  const runner = await openRunner(projectRoot, team.place, repository());
  runs += 1;
  const done = await runWorkflow(runner, file, event, join(team.home, "ci", `by-hand-${runs}`));
  ran.push(done);
  return done;
}

/** Started by hand on the newest commit of main. */
async function byHand(file: string, inputs: Record<string, string>): Promise<WorkflowRun> {
  git("pull", "--quiet", "--rebase", "origin", "main");
  return await run(file, dispatch("main", git("rev-parse", "HEAD"), inputs));
}

/** Path and content of every file below a folder. */
function filesIn(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file, readFileSync(file, "latin1")]);
}

const words = (done: WorkflowRun) => readFileSync(done.log, "utf8").split("\n").slice(-40).join("\n");

describe("GitHub's workflows by act, with the real commands", { skip }, () => {
  it("bring a first model from a push to all of production", async () => {
    await team.bring("first");
    const { stages, error } = await team.deliver(github, true);
    assert.ifError(error);
    assert.deepEqual(
      stages.map(({ name, status }) => [name, status]),
      [
        "Validate data",
        "Prepare data",
        "Train model",
        "Evaluate model",
        "Write the model card",
        "Model validation gate",
        "Deploy to staging",
        "Run integration tests",
        "Deploy to production",
      ].map((name) => [name, "passed"]),
    );
    assert.deepEqual(live(await team.traffic("production")), [100]);
  });

  it("bring a second one to a tenth of production's requests", async () => {
    await team.bring("later");
    const { error } = await team.deliver(github, true);
    assert.ifError(error);
    assert.deepEqual(live(await team.traffic("production")), [10, 90]);
  });

  it("send the canary back where `promote` is told to", async () => {
    const done = await byHand("promote.yml", { action: "abort" });
    assert.equal(done.result, "success", words(done));
    assert.deepEqual(live(await team.traffic("production")), [100]);
  });

  it("roll staging back, with the reason on record as it was typed", async () => {
    const reason = `"$(touch PWNED)" \${{ github.token }} it's slow`;
    const done = await byHand("rollback.yml", { environment: "staging", reason });
    assert.equal(done.result, "success", words(done));
    git("pull", "--quiet", "--rebase", "origin", "main");
    assert.ok(git("log", "-1", "--format=%B").includes(reason));
    assert.equal(done.jobs["rollback-production"], "skipped");
  });

  it("comment on what a pull request changes", async () => {
    for (const environment of ["staging-preview", "production-preview"]) {
      const { env } = team.place;
      const at = { api: env["GITHUB_API_URL"] ?? "", token: env["GITHUB_TOKEN"] ?? "", fullName: REPOSITORY };
      await setByHand(at, environment, { PLANTED }, {});
    }
    const base = git("rev-parse", "HEAD");
    git("checkout", "--quiet", "-B", "feature");
    const file = join(team.place.clone, "Pulumi.production.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("monthlyBudget: 1000", "monthlyBudget: 1001"));
    git("commit", "--quiet", "--all", "--message", "Raise the budget");
    git("push", "--quiet", "origin", "feature");
    const head = git("rev-parse", "HEAD");
    git("checkout", "--quiet", "main");
    const sides = {
      head: { branch: "feature", commit: head, repository: REPOSITORY },
      base: { branch: "main", commit: base, repository: REPOSITORY },
    };
    const { env } = team.place;
    const opened = await fetch(`${env["GITHUB_API_URL"]}/repos/${REPOSITORY}/pulls`, {
      method: "POST",
      headers: { authorization: `Bearer ${env["GITHUB_TOKEN"]}` },
      body: JSON.stringify({ title: "Raise the budget", head: "feature", base: "main" }),
    });
    const { number } = (await opened.json()) as { number: number };
    const done = await run(
      "infrastructure.yml",
      pullRequest({ number, title: "Raise the budget", ...sides, merged: head }),
    );
    assert.equal(done.result, "success", words(done));

    const comments = await fetch(`${env["GITHUB_API_URL"]}/repos/${REPOSITORY}/issues/${number}/comments`, {
      headers: { authorization: `Bearer ${env["GITHUB_TOKEN"]}` },
    });
    const said = (await comments.json()) as { body: string }[];
    assert.equal(said.length, 1);
    assert.match(said[0]?.body ?? "", /^- +amount: 1000\n\+ +amount: 1001$/m);
    comment = said[0]?.body ?? "";
  });

  it("apply the plan that was kept, of one stack after the other", { skip: !FULL && "only with --full" }, async () => {
    git("merge", "--quiet", "--ff-only", "feature");
    git("push", "--quiet", "origin", "main");
    const done = await run("infrastructure.yml", push("main", git("rev-parse", "HEAD"), "Raise the budget"));
    assert.equal(done.result, "success", words(done));
    assert.deepEqual(readdirSync(done.artifacts).sort(), ["production.plan.json", "staging.plan.json"]);
    const printed = readFileSync(done.log, "utf8").split("\n").filter(Boolean);
    const plain = printed.map((line) => stripVTControlCharacters((JSON.parse(line) as { msg: string }).msg)).join("\n");
    assert.match(plain, /~ +amount: 1000 => 1001/);
    assert.match(plain, /Budget monitoring-budget updated/);
  });

  it("retrain on data that is new, and not a second time on the same", {
    skip: !FULL && "only with --full",
  }, async () => {
    const first = await byHand("retrain.yml", {});
    assert.equal(first.result, "success", words(first));
    assert.deepEqual([first.jobs["train-model"], first.jobs["remember-data"]], ["success", "success"]);
    const second = await byHand("retrain.yml", {});
    assert.equal(second.result, "success", words(second));
    assert.deepEqual([second.jobs["check-data"], second.jobs["train-model"]], ["success", "skipped"]);
  });

  it("print and keep no secret in any of six forms", async () => {
    const { env } = team.place;
    const secrets = {
      ...(await readSecrets(repository().emulatorHome, "example-org", "plant-classifier", "staging")),
      ...(await readSecrets(repository().emulatorHome, "example-org", "plant-classifier", "production-preview")),
      IDENTITY_HEADER: env["IDENTITY_HEADER"] ?? "",
    };
    // An address, which the commands may name.
    const { STAGING_ENDPOINT_URL: _, ...secret } = secrets as Record<string, string>;
    assert.ok(Object.keys(secret).length >= 5, Object.keys(secret).join(", "));
    const logs = Object.fromEntries(ran.map(({ log }) => [log, readFileSync(log, "utf8")]));
    const artifacts = Object.fromEntries(ran.flatMap((one) => filesIn(one.artifacts)));
    assert.ok(!FULL || Object.keys(artifacts).length > 0, "nothing was kept");
    assert.deepEqual(leaks(secret, { ...logs, ...artifacts, comment }), []);
  });
});
