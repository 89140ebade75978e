import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import type { Octokit } from "@octokit/rest";
import { type GithubHome, openGithub } from "./github-home.ts";

const run = promisify(execFile);
const base = { owner: "example-org", repo: "plant-classifier" };
const path = "config/model one.yaml";
const encode = (content: string) => Buffer.from(content).toString("base64");

let home: GithubHome;
let octokit: Octokit;
let work: string;

before(async () => {
  home = await openGithub();
  octokit = home.octokit();
  work = mkdtempSync(join(tmpdir(), "ml-delivery-clone-"));
  await octokit.repos.createInOrg({ org: base.owner, name: base.repo });
});
after(async () => {
  await home.close();
  rmSync(work, { recursive: true, force: true });
});

const git = async (...args: string[]) => {
  const who = ["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@localhost"];
  return (await run("git", [...who, ...args], { cwd: work })).stdout.trim();
};

const refusal = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => assert.fail("The request was not refused."),
    (reason: unknown) => reason as { status: number; response: { data: { message: string } } },
  );
  return [error.status, error.response.data.message];
};

async function read(ref?: string) {
  const { data } = await octokit.repos.getContent({ ...base, path, ...(ref === undefined ? {} : { ref }) });
  assert.ok(!Array.isArray(data) && data.type === "file");
  return { sha: data.sha, content: Buffer.from(data.content, "base64").toString() };
}

describe("contents", () => {
  it("make the first commit of an empty repository, and guard a file by its digest", async () => {
    const first = await octokit.repos.createOrUpdateFileContents({
      ...base,
      path,
      message: "Add",
      content: encode("a: 1\n"),
    });
    assert.equal(first.status, 201);
    assert.equal(first.data.content?.sha, await blobId("a: 1\n"));
    assert.deepEqual(await read(), { sha: first.data.content?.sha, content: "a: 1\n" });

    const again = { ...base, path, message: "Change", content: encode("a: 2\n") };
    assert.deepEqual(await refusal(octokit.repos.createOrUpdateFileContents(again)), [
      422,
      'Invalid request.\n\n"sha" wasn\'t supplied.',
    ]);
    const wrong = "0".repeat(40);
    assert.deepEqual(await refusal(octokit.repos.createOrUpdateFileContents({ ...again, sha: wrong })), [
      409,
      `${path} does not match ${wrong}`,
    ]);
    const second = await octokit.repos.createOrUpdateFileContents({ ...again, sha: first.data.content?.sha ?? "" });
    assert.equal(second.status, 200);
    assert.equal(second.data.commit.parents?.[0]?.sha, first.data.commit.sha);
    assert.equal((await read(first.data.commit.sha)).content, "a: 1\n");
  });

  it("list folders and refuse what is not there", async () => {
    const { data } = await octokit.repos.getContent({ ...base, path: "config" });
    assert.ok(Array.isArray(data));
    assert.deepEqual(
      data.map((each) => [each.type, each.path, each.size]),
      [["file", path, 5]],
    );
    const top = await octokit.repos.getContent({ ...base, path: "" });
    assert.ok(Array.isArray(top.data));
    assert.deepEqual(
      top.data.map((each) => [each.type, each.name]),
      [["dir", "config"]],
    );
    assert.deepEqual(await refusal(octokit.repos.getContent({ ...base, path: "none" })), [404, "Not Found"]);
    assert.deepEqual(await refusal(octokit.repos.getContent({ ...base, path, ref: "none" })), [
      404,
      "No commit found for the ref none",
    ]);
    const put = (more: object) =>
      refusal(octokit.repos.createOrUpdateFileContents({ ...base, path: "x", message: "m", content: "", ...more }));
    assert.deepEqual(await put({ branch: "none" }), [404, "Branch none not found"]);
    assert.deepEqual(await put({ branch: "--all" }), [404, "Branch --all not found"]);
    assert.deepEqual(await put({ path: ".git/config" }), [422, "path contains a malformed path component"]);
    assert.deepEqual(await put({ content: "%%%" }), [422, "content is not valid Base64"]);
  });

  it("written by many at once lose nothing: each is in the branch or was told no", async () => {
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        octokit.repos
          .createOrUpdateFileContents({
            ...base,
            path: `many/${index}`,
            message: `${index}`,
            content: encode(`${index}`),
          })
          .then(
            () => index,
            (error: { status: number }) => assert.equal(error.status, 409),
          ),
      ),
    );
    const done = results.filter((each) => each !== undefined).map(String);
    assert.ok(done.length > 0);
    const { data } = await octokit.repos.getContent({ ...base, path: "many" });
    assert.ok(Array.isArray(data));
    assert.deepEqual(
      data.map(({ name }) => name),
      done,
    );
  });

  it("are what git clones, and git's pushes are what they show", async () => {
    const url = `file://${home.folder}/example-org/plant-classifier.git`;
    await git("clone", "--quiet", url, "copy");
    assert.equal(readFileSync(join(work, "copy", path), "utf8"), "a: 2\n");
    assert.equal(await git("-C", "copy", "branch", "--show-current"), "main");
    writeFileSync(join(work, "copy", path), "a: 3\n");
    await git("-C", "copy", "commit", "--quiet", "--all", "--message", "Change by hand");
    await git("-C", "copy", "push", "--quiet");
    assert.equal((await read()).content, "a: 3\n");
    await git("-C", "copy", "push", "--quiet", "origin", "HEAD:refs/heads/rollout");
    const { sha } = await read("rollout");
    const removed = await octokit.repos.deleteFile({ ...base, path, sha, message: "Remove", branch: "rollout" });
    assert.equal(removed.data.content, null);
    assert.deepEqual(await refusal(octokit.repos.getContent({ ...base, path, ref: "rollout" })), [404, "Not Found"]);
    assert.equal((await read()).content, "a: 3\n");
    assert.equal(
      await git(`--git-dir=${home.folder}/example-org/plant-classifier.git`, "fsck", "--strict", "--no-dangling"),
      "",
    );
  });

  it("and everything else are there after a restart, under the same token", async () => {
    const before = [await read(), (await octokit.repos.get(base)).data.id, home.token];
    await home.restart();
    octokit = home.octokit();
    assert.deepEqual([await read(), (await octokit.repos.get(base)).data.id, home.token], before);
  });
});

/** Git's own digest of a file, worked out apart from git. */
async function blobId(content: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  return createHash("sha1")
    .update(`blob ${Buffer.byteLength(content)}\0${content}`)
    .digest("hex");
}
