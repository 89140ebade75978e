import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readReleases } from "../../../delivery/release-log.ts";
import { evidence, json, log, short, stackFile, steps, trained, withCanary } from "./release-place.ts";

/** Promote, abort, pause, freeze, shadow: the commands in a clone, the engine noted and not run. */

test("promote goes step by step on a pass, and records the verdict of each", async () => {
  const { at, second } = await withCanary("steps");
  const ran = await at.run("promote", ["--judge", "node --print 42", "--bake-minutes", "0", "--json"]);
  assert.equal(ran.code, 0, ran.stderr);
  const shares = json(ran).steps.map(({ traffic }: { traffic: Record<string, number> }) => traffic[second]);
  assert.deepEqual([json(ran).end, shares], ["done", [25, 50, 100]]);
  const last = (await readReleases(at.models)).at(-1);
  assert.deepEqual(last?.evidence, { canary: second, verdict: "pass", judge: 42 });
  assert.match(
    log(at),
    new RegExp(`^Promote production: .*\\n\\nEnvironment: production\\n.*\\nCanary: ${second}\\nVerdict: pass`),
  );
});

test("a fail takes the canary back; an inconclusive verdict holds, and neither moves on", async () => {
  const { at, first, second } = await withCanary("verdicts");
  const judge = (code: number) => ["--judge", `node --eval process.exit(${code})`, "--bake-minutes", "0"];
  const held = await at.run("promote", [...judge(2), "--max-wait-minutes", "0", "--json"]);
  assert.deepEqual([held.code, json(held).end, json(held).traffic], [2, "hold", { [first]: 90, [second]: 10 }]);
  const failed = await at.run("promote", [...judge(1), "--json"]);
  assert.deepEqual([failed.code, json(failed).end, json(failed).traffic], [1, "back", { [first]: 100 }]);
  assert.deepEqual(await steps(at), ["deploy", "deploy", "abort"]);
  assert.match(await stackFile(at), new RegExp(`${second}: \\{ model`), "the canary stays configured");
  const again = await at.run("promote", judge(0));
  assert.equal(again.code, 1);
  assert.match(again.stderr, new RegExp(`production has no canary: \`${first}\` has all traffic`));
});

test("a pause holds every later run until it is lifted", async () => {
  const { at, second } = await withCanary("pause");
  assert.equal((await at.run("promote", ["--pause", "--reason", "lunch"])).code, 0);
  const pass = ["--judge", "true", "--bake-minutes", "0"];
  const held = await at.run("promote", [...pass, "--json"]);
  assert.equal(held.code, 2);
  assert.match(json(held).because, /paused by octocat at .* \(lunch\); go on with --resume/);
  assert.match((await at.run("promote", ["--to", "50"])).stderr, /paused by octocat .* give --resume first/);
  assert.match((await at.run("promote", ["--pause"])).stderr, /was paused by octocat at .* already/);
  const resumed = await at.run("promote", [...pass, "--resume", "--json"]);
  assert.deepEqual([resumed.code, json(resumed).traffic], [0, { [second]: 100 }]);
  assert.deepEqual((await steps(at)).slice(2, 4), ["pause", "resume"]);
});

test("abort gives everything back and keeps the canary; --to says in the record that nobody judged", async () => {
  const { at, first } = await withCanary("abort");
  assert.equal((await at.run("promote", ["--to", "50"])).code, 0);
  const aborted = await at.run("promote", ["--abort", "--reason", "odd", "--json"]);
  assert.deepEqual(json(aborted).traffic, { [first]: 100 });
  const told = await evidence(at);
  assert.equal(told.at(-2)?.["judge"], "not asked (--to)");
  assert.equal(told.at(-1)?.["reason"], "odd");
  assert.equal((await at.run("promote", ["--abort", "--pause"])).code, 2);
  const table = await at.run("history", []);
  assert.match(table.stdout, /abort +octocat .*\(odd\)/);
  assert.match(table.stdout, /promote +octocat .*\(no judge\)/);
});

test("a newer model waits for the canary, or takes its place; the live one again is no change", async () => {
  const { at, first, second, deploy } = await withCanary("newer");
  const three = await trained("newer", "three");
  const refused = await deploy(three, "--traffic-percentage", "10");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, new RegExp(`\`${second}\` is a canary with 10 %`));
  const restarted = await deploy(three, "--traffic-percentage", "25", "--restart-canary", "--json");
  assert.deepEqual(json(restarted).traffic, { [first]: 75, [short(three)]: 25 });
  const same = await deploy(three, "--traffic-percentage", "25");
  assert.equal(same.code, 0);
  assert.match(same.stdout, /is live in production already: `m-\w+` has 25 %; nothing was changed/);
  assert.equal((await steps(at)).length, 3);
});

test("a freeze refuses deploy and promote with its end, and never a rollback", async () => {
  const { at, first, deploy, two } = await withCanary("freeze");
  const file = join(at.clone, "Pulumi.production.yaml");
  const frozen =
    "  ml-delivery:rollout: { steps: [100], bakeMinutes: 0, keepPrevious: 1, freeze: [Mon 00:00-Mon 00:00 UTC] }\n";
  await writeFile(file, (await readFile(file, "utf8")).replace("config:\n", `config:\n${frozen}`));
  for (const ran of [await deploy(two), await at.run("promote", ["--to", "50"])]) {
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /production is frozen until \d{4}-.*--override-freeze REASON/);
  }
  const stepwise = await at.run("promote", ["--judge", "true", "--json"]);
  assert.deepEqual([stepwise.code, json(stepwise).end], [1, "frozen"]);
  assert.equal((await at.run("promote", ["--to", "50", "--override-freeze", "a fix"])).code, 0);
  assert.equal((await evidence(at)).at(-1)?.["freeze_override"], "a fix");
  assert.deepEqual(json(await at.run("rollback", ["--json"])).traffic, { [first]: 100 });
});

test("a shadow is deployed with copies and without traffic, and history says so", async () => {
  const { at, deploy, one, first } = await withCanary("shadow");
  await at.run("promote", ["--abort"]);
  const three = await trained("shadow", "three");
  const ran = await deploy(three, "--mirror-percentage", "20", "--json");
  assert.deepEqual([json(ran).traffic, json(ran).mirror], [{ [first]: 100 }, { [short(three)]: 20 }]);
  assert.match(await stackFile(at), new RegExp(`mirror: \\{ ${short(three)}: 20 \\}`));
  assert.match((await at.run("history", [])).stdout, new RegExp(`copied to ${short(three)} 20`));
  assert.equal((await deploy(one, "--mirror-percentage", "20")).code, 1, "the live one");
  assert.equal((await deploy(three, "--mirror-percentage", "51")).code, 2);
  const back = json(await at.run("rollback", ["--json"]));
  assert.equal(back.changed, false, "a shadow is no reason to go back");
});

test("history says what was live at a time, and draws it", async () => {
  const { at, first, second } = await withCanary("history");
  const [began, canary] = (await readReleases(at.models)).map((record) => record.at);
  const live = async (time = "") => json(await at.run("history", ["--at", time, "--json"])).traffic;
  assert.deepEqual(await live(began), { [first]: 100 });
  assert.deepEqual(await live(canary), { [first]: 90, [second]: 10 });
  assert.deepEqual(await live("2020-01-01"), {});
  assert.equal((await at.run("history", ["--at", "noon"])).code, 2);
  assert.equal((await at.run("history", ["--plot", "traffic.svg"])).code, 0);
  assert.match(await readFile(join(at.clone, "traffic.svg"), "utf8"), new RegExp(`${second}: 10 % from`));
  assert.equal((await at.run("history", ["--plot", "traffic.png"])).code, 2);
});
