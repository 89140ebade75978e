import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { Octokit } from "@octokit/rest";
import { type GithubHome, openGithub, refused } from "./github-home.ts";

const base = { owner: "example-org", repo: "plants" };
let home: GithubHome;
let octokit: Octokit;

before(async () => {
  home = await openGithub();
  octokit = home.octokit();
  await octokit.repos.createInOrg({ org: base.owner, name: base.repo, auto_init: true });
  const { data } = await octokit.git.getRef({ ...base, ref: "heads/main" });
  await octokit.git.createRef({ ...base, ref: "refs/heads/change", sha: data.object.sha });
});
after(() => home.close());

it("a pull request needs two branches and a commit between them", async () => {
  const open = (head: string, target = "main") => octokit.pulls.create({ ...base, title: "More", head, base: target });
  assert.deepEqual(await refused(open("none")), [422, "Validation Failed"]);
  assert.deepEqual(await refused(open("change", "none")), [422, "Validation Failed"]);
  assert.deepEqual(await refused(open("change")), [422, "Validation Failed"]);
  const content = Buffer.from("x").toString("base64");
  await octokit.repos.createOrUpdateFileContents({ ...base, path: "x", branch: "change", message: "x", content });
  const { status, data } = await open("change");
  assert.deepEqual([status, data.number, data.head.ref, data.state], [201, 1, "change", "open"]);
  assert.deepEqual(await refused(open("change")), [422, "Validation Failed"]);
  assert.equal((await octokit.pulls.get({ ...base, pull_number: 1 })).data.title, "More");
  assert.deepEqual(await refused(octokit.pulls.get({ ...base, pull_number: 2 })), [404, "Not Found"]);
});

it("comments are made, listed by page, changed and deleted, and outlive a restart", async () => {
  const on = { ...base, issue_number: 1 };
  const made = [];
  for (const body of ["one", "two", "three"]) made.push((await octokit.issues.createComment({ ...on, body })).data);
  const [first, second] = made;
  assert.ok(first && second);
  assert.deepEqual([first.user?.login, first.user?.type], ["github-actions[bot]", "Bot"]);
  assert.match(first.html_url, /\/pull\/1#issuecomment-\d+$/);
  await octokit.issues.updateComment({ ...base, comment_id: first.id, body: "ONE" });
  await octokit.issues.deleteComment({ ...base, comment_id: second.id });
  await home.restart();
  const list = async (page: number) =>
    (await home.octokit().issues.listComments({ ...on, per_page: 1, page })).data.map(({ body }) => body);
  assert.deepEqual([await list(1), await list(2), await list(3)], [["ONE"], ["three"], []]);
  assert.equal((await home.octokit().issues.getComment({ ...base, comment_id: first.id })).data.body, "ONE");
  octokit = home.octokit();
  assert.deepEqual(await refused(octokit.issues.getComment({ ...base, comment_id: second.id })), [404, "Not Found"]);
  assert.deepEqual(await refused(octokit.issues.deleteComment({ ...base, comment_id: second.id })), [404, "Not Found"]);
});

it("a comment has a text of at most 65,536 characters", async () => {
  const create = (body: string) => octokit.issues.createComment({ ...base, issue_number: 1, body });
  assert.equal((await create("x".repeat(65_536))).status, 201);
  await assert.rejects(create("x".repeat(65_537)), ({ status, response }) => {
    assert.equal(status, 422);
    assert.deepEqual(response.data.errors, [
      {
        resource: "IssueComment",
        field: "body",
        code: "custom",
        message: "body is too long (maximum is 65536 characters)",
      },
    ]);
    return true;
  });
  assert.deepEqual(await refused(create(" ")), [422, "Validation Failed"]);
  const elsewhere = octokit.issues.createComment({ ...base, issue_number: 9, body: "x" });
  assert.deepEqual(await refused(elsewhere), [404, "Not Found"]);
});
