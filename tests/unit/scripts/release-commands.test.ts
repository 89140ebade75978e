import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readReleases } from "../../../delivery/release-log.ts";
import { log, place, root, STACK_FILE, stackFile, trained } from "./release-place.ts";

/** The commands' own work: gate, plan, stack file, commit, record. The engine is a program that notes how it was called. */

test("deploy, canary, promote and rollback edit the stack file, update, commit with evidence, push and record", async () => {
  const at = await place("story");
  const [one, two] = [await trained("story", "one"), await trained("story", "two")];
  const [first, second] = [one, two].map(({ version }) => `m-${version.slice(0, 8)}`) as [string, string];
  const deploy = (model: string, share: string) =>
    at.run("deploy", [
      "--model-path",
      model,
      "--endpoint-name",
      "plants-prod",
      "--traffic-percentage",
      share,
      "--json",
    ]);

  const started = await deploy(one.path, "10");
  assert.equal(started.code, 0, started.stderr);
  assert.deepEqual(JSON.parse(started.stdout).traffic, { [first]: 100 });
  assert.match(await stackFile(at), new RegExp(`traffic: \\{ ${first}: 100 \\}`));
  const copied = await readFile(join(at.models, one.version, "manifest.json"));
  assert.deepEqual(copied, await readFile(join(one.path, "manifest.json")));

  const canary = await deploy(two.path, "10");
  assert.deepEqual(JSON.parse(canary.stdout).traffic, { [first]: 90, [second]: 10 });
  const promoted = await at.run("promote", ["--to", "50", "--json"]);
  assert.deepEqual(JSON.parse(promoted.stdout).traffic, { [first]: 50, [second]: 50 });
  assert.equal((await at.run("promote", ["--to", "20"])).code, 1, "promote does not take traffic away");
  const back = await at.run("rollback", ["--json"]);
  assert.deepEqual(JSON.parse(back.stdout).traffic, { [first]: 100 });
  const twice = await at.run("rollback", []);
  assert.equal(twice.code, 0);
  assert.match(twice.stdout, new RegExp(`^production stays on ${first}\n- all traffic is on .* nothing was changed`));
  assert.equal((await at.run("promote", [])).code, 1, "what was rolled back is no canary");

  const calls = (await readFile(join(root, "story", "calls"), "utf8")).trim().split("\n");
  const update = (options: string) =>
    `up --yes --skip-preview ${options}--stack production --non-interactive --color never`;
  // No rule closes the way back.
  assert.deepEqual(calls, [...Array(3).fill(update("--policy-pack policy ")), update("")]);
  const messages = log(at);
  assert.match(messages, new RegExp(`^Roll back production: ${first} 50 => 100, ${second} 50 => 0`));
  assert.match(
    messages,
    /\nEnvironment: production\nEndpoint: plants-prod\nGate: pass\nAccuracy: 0.9\nAvg-Latency-Ms: 5\n/,
  );
  const releases = await readReleases(at.models);
  assert.deepEqual(
    releases.map(({ what }) => what),
    ["deploy", "deploy", "promote", "rollback"],
  );
  assert.deepEqual([releases[3]?.from, releases[3]?.to], [{ [first]: 50, [second]: 50 }, { [first]: 100 }]);
  assert.equal(releases[0]?.who, "octocat");
  assert.match(releases[0]?.commit ?? "", /^[0-9a-f]{40}$/);
});

test("a dry run shows the difference and changes nothing", async () => {
  const at = await place("dry");
  const { path, version } = await trained("dry", "one");
  const { code, stdout } = await at.run("deploy", ["--model-path", path, "--dry-run"]);
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`\\+ {4}traffic: \\{ m-${version.slice(0, 8)}: 100 \\}`));
  assert.equal(await stackFile(at), STACK_FILE);
  await assert.rejects(readFile(join(root, "dry", "calls")), /ENOENT/);
});

test("a failed update puts the stack file back, commits nothing, and tells lock, policy and program apart", async () => {
  const at = await place("failed");
  const { path } = await trained("failed", "one");
  const cases: [string, number, RegExp][] = [
    [
      "error: the stack is currently locked by 1 lock(s)\n  created by a@host (pid 7)",
      3,
      /locked: .*created by a@host/s,
    ],
    ["error: resource urn:x failed: 429 Too Many Requests", 3, /update: error: resource/],
    ["error: Running program 'index.ts' failed with an unhandled exception:", 1, /program: /],
  ];
  for (const [words, code, message] of cases) {
    const ran = await at.run("deploy", ["--model-path", path], words);
    assert.equal(ran.code, code, words);
    assert.match(ran.stderr, message);
    assert.match(
      ran.stderr,
      /`Pulumi.production.yaml` is as it was. Deployment m-[0-9a-f]{8} may exist without traffic/,
    );
    assert.equal(await stackFile(at), STACK_FILE);
  }
  assert.equal(log(at), "Start\n\0\n");
  assert.deepEqual(await readReleases(at.models), []);
});

test("a model that fails the gate, or is not measured, is not deployed; a wrong endpoint is caught", async () => {
  const at = await place("gate");
  const weak = await trained("gate", "weak", 0.84);
  const refused = await at.run("deploy", ["--model-path", weak.path]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /gate says `fail` to model [0-9a-f]{16}: `accuracy` is 0.84, not at least 0.85/);
  const fine = await trained("gate", "fine");
  const wrong = await at.run("deploy", ["--model-path", fine.path, "--endpoint-name", "plants-staging"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /`--endpoint-name` is `plants-staging`, but `Pulumi.production.yaml` has `plants-prod`/);
  await rm(join(fine.path, "metrics.json"));
  assert.equal((await at.run("deploy", ["--model-path", fine.path])).code, 2);
  assert.equal((await at.run("deploy", ["--model-path", weak.path, "--traffic-percentage", "33.3"])).code, 2);
  assert.equal(await stackFile(at), STACK_FILE);
});
