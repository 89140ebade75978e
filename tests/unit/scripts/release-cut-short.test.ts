import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readReleases } from "../../../delivery/release-log.ts";
import { git, root, steps, withCanary } from "./release-place.ts";

/** What a command finds that another one left half-way, or did elsewhere. */

test("what died after its edit is applied and recorded by the next run, which then goes on", async () => {
  const { at, first, second } = await withCanary("died");
  const file = join(at.clone, "Pulumi.production.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(`${first}: 90, ${second}: 10`, `${first}: 75, ${second}: 25`));
  const ran = await at.run("promote", ["--judge", "true", "--bake-minutes", "0", "--json"]);
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual(await steps(at), ["deploy", "deploy", "edit", "promote", "promote"]);
  assert.equal(git(at.clone, "status", "--porcelain"), "");
});

test("a push that fails leaves a record, a commit, and words on what remains", async () => {
  const { at, first, second } = await withCanary("push");
  const hook = join(root, "push", "origin.git", "hooks", "pre-receive");
  await writeFile(hook, "#!/bin/sh\necho closed for lunch >&2\nexit 1\n");
  await chmod(hook, 0o755);
  const ran = await at.run("promote", ["--to", "50"]);
  assert.equal(ran.code, 3);
  assert.match(
    ran.stderr,
    /the change is live, but not written down: commit \w{12} could not be pushed \(.*closed for lunch.*\); push it/,
  );
  const last = (await readReleases(at.models)).at(-1);
  assert.deepEqual([last?.what, last?.to], ["promote", { [first]: 50, [second]: 50 }]);
  assert.equal(last?.commit, git(at.clone, "rev-parse", "HEAD").trim());
});

test("a branch that follows none of the remote is told, since nobody else would see the commit", async () => {
  const { at } = await withCanary("astray");
  git(at.clone, "checkout", "--quiet", "--no-track", "-b", "mine");
  const ran = await at.run("promote", ["--to", "50"]);
  assert.equal(ran.code, 3);
  assert.match(ran.stderr, /could not be pushed \(what is checked out follows no branch of `origin`\); push it/);
});

test("a clone that is behind takes in what others did; where it cannot, it says so and changes nothing", async () => {
  const { at, first, second } = await withCanary("behind");
  const other = at.from(join(root, "behind", "other"));
  git(root, "clone", "--quiet", "--branch", "main", join(root, "behind", "origin.git"), other.clone);
  assert.equal((await other.run("promote", ["--to", "50"])).code, 0);
  const ran = await at.run("promote", ["--to", "100", "--json"]);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /octocat changed production at .* elsewhere \(commit \w{12}\); taking it in/);
  assert.deepEqual((await readReleases(at.models)).at(-1)?.from, { [first]: 50, [second]: 50 });

  const file = join(other.clone, "Pulumi.production.yaml");
  await writeFile(
    file,
    (await readFile(file, "utf8")).replace(`${first}: 50, ${second}: 50`, `${first}: 99, ${second}: 1`),
  );
  git(other.clone, "commit", "--quiet", "--all", "--message", "By hand");
  const refused = await other.run("rollback", []);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /change the same lines; `git pull --rebase`, settle them by hand, push/);
  assert.equal(git(other.clone, "status", "--porcelain"), "", "no rebase is left half-way");
});

test("at a commit without a branch, a command goes on where file and log agree and tells that nobody has its commit; else it refuses", async () => {
  const { at, first } = await withCanary("detached");
  const ci = at.from(join(root, "detached", "ci"));
  git(root, "clone", "--quiet", "--branch", "main", join(root, "detached", "origin.git"), ci.clone);
  git(ci.clone, "checkout", "--quiet", "--detach");
  assert.equal((await at.run("promote", ["--to", "50"])).code, 0);
  const refused = await ci.run("rollback", []);
  assert.equal(refused.code, 3);
  assert.match(
    refused.stderr,
    /octocat changed production at .* elsewhere: check out a branch that holds commit \w{12}/,
  );
  const tip = at.from(join(root, "detached", "tip"));
  git(
    root,
    "clone",
    "--quiet",
    "--depth",
    "1",
    `file://${join(root, "detached", "origin.git")}`,
    "--branch",
    "main",
    tip.clone,
  );
  git(tip.clone, "checkout", "--quiet", "--detach");
  const back = await tip.run("rollback", ["--json"]);
  assert.equal(back.code, 3, "its commit is on this machine alone");
  assert.match(
    back.stderr,
    /the change is live, .* could not be pushed \(what is checked out follows no branch of `origin`\)/,
  );
  assert.deepEqual((await readReleases(at.models)).at(-1)?.to, { [first]: 100 });
});
