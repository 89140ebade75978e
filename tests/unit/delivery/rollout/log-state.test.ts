import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReleaseRecord } from "../../../../delivery/release-log.ts";
import { canaryProgress, goodAt, lastGood, trafficAt } from "../../../../delivery/rollout/log-state.ts";
import { parseTime, wayBack } from "../../../../delivery/rollout/way-back.ts";
import type { EndpointConfig } from "../../../../delivery/rollout.ts";

type Shares = Record<string, number>;

/** Records a minute apart, each as [what, traffic after]. */
function log(...steps: [string, Shares][]): ReleaseRecord[] {
  return steps.map(([what, to], i) => {
    const at = new Date(Date.UTC(2026, 10, 24, 12, i)).toISOString();
    const from = steps[i - 1]?.[1] ?? {};
    return { schema: 1, at, who: "ana", what, environment: "p", endpoint: "e", from, to, evidence: {}, commit: null };
  });
}

function endpoint(traffic: Shares, ...names: string[]): EndpointConfig {
  return { deployments: Object.fromEntries(names.map((name) => [name, { model: name, instances: 1 }])), traffic };
}

const [A, B, C] = ["m-0000000a", "m-0000000b", "m-0000000c"] as const;
const minute = (n: number) => new Date(Date.UTC(2026, 10, 24, 12, n));

test("during a canary, the last good is what had everything before it", () => {
  const records = log(["deploy", { [A]: 100 }], ["deploy", { [A]: 90, [B]: 10 }], ["promote", { [A]: 50, [B]: 50 }]);
  assert.deepEqual(lastGood(records, endpoint({ [A]: 50, [B]: 50 }, A, B)), {
    ...{ kind: "target", deployment: A, source: "release log" },
  });
});

test("after a promotion it is the version before; after a way back there is nothing to do", () => {
  const promoted = log(["deploy", { [A]: 100 }], ["deploy", { [A]: 90, [B]: 10 }], ["promote", { [B]: 100 }]);
  assert.equal(lastGood(promoted, endpoint({ [B]: 100 }, A, B)).kind, "target");
  const back = [...promoted, ...log(["rollback", { [A]: 100 }])];
  assert.deepEqual(lastGood(back, endpoint({ [A]: 100 }, A, B)), { kind: "there", deployment: A, since: back[3]?.at });
});

test("a shadow that is deployed after a way back does not make the bad version good again", () => {
  const records = log(
    ["deploy", { [A]: 100 }],
    ["deploy", { [B]: 100 }],
    ["rollback", { [A]: 100 }],
    ["deploy", { [A]: 100 }],
  );
  assert.equal(lastGood(records, endpoint({ [A]: 100 }, A, B, C)).kind, "there");
});

test("without a log the stack file's order counts, and says so", () => {
  assert.deepEqual(lastGood([], endpoint({ [B]: 100 }, A, B)), { kind: "target", deployment: A, source: "stack file" });
  assert.equal(lastGood([], endpoint({ [A]: 100 }, A)).kind, "none");
  assert.deepEqual(lastGood([], endpoint({})), { kind: "none", why: "nothing is live" });
});

test("CFG-06: a way back that is gone is refused, with what is possible", () => {
  const records = log(["deploy", { [A]: 100 }], ["deploy", { [B]: 100 }]);
  const refusal = (names: string[], to?: string) => () => wayBack(records, endpoint({ [B]: 100 }, ...names), to);
  assert.throws(refusal([B]), /`m-0000000a` was live before, but is no longer deployed. .* No other deployment is up/);
  assert.throws(refusal([B, C]), /Live now: m-0000000b 100. --to can name m-0000000c/);
  assert.throws(refusal([A, B], "0000000cffffffff"), /`m-0000000c` is not deployed. .* --to can name m-0000000a/);
  assert.throws(refusal([A, B], "yesterday"), /must be a version, a deployment or a time .* got `yesterday`/);
});

test("a way back can be named by version, deployment and time", () => {
  const records = log(["deploy", { [A]: 100 }], ["deploy", { [A]: 90, [B]: 10 }], ["promote", { [B]: 100 }]);
  const target = (to: string) => {
    const way = wayBack(records, endpoint({ [C]: 100 }, A, B, C), to);
    return way.kind === "target" ? way.deployment : way.kind;
  };
  assert.equal(target("0000000affffffff"), A);
  assert.equal(target("0000000b"), B);
  assert.equal(target(A), A);
  assert.equal(target("2026-11-24T12:01:30Z"), A, "during a canary, what had everything before");
  assert.equal(target("2026-11-24 13:02:30"), B);
  const present = /`m-0000000c` is the present one: it has all traffic.* --to can name m-0000000a, m-0000000b/;
  assert.throws(() => target(C), present);
});

test("CFG-06 DEP-13 the present one is a way back where one led to it, or where somebody moved traffic by hand", () => {
  const deployed = log(["deploy", { [A]: 100 }], ["deploy", { [B]: 100 }]);
  const back = log(["deploy", { [A]: 100 }], ["deploy", { [B]: 100 }], ["rollback", { [A]: 100 }]);
  const kind = (records: ReleaseRecord[], live: string, actual?: Shares) =>
    wayBack(records, endpoint({ [live]: 100 }, A, B), live, actual).kind;
  assert.throws(() => kind(deployed, B), /is the present one/);
  assert.equal(kind(back, A), "there", "asked twice, it must not go back twice");
  assert.equal(kind(deployed, B, { [A]: 60, [B]: 40 }), "target");
});

test("what was live at a time is what the last record until then says", () => {
  const records = log(["deploy", { [A]: 100 }], ["pause", { [A]: 100 }], ["deploy", { [A]: 90, [B]: 10 }]);
  assert.equal(trafficAt(records, new Date(minute(0).getTime() - 1)), undefined);
  assert.deepEqual(trafficAt(records, minute(1)), { [A]: 100 });
  assert.deepEqual(trafficAt(records, minute(2)), { [A]: 90, [B]: 10 });
  assert.equal(goodAt(records, minute(9)), A);
});

test("a canary's bake begins with the record of its share; unknown where nothing recorded it", () => {
  const records = log(["deploy", { [A]: 100 }], ["deploy", { [A]: 90, [B]: 10 }]);
  const since = (traffic: Shares) => canaryProgress(records, endpoint(traffic, A, B))?.since;
  assert.deepEqual(since({ [A]: 90, [B]: 10 }), minute(1));
  assert.equal(since({ [A]: 80, [B]: 20 }), undefined);
  assert.equal(canaryProgress(records, endpoint({ [A]: 100 }, A, B)), undefined);
});

test("a pause holds until it is lifted, and only the rollout it was said of", () => {
  const paused = (...more: [string, Shares][]) => {
    const records = log(["deploy", { [A]: 100 }], ["deploy", { [A]: 90, [B]: 10 }], ...more);
    return canaryProgress(records, endpoint(more.at(-1)?.[1] ?? {}, A, B, C))?.paused;
  };
  const canary = { [A]: 90, [B]: 10 };
  assert.deepEqual(paused(["pause", canary]), { who: "ana", at: minute(2).toISOString(), reason: "no reason given" });
  assert.equal(paused(["pause", canary], ["resume", canary]), undefined);
  assert.equal(paused(["pause", canary], ["abort", { [A]: 100 }], ["deploy", { [A]: 90, [C]: 10 }]), undefined);
});

test("a time is ISO 8601, in UTC unless it says otherwise", () => {
  assert.equal(parseTime("2026-11-24T12:00")?.toISOString(), "2026-11-24T12:00:00.000Z");
  assert.equal(parseTime("2026-11-24")?.toISOString(), "2026-11-24T00:00:00.000Z");
  assert.equal(parseTime("2026-11-24T12:00:00+02:00")?.toISOString(), "2026-11-24T10:00:00.000Z");
  for (const no of ["2026", "24.11.2026", "2026-13-01", "noon", ""]) assert.equal(parseTime(no), undefined, no);
});
