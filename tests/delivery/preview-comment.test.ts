import assert from "node:assert/strict";
import { after, before, beforeEach, it } from "node:test";
import type { Octokit } from "@octokit/rest";
import { commentOf, sectionsIn } from "../../delivery/preview/comment.ts";
import { postSection } from "../../delivery/preview/post.ts";
import { type GithubHome, openGithub } from "../emulator/github/github-home.ts";

const base = { owner: "example-org", repo: "plants" };
const target = { owner: base.owner, repository: base.repo, pullRequest: 1, author: "github-actions[bot]" };
let home: GithubHome;
let octokit: Octokit;

before(async () => {
  home = await openGithub();
  octokit = home.octokit();
});
beforeEach(async () => {
  await octokit.repos.delete(base).catch(() => undefined);
  await octokit.repos.createInOrg({ org: base.owner, name: base.repo, auto_init: true });
  const content = Buffer.from("x").toString("base64");
  const { data } = await octokit.git.getRef({ ...base, ref: "heads/main" });
  await octokit.git.createRef({ ...base, ref: "refs/heads/change", sha: data.object.sha });
  await octokit.repos.createOrUpdateFileContents({ ...base, path: "x", branch: "change", message: "x", content });
  await octokit.pulls.create({ ...base, title: "More", head: "change", base: "main" });
});
after(() => home.close());

const options = () => ({ endpoint: home.url, token: home.token, settleMs: 50 });
const post = (stack: string, text: string, more = {}) => postSection(target, stack, text, { ...options(), ...more });
const comments = async () => (await octokit.issues.listComments({ ...base, issue_number: 1 })).data;

it("a pull request has one comment, with a section a stack, updated in place", async () => {
  const url = await post("staging", "one");
  assert.equal(await post("production", "two"), url);
  assert.equal(await post("staging", "three"), url);
  const [only, ...more] = await comments();
  assert.deepEqual([only?.html_url, more.length], [url, 0]);
  assert.deepEqual(
    [...sectionsIn(only?.body ?? "")],
    [
      ["production", "two"],
      ["staging", "three"],
    ],
  );
});

it("jobs that finish at once lose no section, and leave one comment", async () => {
  const stacks = ["a", "b", "c", "d"];
  await Promise.all(stacks.map((stack) => post(stack, `of ${stack}`)));
  const [only, ...more] = await comments();
  assert.equal(more.length, 0);
  assert.deepEqual([...sectionsIn(only?.body ?? "").keys()], stacks);
});

it("a section that somebody overwrites is put back", async () => {
  const posting = post("staging", "mine", { settleMs: 400 });
  let found = await comments();
  while (found.length === 0) found = await comments();
  const [comment] = found;
  assert.ok(comment);
  await octokit.issues.updateComment({
    ...base,
    comment_id: comment.id,
    body: commentOf(new Map([["other", "late"]])),
  });
  await posting;
  assert.deepEqual([...sectionsIn((await comments())[0]?.body ?? "").keys()], ["other", "staging"]);
});

it("what others have written is left alone, though it looks like ours", async () => {
  const { data: theirs } = await octokit.issues.createComment({
    ...base,
    issue_number: 1,
    body: commentOf(new Map([["production", "nothing changes"]])),
  });
  await assert.rejects(
    postSection({ ...target, author: "somebody-else" }, "staging", "ours", options()),
    /the token writes as github-actions\[bot\], not as somebody-else: say so by --author/,
  );
  assert.deepEqual(
    (await comments()).map(({ id, body }) => [id, body]),
    [[theirs.id, theirs.body]],
  );
});

it("a pull request that is not there is said to be so", async () => {
  await assert.rejects(
    postSection({ ...target, pullRequest: 7 }, "staging", "x", options()),
    /GitHub answered GET .*\/issues\/7\/comments.* with 404: Not Found/,
  );
});
