import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Judgement, judge } from "../../../../delivery/canary/judge.ts";
import { looksAt } from "../../../../delivery/canary/latencies.ts";
import { faultOf } from "../../../../delivery/canary/minutes.ts";
import type { Recording } from "../../../../delivery/canary/recording.ts";
import { DEFAULT_RULES, readRules } from "../../../../delivery/canary/rules.ts";
import { type Behaviour, minuteAt, record } from "./recordings.ts";

const served = (good: number, more: Record<string, number | null> = {}, ms?: number): Behaviour => ({
  requests: { "200/200": good, ...more },
  ...(ms !== undefined && { ms }),
});
const sound = () => served(60);
const steady = () => served(540);
const metricOf = (judgement: Judgement, name: string) => {
  const found = judgement.metrics.find(({ metric }) => metric === name);
  assert.ok(found, `no metric ${name}`);
  return found;
};

test("a sound canary passes, and says why with numbers", () => {
  const judgement = judge(record(60, sound, steady));
  assert.equal(judgement.verdict, "pass");
  assert.equal(judgement.minutes, 60);
  assert.match(judgement.reasons[0] ?? "", /no more failures: 0.00 % against 0.00 %, p = 1.0000; sure to be less than/);
  assert.equal(judgement.reasons.length, 3);
});

test("a canary that fails more often fails, one that is slower fails", () => {
  const failing = judge(record(60, () => served(57, { "424/500": 2, "408": 1 }), steady));
  assert.equal(failing.verdict, "fail");
  assert.match(failing.reasons[0] ?? "", /more failures: 5.00 % against 0.00 %/);
  const slow = judge(record(60, () => served(60, {}, 60), steady));
  assert.equal(slow.verdict, "fail");
  assert.match(slow.reasons[0] ?? "", /latency p50: slower since minute 10: 1.50 times/);
});

test("faults are told apart by status and by what the container said", () => {
  const faults = {
    none: ["200", "200/200", "302"],
    model: ["500", "502/500", "408", "429", "424", "424/500", "424/503", "424/408", "424/429"],
    client: ["400", "401", "404", "413", "499", "424/400", "424/415", "424/422"],
  };
  for (const [fault, statuses] of Object.entries(faults)) {
    for (const status of statuses) assert.equal(faultOf(status), fault, status);
  }
});

describe("DEP-18", () => {
  const inconclusive = (recording: Recording, reason: RegExp) => {
    const judgement = judge(recording);
    assert.equal(judgement.verdict, "inconclusive", judgement.reasons.join("; "));
    assert.match(judgement.reasons.join("; "), reason);
  };

  test("DEP-18 no data never passes", () => {
    inconclusive(
      record(
        60,
        () => undefined,
        () => undefined,
      ),
      /there are no figures/,
    );
    inconclusive(
      record(60, () => undefined, steady),
      /0 minutes have figures of both sides; 10 are needed/,
    );
    inconclusive(
      record(60, sound, () => undefined),
      /0 requests of the canary and 0 of the baseline/,
    );
    inconclusive(record(0, sound, steady), /there are no figures/);
  });

  test("DEP-18 few data never pass: few minutes, few requests, few latencies", () => {
    inconclusive(record(9, sound, steady), /9 minutes have figures of both sides; 10 are needed/);
    inconclusive(
      record(40, () => served(1), steady),
      /40 requests of the canary.*each needs 50/,
    );
    inconclusive(
      record(60, (i) => ({ ...sound(), ms: i < 9 ? 40 : null }), steady),
      /latency p50: 9 minutes/,
    );
    inconclusive(
      record(12, () => served(10, { "500": 0 }), steady),
      /not sure yet about failures/,
    );
  });

  test("DEP-18 zero traffic is no data", () => {
    inconclusive(
      record(60, () => served(0), steady),
      /0 requests of the canary/,
    );
    inconclusive(
      record(60, (i) => (i < 50 ? sound() : undefined), steady),
      /for the last 10 minutes; is there traffic/,
    );
  });

  test("DEP-18 NaN and other nonsense never pass, and a little of it does not harm", () => {
    const nonsense = [Number.NaN, -1, Number.POSITIVE_INFINITY, 0.5, null];
    for (const value of nonsense) {
      inconclusive(
        record(60, () => served(60, { "500": value }), steady),
        /60 of 120 samples.*with a count that is no number/,
      );
      const once = record(60, (i) => served(60, i === 3 ? { "500": value } : {}), steady);
      assert.equal(judge(once).verdict, "pass");
    }
    const odd = record(60, () => served(60, {}, Number.NaN), steady);
    inconclusive(odd, /latency p50: 0 minutes with figures of both sides/);
  });

  test("DEP-18 errors that are all of bad clients neither fail a canary nor speak for it", () => {
    const all = { requests: { "424/400": 30, "415": 30 } };
    inconclusive(
      record(60, () => all, steady),
      /0 requests of the canary/,
    );
    const beside = judge(record(60, () => served(60, { "424/400": 30, "401": 9 }), steady));
    assert.equal(beside.verdict, "pass");
    const told = metricOf(beside, "client errors");
    assert.deepEqual([told.verdict, told.mode], ["fail", "dry-run"]);
  });

  test("DEP-18 a clock that is wrong: minutes outside the window are left out and told", () => {
    const ahead = record(60, sound, steady);
    const skewed = ahead.canary.minutes.map((sample, i) => ({ ...sample, minute: minuteAt(i + 55) }));
    inconclusive({ ...ahead, canary: { ...ahead.canary, minutes: skewed } }, /55 outside the window: a clock is wrong/);
    const seconds = ahead.canary.minutes.map((sample) => ({
      ...sample,
      minute: sample.minute.replace(":00.000", ":07.000"),
    }));
    assert.deepEqual(judge({ ...ahead, canary: { ...ahead.canary, minutes: seconds } }), judge(ahead));
    const twice = { ...ahead.canary, minutes: [...ahead.canary.minutes, ...ahead.canary.minutes] };
    inconclusive({ ...ahead, canary: twice }, /60 of a minute that was there before/);
  });

  test("DEP-18 both versions bad: a canary no worse than a broken baseline does not pass", () => {
    const broken = record(
      60,
      () => served(40, { "500": 20 }),
      () => served(360, { "500": 180 }),
    );
    inconclusive(
      broken,
      /33.33 % failures on the canary, more than 10.00 %, though 33.33 % on the baseline: both are bad/,
    );
  });
});

test("the order in which minutes arrive changes nothing", () => {
  const recording = record(60, (i) => served(58, { "500": i % 3 }), steady);
  const turned = { ...recording, canary: { ...recording.canary, minutes: recording.canary.minutes.toReversed() } };
  assert.deepEqual(judge(turned), judge(recording));
});

test("a bad quarter of an hour on both sides, and a change of the split, are not held against the canary", () => {
  const hit = (i: number) => i >= 20 && i < 35;
  const shares = (i: number) => (hit(i) ? 0.05 : 0);
  // The canary's share of traffic grows just when everything fails more often: pooled, it would look worse.
  const canary = (i: number) => served(hit(i) ? 285 : 60, { "500": Math.round(shares(i) * 300) });
  const baseline = (i: number) => served(hit(i) ? 285 : 540, { "500": Math.round(shares(i) * 300) });
  const failures = metricOf(judge(record(60, canary, baseline)), "failures");
  assert.ok((failures.effect ?? 0) > 0.01, `pooled shares differ by ${failures.effect}`);
  assert.notEqual(failures.verdict, "fail");
});

test("latency is asked for at doubling lengths, and all levels together are at most alpha", () => {
  assert.deepEqual(looksAt(9, 10, 0.02), []);
  assert.deepEqual(looksAt(45, 10, 0.02), [
    { length: 10, alpha: 0.01 },
    { length: 20, alpha: 0.005 },
    { length: 40, alpha: 0.0025 },
  ]);
});

test("a canary that was slow when asked stays failed; one slower by less than is worth a word passes", () => {
  const early = judge(record(39, (i) => served(60, {}, i < 20 ? 80 : 40), steady));
  assert.equal(metricOf(early, "latency p50").verdict, "fail");
  const small = (ms: number) =>
    judge(
      record(
        60,
        () => served(60, {}, ms),
        () => served(540, {}, 4),
      ),
    );
  assert.equal(metricOf(small(6), "latency p50").verdict, "pass");
  assert.equal(metricOf(small(12), "latency p50").verdict, "fail");
});

test("a canary that becomes slow after a good start is failed by the newer half", () => {
  const slowFrom = (first: number) => record(80, (i) => served(60, {}, i < first ? 40 : 80), steady);
  const { verdict, reason } = metricOf(judge(slowFrom(42)), "latency p50");
  assert.deepEqual([verdict, /slower since minute 80/.test(reason)], ["fail", true]);
});

test("a canary that has become slow lately does not pass on its good start", () => {
  const late = metricOf(judge(record(79, (i) => served(60, {}, i < 65 ? 40 : 80), steady)), "latency p50");
  assert.equal(late.verdict, "inconclusive");
  assert.match(late.reason, /slower in the last 10 minutes/);
});

test("dry-run metrics are shown and have no effect; metrics that are off are not there", () => {
  const slow = record(60, () => served(60, {}, 80), steady);
  const dry = readRules({ latency: { average: "off", p50: "dry-run", p95: "dry-run", p99: "off" } }, "rules");
  const judgement = judge(slow, dry);
  assert.equal(judgement.verdict, "pass");
  assert.equal(metricOf(judgement, "latency p95").verdict, "fail");
  assert.deepEqual(
    judgement.metrics.map(({ metric }) => metric),
    ["failures", "latency p50", "latency p95", "client errors"],
  );
  assert.equal(judgement.alpha, 0.05);
  assert.ok(Math.abs(judge(slow).alpha - 0.05 / 3) < 1e-12);
  const none = readRules({ ...dry, failures: { mode: "dry-run" } }, "rules");
  assert.deepEqual(judge(slow, none).reasons, ["no metric is critical, so nothing can pass"]);
});

test("labels that shift are told, and fail a canary only where that is asked for", () => {
  const shifted = { canary: { rose: 300, daisy: 60 }, baseline: { rose: 1500, daisy: 1500 } };
  const recording = { ...record(60, sound, steady), labels: shifted };
  const told = judge(recording);
  assert.equal(told.verdict, "pass");
  assert.equal(metricOf(told, "labels").verdict, "fail");
  const strict = readRules({ labels: { mode: "critical" } }, "rules");
  assert.equal(judge(recording, strict).verdict, "fail");
  const few = { canary: { rose: 3 }, baseline: { rose: 1500 } };
  assert.equal(judge({ ...recording, labels: few }, strict).verdict, "inconclusive");
  assert.equal(judge(record(60, sound, steady), strict).verdict, "inconclusive");
});

test("rules are complete by themselves, and what is no rule is refused by name", () => {
  assert.deepEqual(readRules(undefined, "rules"), DEFAULT_RULES);
  assert.throws(() => readRules({ failures: { minEfect: 0.1 } }, "canary.json"), /canary.json: `failures`.*minEfect/);
  assert.throws(() => readRules({ alpha: 0 }, "canary.json"), /canary.json: `alpha`/);
});

test("however many requests fail by their callers' own fault, the verdict and its reasons stay", () => {
  const counts = fc.array(fc.nat(500), { minLength: 30, maxLength: 30 });
  const statuses = fc.constantFrom("400", "401", "413", "415", "424/400", "424/415", "499");
  fc.assert(
    fc.property(counts, statuses, fc.nat(3), (more, status, failures) => {
      const canary = (own: Record<string, number>) => () => served(60 - failures, { "500": failures, ...own });
      const plain = judge(record(30, canary({}), steady));
      const beside = judge(record(30, (i) => canary({ [status]: more[i] ?? 0 })(), steady));
      assert.deepEqual([beside.verdict, beside.reasons], [plain.verdict, plain.reasons]);
    }),
    { numRuns: 50 },
  );
});

const side = fc.record({
  good: fc.integer({ min: 0, max: 200 }),
  bad: fc.integer({ min: 0, max: 6 }),
  ms: fc.integer({ min: 20, max: 80 }),
});

test("making the canary worse never makes it pass, nor takes a failure back", () => {
  const minutes = fc.array(fc.record({ canary: side, baseline: side, worse: side }), { minLength: 5, maxLength: 45 });
  const rules = readRules({ minRequests: 20, minMinutes: 5 }, "rules");
  const seen = new Set<string>();
  fc.assert(
    fc.property(minutes, fc.integer({ min: 1, max: 20 }), fc.boolean(), (all, quietness, calm) => {
      const bad = (count: number) => Math.floor(count / quietness);
      const ms = (figures: { ms: number }) => (calm ? 40 : figures.ms);
      const baseline = (i: number) =>
        served(
          (all[i]?.baseline.good ?? 0) * 9,
          { "500": bad(all[i]?.baseline.bad ?? 0) },
          ms(all[i]?.baseline ?? { ms: 40 }),
        );
      const before = record(
        all.length,
        (i) => {
          const { good = 0, bad: failed = 0, ms: own = 40 } = all[i]?.canary ?? {};
          return served(good, { "500": bad(failed) }, ms({ ms: own }));
        },
        baseline,
      );
      const after = record(
        all.length,
        (i) => {
          const { good = 0, bad: failed = 0, ms: own = 40 } = all[i]?.canary ?? {};
          const moved = Math.min(good, bad(all[i]?.worse.bad ?? 0));
          return served(good - moved, { "500": bad(failed) + moved }, ms({ ms: own }) + (all[i]?.worse.ms ?? 0) - 20);
        },
        baseline,
      );
      const [first, second] = [judge(before, rules).verdict, judge(after, rules).verdict];
      seen.add(`${first} ${second}`);
      if (first !== "pass") assert.notEqual(second, "pass");
      if (first === "fail") assert.equal(second, "fail");
    }),
    { numRuns: 300 },
  );
  // The property means something only where all verdicts occur.
  for (const verdict of ["pass", "fail", "inconclusive"]) {
    assert.ok(
      [...seen].some((pair) => pair.startsWith(verdict)),
      `no ${verdict} among ${[...seen].join(", ")}`,
    );
  }
});
