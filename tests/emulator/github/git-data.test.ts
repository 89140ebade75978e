import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Octokit } from "@octokit/rest";
import { type GithubHome, openGithub, refused } from "./github-home.ts";

const base = { owner: "example-org", repo: "plant-classifier" };
const main = { ...base, ref: "heads/main" };

let home: GithubHome;
let octokit: Octokit;

before(async () => {
  home = await openGithub();
  octokit = home.octokit();
  await octokit.repos.createInOrg({ org: base.owner, name: base.repo, auto_init: true });
});
after(() => home.close());

const head = async () => (await octokit.git.getRef(main)).data.object.sha;

/** A commit of these files on `parent`; no branch points to it yet. */
async function commit(parent: string, files: Record<string, string | null>, parents = [parent]) {
  const tree = Object.entries(files).map(([path, content]) => ({
    path,
    mode: "100644" as const,
    type: "blob" as const,
    ...(content === null ? { sha: null } : { content }),
  }));
  const made = await octokit.git.createTree({ ...base, base_tree: parent, tree });
  const author = { name: "Ana", email: "ana@example.org", date: "2026-11-24T12:00:00Z" };
  const message = "Put two files in place";
  return (await octokit.git.createCommit({ ...base, message, tree: made.data.sha, parents, author })).data;
}

describe("git data", () => {
  it("puts several files in place with one commit", async () => {
    const before = await head();
    const made = await commit(before, { "a.txt": "a\n", "deep/er/b.txt": "b\n" });
    assert.equal(await head(), before);
    await octokit.git.updateRef({ ...main, sha: made.sha });
    const { data } = await octokit.repos.listCommits({ ...base, per_page: 1 });
    assert.deepEqual(
      data.map(({ sha, commit, parents }) => [sha, commit.message, commit.author?.name, parents[0]?.sha]),
      [[made.sha, "Put two files in place", "Ana", before]],
    );
    const tree = await octokit.git.getTree({ ...base, tree_sha: "main", recursive: "1" });
    assert.deepEqual(
      tree.data.tree.map(({ path }) => path),
      ["README.md", "a.txt", "deep/er/b.txt"],
    );
    const blob = tree.data.tree.find(({ path }) => path === "a.txt")?.sha ?? "";
    const { data: bytes } = await octokit.git.getBlob({ ...base, file_sha: blob });
    assert.equal(Buffer.from(bytes.content, "base64").toString(), "a\n");
    const touched = await octokit.repos.listCommits({ ...base, path: "README.md" });
    assert.deepEqual(
      touched.data.map(({ sha }) => sha),
      [before],
    );
  });

  it("takes paths away, and refuses one that is not there", async () => {
    const made = await commit(await head(), { "deep/er/b.txt": null });
    const { data } = await octokit.git.getTree({ ...base, tree_sha: made.tree.sha, recursive: "1" });
    assert.deepEqual(
      data.tree.map(({ path }) => path),
      ["README.md", "a.txt"],
    );
    assert.deepEqual(await refused(commit(await head(), { "none.txt": null })), [422, "GitRPC::BadObjectState"]);
    assert.deepEqual(await refused(commit(await head(), { "../up": "x" })), [
      422,
      "path contains a malformed path component",
    ]);
  });

  it("moves a branch forward only, and lets nobody make one twice", async () => {
    const [first, second] = [await commit(await head(), { x: "1" }), await commit(await head(), { x: "2" })];
    await octokit.git.updateRef({ ...main, sha: first.sha });
    assert.deepEqual(await refused(octokit.git.updateRef({ ...main, sha: second.sha })), [
      422,
      "Update is not a fast forward",
    ]);
    const branch = { ...base, ref: "refs/heads/side/x", sha: second.sha };
    await octokit.git.createRef(branch);
    assert.deepEqual(await refused(octokit.git.createRef(branch)), [422, "Reference already exists"]);
    assert.equal((await octokit.repos.getBranch({ ...base, branch: "side/x" })).data.commit.sha, second.sha);
    await octokit.git.deleteRef({ ...base, ref: "heads/side/x" });
    assert.deepEqual(await refused(octokit.git.deleteRef({ ...base, ref: "heads/side/x" })), [
      422,
      "Reference does not exist",
    ]);
  });

  it("takes nothing for a repository without a first commit", async () => {
    await octokit.repos.createInOrg({ org: base.owner, name: "empty" });
    const empty = { ...base, repo: "empty" };
    assert.deepEqual(await refused(octokit.git.createBlob({ ...empty, content: "x" })), [
      409,
      "Git Repository is empty.",
    ]);
    assert.deepEqual(await refused(octokit.git.getRef({ ...empty, ref: "heads/main" })), [
      409,
      "Git Repository is empty.",
    ]);
  });
});

describe("rulesets", () => {
  const conditions = { ref_name: { include: ["refs/heads/main"], exclude: [] } };
  const pullRequest = {
    type: "pull_request" as const,
    parameters: {
      dismiss_stale_reviews_on_push: true,
      require_code_owner_review: true,
      require_last_push_approval: true,
      required_approving_review_count: 1,
      required_review_thread_resolution: false,
    },
  };
  const make = (name: string, rules: readonly object[], more: object = {}) =>
    octokit.request("POST /repos/{owner}/{repo}/rulesets", {
      ...base,
      name,
      enforcement: "active",
      conditions,
      rules,
      ...more,
      // biome-ignore lint/suspicious/noExplicitAny: what GitHub has to refuse does not fit the types
    } as any);
  const gone = async (id: number) => octokit.repos.deleteRepoRuleset({ ...base, ruleset_id: id });

  it("keep a direct change off a branch, in GitHub's words, by every door", async () => {
    const rules = [
      pullRequest,
      {
        type: "required_status_checks",
        parameters: { strict_required_status_checks_policy: true, required_status_checks: [{ context: "test" }] },
      },
    ];
    const { data } = await make("main", rules);
    const violations =
      'Repository rule violations found\n\nChanges must be made through a pull request.\nRequired status check "test" is expected.';
    const made = await commit(await head(), { y: "1" });
    assert.deepEqual(await refused(octokit.git.updateRef({ ...main, sha: made.sha })), [422, violations]);
    const file = { ...base, path: "z", message: "z", content: Buffer.from("z").toString("base64") };
    assert.deepEqual(await refused(octokit.repos.createOrUpdateFileContents(file)), [409, violations]);
    assert.notEqual(await head(), made.sha);
    await gone(data.id);
    await octokit.git.updateRef({ ...main, sha: made.sha });
  });

  it("let the named actor pass, and say so", async () => {
    const bypass_actors = [{ actor_id: 7, actor_type: "Integration", bypass_mode: "always" }];
    const { data } = await make("main", [pullRequest], { bypass_actors });
    const read = await octokit.repos.getRepoRuleset({ ...base, ruleset_id: data.id });
    assert.deepEqual(read.data.bypass_actors, bypass_actors);
    assert.equal(read.data.current_user_can_bypass, "always");
    await octokit.git.updateRef({ ...main, sha: (await commit(await head(), { y: "2" })).sha });
    await gone(data.id);
  });

  it("keep history: no forced push, no deletion, no merge", async () => {
    const rules = [{ type: "non_fast_forward" }, { type: "deletion" }, { type: "required_linear_history" }];
    const { data } = await make("history", rules);
    const before = await head();
    const parent = (await octokit.git.getCommit({ ...base, commit_sha: before })).data.parents[0]?.sha ?? "";
    assert.deepEqual(await refused(octokit.git.updateRef({ ...main, sha: parent, force: true })), [
      422,
      "Repository rule violations found\n\nCannot force-push to this branch",
    ]);
    assert.deepEqual(await refused(octokit.git.deleteRef(main)), [
      422,
      "Repository rule violations found\n\nCannot delete this protected ref.",
    ]);
    const merge = await commit(before, { m: "1" }, [before, parent]);
    assert.deepEqual(await refused(octokit.git.updateRef({ ...main, sha: merge.sha })), [
      422,
      "Repository rule violations found\n\nThis branch must not contain merge commits.",
    ]);
    await gone(data.id);
  });

  it("hold tags by pattern", async () => {
    const tags = { target: "tag", conditions: { ref_name: { include: ["refs/tags/v*"], exclude: [] } } };
    const { data } = await make("tags", [{ type: "update" }, { type: "deletion" }], tags);
    const [old, next] = [await head(), (await commit(await head(), { t: "1" })).sha];
    for (const tag of ["v1", "other"]) await octokit.git.createRef({ ...base, ref: `refs/tags/${tag}`, sha: old });
    assert.deepEqual(await refused(octokit.git.updateRef({ ...base, ref: "tags/v1", sha: next })), [
      422,
      "Repository rule violations found\n\nCannot update this protected ref.",
    ]);
    await octokit.git.updateRef({ ...base, ref: "tags/other", sha: next });
    await gone(data.id);
  });

  it("are refused where GitHub refuses them, and where nothing here would judge them", async () => {
    const one = await make("one", []);
    const same = await refused(make("one", []));
    assert.deepEqual(same, [422, "Validation Failed"]);
    const wrong: object[] = [
      { conditions: { ref_name: { include: ["main"], exclude: [] } } },
      { bypass_actors: [{ actor_type: "Integration", bypass_mode: "always" }] },
      { bypass_actors: [{ actor_type: "DeployKey", bypass_mode: "pull_request" }] },
      { target: "tag", conditions: { ref_name: { include: ["~ALL"], exclude: [] } }, rules: [pullRequest] },
    ];
    for (const more of wrong) assert.deepEqual(await refused(make("two", [], more)), [422, "Validation Failed"]);
    const [status, words] = await refused(make("two", [{ type: "merge_queue" }]));
    assert.equal(status, 422);
    assert.match(words, /is not a rule that the emulator offers: creation, update/);
    const listed = await octokit.repos.getRepoRulesets(base);
    assert.deepEqual(
      listed.data.map(({ name, source }) => [name, source]),
      [["one", "example-org/plant-classifier"]],
    );
    const changed = await octokit.repos.updateRepoRuleset({
      ...base,
      ruleset_id: one.data.id,
      enforcement: "disabled",
    });
    assert.deepEqual([changed.data.name, changed.data.enforcement], ["one", "disabled"]);
  });
});
