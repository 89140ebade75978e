import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkConfig } from "../../../../config.ts";
import { freezeWindow, frozenUntil, requireThawed } from "../../../../delivery/rollout/freeze.ts";
import { askJudge } from "../../../../delivery/rollout/judge.ts";
import { MOST_UNREACHABLE, nextMove, type Situation } from "../../../../delivery/rollout/promotion.ts";
import { withTurn } from "../../../../delivery/rollout/turn.ts";
import { stackConfig } from "../../../components/mocks.ts";

const since = new Date("2026-11-24T12:00:00Z"); // a Tuesday
const after = (minutes: number) => new Date(since.getTime() + minutes * 60_000);

function move(parts: Partial<Situation> & { readonly share?: number }) {
  return nextMove({
    progress: { canary: "m-b", share: parts.share ?? 10, since },
    rollout: { steps: [10, 25, 50, 100], bakeMinutes: 10, keepPrevious: 1 },
    now: after(10),
    overridden: false,
    patienceMinutes: 60,
    verdict: undefined,
    unreachable: 0,
    ...parts,
  });
}

test("a canary is watched for the whole bake, of which a death of the command takes nothing away", () => {
  const wait = move({ now: after(9.9) });
  assert.deepEqual(wait.kind === "wait" && wait.ms, 6000);
  assert.equal(move({ now: after(10) }).kind, "ask");
  const unknown = move({ progress: { canary: "m-b", share: 10, since: undefined }, now: after(500) });
  assert.equal(unknown.kind, "wait", "a share that nothing recorded is watched from now on");
});

test("only a pass moves traffic on, to the next step", () => {
  assert.deepEqual(move({ verdict: "pass" }), { kind: "shift", to: 25 });
  assert.deepEqual(move({ verdict: "pass", share: 30 }), { kind: "shift", to: 50 });
  assert.deepEqual(move({ verdict: "pass", share: 99 }), { kind: "shift", to: 100 });
  assert.equal(move({ verdict: "inconclusive" }).kind, "wait");
  assert.equal(move({ verdict: "unreachable", unreachable: 1 }).kind, "wait");
  assert.deepEqual(move({ verdict: "inconclusive", now: after(70) }), { kind: "hold", because: "inconclusive" });
});

test("a fail moves it back whatever else holds, and so does a judge that cannot look time after time", () => {
  const paused = { canary: "m-b", share: 10, since, paused: { who: "ana", at: "now", reason: "lunch" } };
  assert.deepEqual(move({ verdict: "fail", progress: paused }), { kind: "back", because: "fail" });
  const blind = move({ verdict: "unreachable", unreachable: MOST_UNREACHABLE });
  assert.deepEqual(blind, { kind: "back", because: "unreachable" });
});

test("a pause and a freeze hold a step that passed", () => {
  const paused = { who: "ana", at: "now", reason: "lunch" };
  const progress = { canary: "m-b", share: 10, since, paused };
  assert.deepEqual(move({ verdict: "pass", progress }), { kind: "paused", ...paused });
  const rollout = { steps: [10, 100], bakeMinutes: 10, keepPrevious: 1, freeze: ["Tue 12:00-Wed 08:00 UTC"] };
  const until = new Date("2026-11-25T08:00:00Z");
  assert.deepEqual(move({ verdict: "pass", rollout }), { kind: "frozen", until });
  assert.deepEqual(move({ verdict: "pass", rollout, overridden: true }), { kind: "shift", to: 100 });
  assert.deepEqual(move({ verdict: "fail", rollout }), { kind: "back", because: "fail" });
  assert.deepEqual(move({ progress: undefined }), { kind: "done" });
});

test("a freeze window holds from its start to its end, over the weekend too", () => {
  const until = (now: string, ...windows: string[]) => frozenUntil(windows, new Date(now))?.toISOString();
  const weekend = "Fri 16:00-Mon 08:00 UTC";
  assert.equal(until("2026-11-27T15:59:59Z", weekend), undefined);
  assert.equal(until("2026-11-27T16:00:00Z", weekend), "2026-11-30T08:00:00.000Z");
  assert.equal(until("2026-11-29T03:00:30Z", weekend), "2026-11-30T08:00:00.000Z");
  assert.equal(until("2026-11-30T08:00:00Z", weekend), undefined);
  const touching = until("2026-11-27T17:00:00Z", weekend, "Mon 08:00-Mon 09:30 UTC");
  assert.equal(touching, "2026-11-30T09:30:00.000Z");
  assert.notEqual(until("2026-11-27T17:00:00Z", "Mon 00:00-Mon 00:00 UTC"), undefined);
});

test("a freeze is refused with its end, and overridden with a reason that is recorded", () => {
  const environment = {
    name: "production",
    rollout: { steps: [100], bakeMinutes: 1, keepPrevious: 1, freeze: ["Tue 12:00-Wed 08:00 UTC"] },
  };
  assert.throws(
    () => requireThawed(environment, since, undefined),
    /production is frozen until 2026-11-25T08:00:00.000Z .*--override-freeze REASON. A rollback is never frozen/,
  );
  assert.throws(() => requireThawed(environment, since, "  "), /is frozen until/);
  assert.deepEqual(requireThawed(environment, since, "a fix"), { freeze_override: "a fix" });
  assert.deepEqual(requireThawed(environment, new Date("2026-11-25T08:00:00Z"), undefined), {});
});

test("config takes freeze windows and instances, and refuses what is none", () => {
  const problems = (freeze: unknown, instances: unknown) => {
    const values = structuredClone(stackConfig("staging"));
    values["ml-delivery:rollout"] = { steps: [100], bakeMinutes: 1, keepPrevious: 1, freeze };
    Object.assign(values["ml-delivery:endpoint"] as object, { instances });
    return checkConfig(values, "staging")[1].map(({ key }) => key);
  };
  assert.deepEqual(problems(["Fri 16:00-Mon 08:00 UTC"], 3), []);
  assert.deepEqual(problems(undefined, undefined), []);
  const wrong = problems(["Friday 16:00-Mon 08:00 UTC", "Fri 24:00-Mon 08:00 UTC", "Fri 16:00-Mon 08:00"], 0);
  const at = [0, 1, 2].map((i) => `ml-delivery:rollout.freeze[${i}]`);
  assert.deepEqual(wrong, ["ml-delivery:endpoint.instances", ...at]);
  assert.equal(
    freezeWindow("Sun 00:00-Sat 23:59 UTC", "k", () => assert.fail()),
    "Sun 00:00-Sat 23:59 UTC",
  );
});

test("the judge answers by exit code, and is asked with the values that its command names", async () => {
  const question = { environment: "production", canary: "m-b", baseline: "m-a", since };
  const ask = (command: string) => askJudge(command, question, ".");
  const verdict = async (code: number) => (await ask(`node --eval process.exit(${code})`)).verdict;
  const verdicts = ["pass", "fail", "inconclusive", "unreachable", "unreachable"];
  assert.deepEqual(await Promise.all([0, 1, 2, 3, 99].map(verdict)), verdicts);
  const said = await ask(
    "node --print JSON.stringify(process.argv.slice(1)) {environment} {canary} {baseline} {since}",
  );
  assert.deepEqual(said, { verdict: "pass", said: ["production", "m-b", "m-a", "2026-11-24T12:00:00.000Z"] });
  const endpointId = "/subscriptions/s-1/resourceGroups/rg-1/providers/x/workspaces/w-1/onlineEndpoints/e-1";
  const where = "node --print process.argv.slice(1).join() {subscription} {resource-group} {workspace} {endpoint}";
  assert.equal((await askJudge(where, { ...question, endpointId }, ".")).said, "s-1,rg-1,w-1,e-1");
  await assert.rejects(ask(where), /names \{subscription\}/, "a stack that does not say where its endpoint is");
  await assert.rejects(
    ask("node {model}"),
    /names \{model\}; it may name environment, canary, baseline, since, endpoint/,
  );
  await assert.rejects(ask("no-such-judge"), /cannot run `no-such-judge`/);
  await assert.rejects(ask(" "), /command is empty/);
});

test("DEP-03: two at once in one working copy: one has the turn, the other is told by whom and since when", async () => {
  const folder = await mkdtemp(join(tmpdir(), "turn-"));
  try {
    await withTurn(folder, "production", async () => {
      const other = withTurn(folder, "production", async () => assert.fail("had the turn too"));
      await assert.rejects(other, new RegExp(`is changing production .* since \\d{4}-.* \\(pid ${process.pid} on `));
      await withTurn(folder, "staging", async () => {});
    });
    assert.equal(await withTurn(folder, "production", async () => "free again"), "free again");
  } finally {
    await rm(folder, { recursive: true });
  }
});
