// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of workflows look like placeholders
import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { describe, it, test } from "node:test";
import { parse } from "yaml";
import { ciFiles } from "../../pipelines/render/files.ts";
import { dispatch, push } from "../../tools/rehearsal/ci/github/events.ts";
import { readyForAct, settingOf } from "../../tools/rehearsal/ci/github/workflow.ts";
import { leaks } from "../support/encodings.ts";
import { judge } from "../support/judges.ts";
import { type Answers, actRepository, type Call } from "./act-repository.ts";

// The real workflows, run by act in a repository whose commands only write down how they were called.

const { skip } = judge("act");
const repository = actRepository();
const main = repository.commit("Start");

const named = (calls: readonly Call[], command: string) => calls.filter(({ argv }) => argv[0] === command);
const given = (call: Call | undefined, flag: string) => call?.argv[call.argv.indexOf(flag) + 1];

describe("retrain under act", { skip }, () => {
  const NEW_DATA = { code: 0, outputs: { has_new_data: "true", snapshot: "s3://data/metadata/snapshots/5e47.jsonl" } };
  const outcome = async (answers: Answers) => {
    const { result, jobs, calls } = await repository.run("retrain.yml", dispatch("main", main), answers);
    const remembered = calls.some(({ argv }) => argv.includes("--commit-mark"));
    return { result, jobs: Object.values(jobs), remembered, calls };
  };
  const SKIPPED = ["skipped", "skipped", "skipped"];

  it("ends well without new data, and trains nothing", async () => {
    const answer = { code: 1, outputs: { has_new_data: "false" } };
    const { result, jobs, remembered } = await outcome({ "scripts/check-new-data.ts": answer });
    assert.deepEqual({ result, remembered }, { result: "success", remembered: false });
    assert.deepEqual(jobs, ["success", "skipped", "skipped", ...SKIPPED]);
  });

  it("remembers the data and deploys nothing where the new model is not better", async () => {
    const answers = {
      "scripts/check-new-data.ts": NEW_DATA,
      "scripts/compare-models.ts": { code: 1, outputs: { is_better: "false" } },
    };
    const { result, jobs, remembered } = await outcome(answers);
    assert.deepEqual({ result, remembered }, { result: "success", remembered: true });
    assert.deepEqual(jobs, ["success", "success", "success", ...SKIPPED]);
  });

  it("brings a better model to staging, and from there to a tenth of production", async () => {
    const answers = {
      "scripts/check-new-data.ts": NEW_DATA,
      "scripts/compare-models.ts": { code: 0, outputs: { is_better: "true" } },
    };
    const { result, jobs, remembered, calls } = await outcome(answers);
    assert.deepEqual({ result, remembered }, { result: "success", remembered: true });
    assert.deepEqual(
      jobs,
      Array.from({ length: 6 }, () => "success"),
    );
    const deployed = named(calls, "scripts/deploy.ts");
    assert.deepEqual(
      deployed.map((call) => given(call, "--environment")),
      ["staging", "production"],
    );
    const paths = deployed.map((call) => given(call, "--model-path"));
    assert.deepEqual(
      paths,
      Array.from({ length: 2 }, () => "s3://staging-models/models/3f2a9c01d4e5b678/"),
    );
    assert.equal(given(deployed[1], "--traffic-percentage"), "10");
  });

  it("fails where the gate says no, and leaves the data new", async () => {
    const answers = {
      "scripts/check-new-data.ts": NEW_DATA,
      "scripts/validate-model.ts": { code: 1, outputs: { verdict: "fail" } },
    };
    const { result, jobs, remembered, calls } = await outcome(answers);
    assert.deepEqual({ result, remembered }, { result: "failure", remembered: false });
    assert.deepEqual(jobs, ["success", "failure", "skipped", ...SKIPPED]);
    assert.deepEqual(named(calls, "scripts/compare-models.ts"), []);
  });
});

describe("a job under act", { skip }, () => {
  it("has what its own environment says, and a session only where it signs in", async () => {
    const { result, calls, text } = await repository.run("ml-training.yml", push("main", main, "Start"));
    assert.equal(result, "success");
    assert.deepEqual(leaks({ session: "azure-session", releaser: "of-the-releaser", job: "of-the-job" }, { text }), []);
    const [validate] = named(calls, "scripts/validate-data.ts");
    assert.equal(validate?.env["DATA_BUCKET"], "staging-data");
    assert.equal(validate?.env["AWS_ACCESS_KEY_ID"], "aws-session");
    assert.equal(validate?.env["IDENTITY_HEADER"], undefined);
    const [tests] = named(calls, "tests/integration/run.ts");
    assert.equal(tests?.env["STAGING_ENDPOINT_URL"], "https://staging.localhost");
    assert.equal(tests?.env["AWS_ACCESS_KEY_ID"], undefined);
    const pushes = calls.filter(({ env }) => env["PUSH_TOKEN"] !== undefined);
    assert.deepEqual(
      pushes.map(({ argv, env }) => [argv[0], env["PUSH_TOKEN"]]),
      [
        ["scripts/deploy.ts", "of-the-releaser"],
        ["scripts/deploy.ts", "of-the-job"],
      ],
      "production has no releaser here",
    );
    const promoted = await repository.run("promote.yml", dispatch("main", main, { action: "pause" }));
    assert.deepEqual(
      promoted.calls.map(({ argv, env }) => [argv.at(-1), env["AZURE_RESOURCE_GROUP"]]),
      [["--pause", "production"]],
    );
  });
});

test("an action without a stand-in, and an input that one does not know, are refused by name", { skip }, async () => {
  const changed = async (change: (text: string) => string) => {
    repository.edit(".github/workflows/promote.yml", change);
    return await repository.run(
      "promote.yml",
      dispatch("other", repository.commit("Change", "other"), { action: "pause" }),
    );
  };
  await assert.rejects(
    changed((text) => text.replace("package-manager-cache:", "cache: npm\n          package-manager-cache:")),
    /the stand-in of `actions\/setup-node` knows no input `cache`/,
  );
  await assert.rejects(
    changed((text) => text.replace("actions/setup-node@", "somebody/setup-node@")),
    /action `somebody\/setup-node@[0-9a-f]{40}` has no stand-in/,
  );
});

test("in the copy that act runs, settings have their environment's name, and nothing else differs", () => {
  for (const [file, text] of Object.entries(ciFiles("github"))) {
    const { text: ready, jobs } = readyForAct(text);
    const names = Object.values(jobs).flatMap((environment) => (environment ? [settingOf(environment, "")] : []));
    const back = names.reduce((now, name) => now.replaceAll(`.${name}`, "."), ready);
    assert.deepEqual(parse(back), parse(text), file);
    if (file.endsWith("ml-training.yml")) assert.doesNotMatch(ready, /\b(vars|secrets)\.(?!STAGING__|PRODUCTION__)/);
  }
});

describe("infrastructure under act", { skip }, () => {
  const stacks = (calls: readonly Call[]) =>
    calls.map((call) => [call.argv[1], given(call, "--stack")].join(" ")).sort();

  it("previews both stacks for a pull request, and changes nothing", async () => {
    const event = repository.pullRequest("Change something", "feature/a");
    const { result, calls } = await repository.run("infrastructure.yml", event);
    assert.equal(result, "success");
    assert.deepEqual(stacks(calls.filter(({ argv }) => argv[0]?.includes("pulumi"))), [
      "preview production",
      "preview staging",
    ]);
    assert.deepEqual(
      named(calls, "scripts/preview-comment.ts")
        .map((call) => [given(call, "--environment"), call.env["COMMENT_TOKEN"]])
        .sort(),
      [
        ["production", "of-the-job"],
        ["staging", "of-the-job"],
      ],
    );
  });

  it("applies on main the very plan that was kept, production's after staging's", async () => {
    const { result, jobs, calls } = await repository.run("infrastructure.yml", push("main", main, "Start"));
    assert.equal(result, "success");
    assert.deepEqual([jobs["preview-staging"], jobs["preview-production"]], ["skipped", "skipped"]);
    assert.deepEqual(
      calls
        .filter(({ argv }) => argv[0]?.includes("pulumi.mjs"))
        .map((call) => [call.argv[1], given(call, "--stack"), call.argv.at(-1)]),
      ["staging", "production"].flatMap((stack) => [
        ["preview", stack, `${stack}.plan.json`],
        ["up", stack, `${stack}.plan.json`],
      ]),
    );
  });

  it("does nothing for a fork's pull request", async () => {
    const event = repository.pullRequest("Change something", "feature/b", "somebody/plant-classifier");
    const { jobs, calls } = await repository.run("infrastructure.yml", event);
    assert.deepEqual([...new Set(Object.values(jobs))], ["skipped"]);
    assert.deepEqual(calls, []);
  });
});

describe("what a stranger types", { skip }, () => {
  // Written for a shell in quotes of any kind or none, for GitHub's expressions, and for files of outputs.
  const PAYLOAD = `a"; touch "$RECORDS/PWNED"; # '; touch "$RECORDS/PWNED"; ' $(touch $RECORDS/PWNED) \`touch $RECORDS/PWNED\` \${{ github.token }}\nversion=1`;
  const BRANCH = 'zzz";touch${IFS}$RECORDS/PWNED;#$(touch${IFS}$RECORDS/PWNED)`touch${IFS}$RECORDS/PWNED`';
  const untouched = () => assert.equal(existsSync(repository.mark), false, "the payload ran");

  it("as an experiment's name reaches the training as it is, from a branch with such a name", async () => {
    const commit = repository.commit("Start", BRANCH);
    const { result, jobs, calls } = await repository.run(
      "ml-training.yml",
      dispatch(BRANCH, commit, { experiment_name: PAYLOAD }),
    );
    untouched();
    assert.equal(result, "success");
    assert.equal(jobs["deploy-staging"], "skipped");
    const [train] = named(calls, "scripts/train.ts");
    assert.equal(given(train, "--experiment-name"), PAYLOAD);
    assert.equal(train?.env["GITHUB_REF_NAME"], BRANCH);
  });

  it("as a reason reaches the rollback as it is, and as a branch the check-out", async () => {
    const commit = repository.commit("Start", BRANCH);
    const inputs = { environment: "staging", reason: PAYLOAD };
    const { result, calls } = await repository.run("rollback.yml", dispatch(BRANCH, commit, inputs));
    untouched();
    assert.equal(result, "success");
    assert.deepEqual(
      calls.map((call) => [call.argv[0], given(call, "--reason")]),
      [["scripts/rollback.ts", PAYLOAD]],
    );
  });

  it("as a title and a branch of a pull request stays text", async () => {
    const { result, calls } = await repository.run("infrastructure.yml", repository.pullRequest(PAYLOAD, BRANCH));
    untouched();
    assert.equal(result, "success");
    assert.equal(calls[0]?.event.pull_request?.title, PAYLOAD);
    assert.equal(calls[0]?.env["GITHUB_HEAD_REF"], BRANCH);
  });

  it("as a commit's message stays text", async () => {
    const commit = repository.commit(PAYLOAD);
    const { result, calls } = await repository.run("ml-training.yml", push("main", commit, PAYLOAD));
    untouched();
    assert.equal(result, "success");
    assert.equal(calls[0]?.event.head_commit?.message, PAYLOAD);
  });

  it("is code in a workflow that pastes it into a script, which is what these tests would see", async () => {
    repository.edit(".github/workflows/ml-training.yml", (text) =>
      text.replace('"${EXPERIMENT_NAME:?is not set}"', '"${{ inputs.experiment_name }}"'),
    );
    const commit = repository.commit("Paste", "unsafe");
    await repository.run("ml-training.yml", dispatch("unsafe", commit, { experiment_name: PAYLOAD }));
    assert.ok(existsSync(repository.mark));
    rmSync(repository.mark);
  });
});
