import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Octokit } from "@octokit/rest";
import * as provider from "../../components/repository-files-provider.ts";
import { blobDigest, commitFiles, readBranch } from "../../delivery/github.ts";
import { type GithubHome, openGithub } from "../emulator/github/github-home.ts";

const base = { owner: "example-org", repo: "plants" };
const address = { owner: "example-org", repository: "plants", branch: "main" };
const a = ".github/workflows/a.yml";
const b = "ci/b.txt";

let home: GithubHome;
let octokit: Octokit;
const saved = { url: process.env["GITHUB_API_URL"], token: process.env["GITHUB_TOKEN"] };

before(async () => {
  home = await openGithub();
  octokit = home.octokit();
  process.env["GITHUB_API_URL"] = home.url;
  process.env["GITHUB_TOKEN"] = home.token;
});
beforeEach(async () => {
  await octokit.repos.delete(base).catch(() => undefined);
  await octokit.repos.createInOrg({ org: base.owner, name: base.repo, auto_init: true });
});
after(async () => {
  for (const [name, value] of [["GITHUB_API_URL", saved.url] as const, ["GITHUB_TOKEN", saved.token] as const]) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await home.close();
});

const commits = async () => (await octokit.repos.listCommits(base)).data;
const read = async (path: string) => {
  const { data } = await octokit.repos.getContent({ ...base, path });
  assert.ok(!Array.isArray(data) && data.type === "file");
  return Buffer.from(data.content, "base64").toString();
};
const write = async (path: string, content: string) => {
  const there = await octokit.repos.getContent({ ...base, path }).catch(() => undefined);
  const sha = there !== undefined && !Array.isArray(there.data) ? { sha: there.data.sha } : {};
  const encoded = Buffer.from(content).toString("base64");
  await octokit.repos.createOrUpdateFileContents({ ...base, path, message: "By hand", content: encoded, ...sha });
};

describe("files of a repository", () => {
  it("are put in place with one commit, which names them", async () => {
    const { outs, id } = await provider.create({ ...address, files: { [a]: "one\n", [b]: "zwölf\n" } });
    assert.equal(id, "example-org/plants/main");
    const [last, ...earlier] = await commits();
    assert.deepEqual([last?.sha, earlier.length], [outs.commit, 1]);
    assert.equal(last?.commit.message.trimEnd(), `Put the delivery's files in place\n\n${a}\n${b}`);
    assert.deepEqual([await read(a), await read(b)], ["one\n", "zwölf\n"]);
  });

  it("that are there already are taken over, without a commit where they are right", async () => {
    await write(a, "one\n");
    const [head] = await commits();
    const { outs } = await provider.create({ ...address, files: { [a]: "one\n" } });
    assert.equal(outs.commit, head?.sha);
    assert.equal((await commits()).length, 2);
  });

  it("change, come and go with one commit; the rest of the repository stays", async () => {
    const { id, outs } = await provider.create({ ...address, files: { [a]: "one\n", [b]: "b\n" } });
    const next = { ...address, files: { [a]: "two\n", "c.txt": "c\n" } };
    assert.deepEqual(await provider.diff(id, outs, next), { changes: true, replaces: [] });
    await provider.update(id, outs, next);
    assert.equal((await commits()).length, 3);
    const snapshot = await readBranch(address);
    assert.deepEqual([...(snapshot?.digests.keys() ?? [])].sort(), [a, "README.md", "c.txt"]);
    assert.equal(snapshot?.digests.get(a), blobDigest("two\n"));
  });

  it("that somebody else changed are shown by a refresh, and not overwritten before", async () => {
    const { id, outs } = await provider.create({ ...address, files: { [a]: "one\n", [b]: "b\n" } });
    await write(a, "by hand\n");
    const next = { ...address, files: { [a]: "two\n", [b]: "b\n" } };
    await assert.rejects(
      provider.update(id, outs, next),
      /somebody else has changed \.github\/workflows\/a\.yml on main of example-org\/plants\. Nothing was changed/,
    );
    assert.equal(await read(a), "by hand\n");
    const seen = await provider.read(id, outs);
    assert.deepEqual(seen.props?.files, { [a]: "by hand\n", [b]: "b\n" });
    await provider.update(id, seen.props as provider.FilesState, next);
    assert.equal(await read(a), "two\n");
  });

  it("that somebody took away are missing after a refresh", async () => {
    const { id, outs } = await provider.create({ ...address, files: { [a]: "one\n", [b]: "b\n" } });
    await commitFiles(address, { [b]: undefined }, "By hand");
    assert.deepEqual((await provider.read(id, outs)).props?.files, { [a]: "one\n" });
  });

  it("are gone with their repository, and are taken away with one commit", async () => {
    const { id, outs } = await provider.create({ ...address, files: { [a]: "one\n", [b]: "b\n" } });
    await provider.delete(id, outs);
    assert.equal((await commits()).length, 3);
    await assert.rejects(read(a), { status: 404 });
    await octokit.repos.delete(base);
    assert.deepEqual(await provider.read(id, outs), { id: "", props: {} });
    await provider.delete(id, outs);
  });

  it("are committed on what the branch is by then", async () => {
    const paths = ["x", "y", "z"];
    await Promise.all(paths.map((path) => commitFiles(address, { [path]: path }, `Add ${path}`)));
    assert.equal((await commits()).length, 4);
    assert.deepEqual(await Promise.all(paths.map(read)), paths);
  });

  it("are refused with GitHub's reason where a rule forbids the commit", async () => {
    const rules = {
      conditions: { ref_name: { include: ["refs/heads/main"], exclude: [] } },
      enforcement: "active" as const,
    };
    const parameters = {
      dismiss_stale_reviews_on_push: true,
      require_code_owner_review: true,
      require_last_push_approval: true,
      required_approving_review_count: 1,
      required_review_thread_resolution: true,
    };
    await octokit.repos.createRepoRuleset({
      ...base,
      name: "main",
      ...rules,
      rules: [{ type: "pull_request", parameters }],
    });
    await assert.rejects(
      provider.create({ ...address, files: { [a]: "one\n" } }),
      /GitHub answered PATCH .*\/git\/refs\/heads\/main with 422: Repository rule violations found\n\nChanges must be made through a pull request\./,
    );
    assert.equal((await commits()).length, 1);
  });

  it("have paths from the root, and a repository that is there", async () => {
    const { failures } = await provider.check({}, { ...address, files: { "/a": "", "b/../c": "", "d/e": "" } });
    assert.deepEqual(
      failures?.map(({ property }) => property),
      ['files["/a"]', 'files["b/../c"]'],
    );
    const elsewhere = { ...address, repository: "none", files: { a: "a" } };
    await assert.rejects(
      provider.create(elsewhere),
      /there is no branch main of example-org\/none, or the token may not see it/,
    );
    await octokit.repos.createInOrg({ org: base.owner, name: "empty" });
    const empty = { ...address, repository: "empty", files: { a: "a" } };
    await assert.rejects(provider.create(empty), /with 409: Git Repository is empty\./);
  });
});
