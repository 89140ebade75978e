import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Octokit } from "@octokit/rest";
import sodium from "libsodium-wrappers";
import { readSecrets } from "../../../emulator/github/secrets.ts";
import { type GithubHome, openGithub } from "./github-home.ts";

const base = { owner: "example-org", repo: "plant-classifier" };
const environment = { ...base, environment_name: "production" };

let home: GithubHome;
let octokit: Octokit;

before(async () => {
  home = await openGithub();
  octokit = home.octokit();
  await octokit.repos.createInOrg({
    org: "example-org",
    name: "plant-classifier",
    description: "Leaves",
    private: true,
  });
});
after(() => home.close());

/** What GitHub says no with. */
async function refusal(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    const { status, response } = error as { status: number; response: { data: { message: string; status: string } } };
    assert.equal(response.data.status, String(status));
    return { status, message: response.data.message };
  }
  throw new assert.AssertionError({ message: "The request was not refused." });
}

const text = (content: string) => Buffer.from(content).toString("base64");

describe("repositories", () => {
  it("are created with a number and a clone URL, and read back", async () => {
    const { data } = await octokit.repos.get(base);
    assert.equal(typeof data.id, "number");
    assert.equal(data.full_name, "example-org/plant-classifier");
    assert.equal(data.description, "Leaves");
    assert.equal(data.private, true);
    assert.equal(data.default_branch, "main");
    assert.equal(data.clone_url, `file://${home.folder}/example-org/plant-classifier.git`);
  });

  it("are found in any case, and 404 where there is none", async () => {
    assert.equal((await octokit.repos.get({ ...base, repo: "Plant-Classifier" })).data.name, "plant-classifier");
    assert.deepEqual(await refusal(octokit.repos.get({ ...base, repo: "none" })), {
      status: 404,
      message: "Not Found",
    });
  });

  it("belong to the organization they were made in, whichever it is", async () => {
    const other = { owner: "other-org", repo: "plant-classifier" };
    await octokit.repos.createInOrg({ org: other.owner, name: other.repo });
    const { data } = await octokit.repos.get(other);
    assert.equal(data.full_name, "other-org/plant-classifier");
    assert.equal(data.owner.login, "other-org");
    assert.equal(data.clone_url, `file://${home.folder}/other-org/plant-classifier.git`);
    assert.equal(data.description, null);
    await octokit.repos.delete(other);
    assert.equal((await octokit.repos.get(base)).data.full_name, "example-org/plant-classifier");
    assert.equal((await refusal(octokit.repos.createInOrg({ org: "-other", name: "up" }))).status, 404);
  });

  it("have names that are taken once and well formed", async () => {
    for (const name of ["plant-classifier", "PLANT-classifier", "../up", "a.git", ".."]) {
      assert.deepEqual(await refusal(octokit.repos.createInOrg({ org: "example-org", name })), {
        status: 422,
        message: "Validation Failed",
      });
    }
  });

  it("change and go", async () => {
    const other = { ...base, repo: "other" };
    const made = await octokit.repos.createInOrg({ org: "example-org", name: "other", auto_init: true });
    assert.equal((await octokit.repos.update({ ...other, description: "new" })).data.description, "new");
    const branch = octokit.repos.update({ ...other, default_branch: "none" });
    assert.deepEqual(await refusal(branch), { status: 422, message: "Validation Failed" });
    assert.equal((await octokit.repos.delete(other)).status, 204);
    assert.equal((await refusal(octokit.repos.get(other))).status, 404);
    const again = await octokit.repos.createInOrg({ org: "example-org", name: "other" });
    assert.notEqual(again.data.id, made.data.id);
    const contents = octokit.repos.getContent({ ...other, path: "README.md" });
    assert.deepEqual(await refusal(contents), { status: 404, message: "This repository is empty." });
    await octokit.repos.delete(other);
  });
});

describe("environments", () => {
  it("keep their rules until the next PUT, which replaces them all", async () => {
    const rules = {
      wait_timer: 30,
      prevent_self_review: true,
      reviewers: [{ type: "User" as const, id: 7 }],
      deployment_branch_policy: { protected_branches: true, custom_branch_policies: false },
    };
    const { data } = await octokit.repos.createOrUpdateEnvironment({ ...environment, ...rules });
    assert.equal(data.name, "production");
    assert.deepEqual(
      data.protection_rules?.map(({ id: _, node_id: __, ...rule }) => rule),
      [
        { type: "wait_timer", wait_timer: 30 },
        {
          type: "required_reviewers",
          prevent_self_review: true,
          reviewers: [{ type: "User", reviewer: { id: 7, type: "User" } }],
        },
        { type: "branch_policy" },
      ],
    );
    assert.deepEqual(data.deployment_branch_policy, rules.deployment_branch_policy);
    const bare = await octokit.repos.createOrUpdateEnvironment(environment);
    assert.equal(bare.data.id, data.id);
    assert.deepEqual(bare.data.protection_rules, []);
    assert.equal(bare.data.deployment_branch_policy, null);
    assert.deepEqual((await octokit.repos.getEnvironment(environment)).data, bare.data);
  });

  it("are listed, page by page, and go with all they hold", async () => {
    for (const name of ["staging", "with space"]) {
      await octokit.repos.createOrUpdateEnvironment({ ...base, environment_name: name });
    }
    const pages = await octokit.paginate("GET /repos/{owner}/{repo}/environments", { ...base, per_page: 1 });
    assert.deepEqual(pages.map((each) => (each as { name: string }).name).sort(), [
      "production",
      "staging",
      "with space",
    ]);
    await octokit.actions.createEnvironmentVariable({ ...base, environment_name: "staging", name: "A", value: "1" });
    await octokit.repos.deleteAnEnvironment({ ...base, environment_name: "staging" });
    assert.equal((await refusal(octokit.repos.getEnvironment({ ...base, environment_name: "staging" }))).status, 404);
    await octokit.repos.createOrUpdateEnvironment({ ...base, environment_name: "staging" });
    const left = await octokit.actions.listEnvironmentVariables({ ...base, environment_name: "staging" });
    assert.equal(left.data.total_count, 0);
  });

  it("refuse rules that GitHub refuses", async () => {
    const same = { protected_branches: true, custom_branch_policies: true };
    const put = (rules: object) => refusal(octokit.repos.createOrUpdateEnvironment({ ...environment, ...rules }));
    assert.equal((await put({ deployment_branch_policy: same })).status, 422);
    assert.deepEqual(await put({ wait_timer: 43_201 }), {
      status: 422,
      message: "Invalid request.\n\nFor 'properties/wait_timer', is more than 43200 (30 days).",
    });
    assert.equal((await put({ reviewers: Array.from({ length: 7 }, (_, id) => ({ type: "User", id })) })).status, 422);
    assert.deepEqual(await put({ wait_time: 1 }), {
      status: 422,
      message: 'Invalid request.\n\n"wait_time" is not a permitted key.',
    });
  });
});

describe("secrets", () => {
  async function seal(value: string) {
    const { data } = await octokit.actions.getEnvironmentPublicKey(environment);
    await sodium.ready;
    const key = sodium.from_base64(data.key, sodium.base64_variants.ORIGINAL);
    const sealed = sodium.to_base64(sodium.crypto_box_seal(value, key), sodium.base64_variants.ORIGINAL);
    return { key_id: data.key_id, encrypted_value: sealed };
  }

  it("go in sealed, are never shown, and reach the workflow in clear", async () => {
    const inRepository = { ...base, secret_name: "shared_key" };
    assert.equal(
      (await octokit.actions.createOrUpdateRepoSecret({ ...inRepository, ...(await seal("outer")) })).status,
      201,
    );
    const inEnvironment = { ...environment, secret_name: "SHARED_KEY" };
    const put = async (value: string) =>
      (await octokit.actions.createOrUpdateEnvironmentSecret({ ...inEnvironment, ...(await seal(value)) })).status;
    assert.equal(await put("first"), 201);
    assert.equal(await put("inner ✓"), 204);
    const { data } = await octokit.actions.getEnvironmentSecret(inEnvironment);
    assert.deepEqual(Object.keys(data).sort(), ["created_at", "name", "updated_at"]);
    assert.equal(data.name, "SHARED_KEY");
    assert.deepEqual(
      (await octokit.actions.listEnvironmentSecrets(environment)).data.secrets.map(({ name }) => name),
      ["SHARED_KEY"],
    );
    assert.deepEqual(await readSecrets(home.home, base.owner, base.repo), { SHARED_KEY: "outer" });
    assert.deepEqual(await readSecrets(home.home, base.owner, base.repo, "production"), { SHARED_KEY: "inner ✓" });
    assert.doesNotMatch(home.read("state.json"), /inner|outer|first/);
    assert.equal(home.mode("keys.json"), 0o600);
    assert.equal(home.mode("state.json"), 0o600);
  });

  it("cannot be moved to another name on disk", async () => {
    const state = JSON.parse(home.read("state.json"));
    const { secrets } = state.repositories["example-org/plant-classifier"];
    const copy = await home.copyWith({
      ...state,
      repositories: {
        "example-org/plant-classifier": {
          ...state.repositories["example-org/plant-classifier"],
          secrets: { OTHER: secrets.SHARED_KEY },
        },
      },
    });
    await assert.rejects(readSecrets(copy, base.owner, base.repo));
  });

  it("are refused when sealed with another key or badly named", async () => {
    const good = await seal("x");
    const put = (secret_name: string, body: typeof good) =>
      refusal(octokit.actions.createOrUpdateRepoSecret({ ...base, secret_name, ...body }));
    assert.equal((await put("A", { ...good, key_id: "1" })).status, 422);
    assert.equal((await put("A", { ...good, encrypted_value: text("plain") })).status, 422);
    assert.match((await put("A-B", good)).message, /^Secret names can only contain alphanumeric characters/);
    assert.equal((await put("GITHUB_X", good)).message, "Secret names must not start with GITHUB_.");
    assert.equal((await put("1X", good)).message, "Secret names must not start with a number.");
  });

  it("go", async () => {
    const one = { ...base, secret_name: "SHARED_KEY" };
    assert.equal((await octokit.actions.deleteRepoSecret(one)).status, 204);
    assert.equal((await refusal(octokit.actions.deleteRepoSecret(one))).status, 404);
    assert.equal((await refusal(octokit.actions.getRepoSecret(one))).status, 404);
    await assert.rejects(
      readSecrets(home.home, base.owner, base.repo, "none"),
      /it has: production, with space, staging/,
    );
  });
});

describe("variables", () => {
  it("are created once, changed, renamed, listed and deleted", async () => {
    const name = "model_bucket";
    assert.equal((await octokit.actions.createRepoVariable({ ...base, name, value: "a" })).status, 201);
    assert.deepEqual(await refusal(octokit.actions.createRepoVariable({ ...base, name, value: "b" })), {
      status: 409,
      message: "Already exists - Variable already exists",
    });
    await octokit.actions.updateRepoVariable({ ...base, name, value: "c" });
    const { data } = await octokit.actions.getRepoVariable({ ...base, name });
    assert.deepEqual([data.name, data.value], ["MODEL_BUCKET", "c"]);
    await octokit.request("PATCH /repos/{owner}/{repo}/actions/variables/{name}", {
      ...base,
      name,
      data: { name: "BUCKET" },
    });
    const list = await octokit.actions.listRepoVariables(base);
    assert.deepEqual(
      list.data.variables.map((each) => [each.name, each.value]),
      [["BUCKET", "c"]],
    );
    assert.equal((await octokit.actions.deleteRepoVariable({ ...base, name: "BUCKET" })).status, 204);
    assert.equal((await refusal(octokit.actions.getRepoVariable({ ...base, name: "BUCKET" }))).status, 404);
  });

  it("of an environment are its own", async () => {
    await octokit.actions.createEnvironmentVariable({ ...environment, name: "STAGE", value: "production" });
    assert.equal(
      (await octokit.actions.getEnvironmentVariable({ ...environment, name: "stage" })).data.value,
      "production",
    );
    assert.equal((await octokit.actions.listRepoVariables(base)).data.total_count, 0);
    await octokit.actions.updateEnvironmentVariable({ ...environment, name: "STAGE", value: "2" });
    await octokit.actions.deleteEnvironmentVariable({ ...environment, name: "STAGE" });
  });
});

describe("the door", () => {
  it("wants the token", async () => {
    const none = await refusal(home.octokit("").repos.get(base));
    assert.deepEqual(none, { status: 401, message: "Requires authentication" });
    const wrong = await refusal(home.octokit("wrong").repos.get(base));
    assert.deepEqual(wrong, { status: 401, message: "Bad credentials" });
  });

  it("says 501 by name to what is not offered", async () => {
    const gist = await refusal(octokit.gists.list());
    assert.deepEqual(gist, { status: 501, message: "The emulator does not offer `GET /gists`." });
    const query = await refusal(octokit.request("GET /repos/{owner}/{repo}/environments", { ...base, sort: "name" }));
    assert.equal(query.status, 501);
    assert.match(query.message, /query parameter `sort`/);
  });

  it("says 400 to what is not JSON", async () => {
    const send = async (body: string) => {
      const headers = { Authorization: `Bearer ${home.token}` };
      const response = await fetch(`${home.url}/orgs/example-org/repos`, { method: "POST", body, headers });
      return [response.status, ((await response.json()) as { message: string }).message];
    };
    assert.deepEqual(await send("{"), [400, "Problems parsing JSON"]);
    assert.deepEqual(await send("[]"), [400, "Body should be a JSON object"]);
  });
});
