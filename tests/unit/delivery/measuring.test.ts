import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeBatch } from "../../../delivery/canary-batch.ts";
import { compareModels as compareBoth, noChampion } from "../../../delivery/compare.ts";
import { sha256 } from "../../../delivery/digest.ts";
import { readSliceTable, slicesOf } from "../../../delivery/metrics/slices.ts";
import { computeMetrics, parseMetrics } from "../../../delivery/metrics.ts";
import { type Prediction, parsePredictions } from "../../../delivery/predictions.ts";
import { checkAnswer, isFailure } from "../../../delivery/scoring.ts";
import { sideOf } from "../../../delivery/split.ts";

function predictions(right: readonly boolean[]): Prediction[] {
  return right.map((hit, i) => ({
    path: `rose/${i}.jpg`,
    label: "rose",
    prediction: hit ? "rose" : "daisy",
    probabilities: hit ? [0.8, 0.2] : [0.2, 0.8],
    latency_ms: 5,
  }));
}

const compareModels = (current: Prediction[], next: Prediction[], rules = {}) =>
  compareBoth({ predictions: current, bytes: 2_000_000 }, { predictions: next, bytes: 1_500_000 }, rules);

test("metrics of four pictures", () => {
  const answers: Prediction[] = [
    { path: "a/1.jpg", label: "a", prediction: "a", probabilities: [0.9, 0.1, 0], latency_ms: 10 },
    { path: "a/2.jpg", label: "a", prediction: "b", probabilities: [0.3, 0.6, 0.1], latency_ms: 20 },
    { path: "b/1.jpg", label: "b", prediction: "b", probabilities: [0, 1, 0], latency_ms: 30 },
    { path: "b/2.jpg", label: "b", prediction: "b", probabilities: [0.2, 0.55, 0.25], latency_ms: 45 },
  ];
  const model = { sha256: "a".repeat(64), bytes: 1_500_000 };
  const metrics = computeMetrics({
    predictions: answers,
    labels: ["a", "b", "c"],
    model,
    testDataSha256: "b".repeat(64),
  });
  assert.deepEqual(parseMetrics(JSON.stringify(metrics), "it"), metrics);
  const { accuracy_interval: interval, latency_ms: latency, latency_method: method, calibration, ...rest } = metrics;
  assert.match(method, /decoding, preprocessing and inference/);
  assert.deepEqual(
    calibration.bins.filter(({ count }) => count > 0).map(({ low, high, count }) => [low, high, count]),
    [
      [0.5, 0.6, 2],
      [0.8, 0.9, 1],
      [0.9, 1, 1],
    ],
  );
  assert.ok(interval.low < 0.75 && interval.high > 0.75);
  assert.deepEqual([latency.p50, latency.p90, latency.max], [25, 40.5, 45]);
  assert.deepEqual(rest, {
    schema: 1,
    accuracy: 0.75,
    avg_latency_ms: 26.25,
    model_size_mb: 1.5,
    samples: 4,
    classes: {
      a: { count: 2, predicted: 1, recall: 0.5, precision: 1 },
      b: { count: 2, predicted: 3, recall: 1, precision: 2 / 3 },
      c: { count: 0, predicted: 0, recall: null, precision: null },
    },
    confusion: {
      labels: ["a", "b", "c"],
      counts: [
        [1, 1, 0],
        [0, 2, 0],
        [0, 0, 0],
      ],
    },
    slices: {},
    golden: null,
    model_sha256: "a".repeat(64),
    test_data_sha256: "b".repeat(64),
    git: null,
  });
});

test("slices have figures of their own, and every picture must be in one", () => {
  const answers = predictions([true, true, false, true]);
  const table = (text: string) => readSliceTable(text, ["site"], "it");
  const rows = ["rose/0.jpg,north", "rose/1.jpg,south", "rose/2.jpg,south", "rose/3.jpg,north"];
  const sites = slicesOf(answers, table(["path,site", ...rows, ""].join("\n")));
  assert.deepEqual(
    Object.entries(sites["site"] ?? {}).map(([name, { count, accuracy }]) => [name, count, accuracy]),
    [
      ["north", 2, 1],
      ["south", 2, 0.5],
    ],
  );
  assert.throws(() => slicesOf(answers, table("path,site\nrose/0.jpg,north\n")), /`rose\/1.jpg` has no row/);
  assert.throws(() => table("path,place\nrose/0.jpg,north\n"), /has no column `site`; it has path, place/);
  assert.throws(() => table("path,site\na,x\na,y\n"), /names a path twice/);
});

test("prediction lines that are broken, doubled, missing or at odds with themselves are refused by line", () => {
  const line = JSON.stringify({ path: "a/1", label: "a", prediction: "a", latency_ms: 1, probabilities: [0.6, 0.4] });
  const read = (text: string) => parsePredictions(text, "it", ["a", "b"]);
  assert.equal(read(`${line}\n`).length, 1);
  const bad: [string, RegExp][] = [
    [`${line}\n${line}\n`, /line 2: picture `a\/1` comes twice/],
    [line.replace('"latency_ms":1', '"latency_ms":null'), /line 1: `latency_ms`/],
    [line.replace("[0.6,0.4]", "[1]"), /1 probabilities for 2 labels/],
    [line.replace("[0.6,0.4]", "[0.6,null]"), /line 1: `probabilities.1`/],
    [line.replace("[0.6,0.4]", "[0.6,0.3]"), /add up to 0.8\d*, not 1/],
    [line.replace("[0.6,0.4]", "[0.4,0.6]"), /`a` is answered with probability 0.4, but `b` has 0.6/],
    [line.replace('"prediction":"a"', '"prediction":"c"'), /`c` is none of the labels a, b/],
    ["\n", /holds no predictions/],
  ];
  for (const [text, message] of bad) assert.throws(() => read(text), message);
});

test("a model that alone gets 15 pictures right against 5 is better, and the other way round worse", () => {
  const current = predictions([...Array(80).fill(true), ...Array(5).fill(true), ...Array(15).fill(false)]);
  const candidate = predictions([...Array(80).fill(true), ...Array(5).fill(false), ...Array(15).fill(true)]);
  const better = compareModels(current, candidate);
  assert.equal(better.verdict, "better");
  assert.equal(better.is_better, true);
  const { interval, ...accuracy } = better.accuracy ?? assert.fail("no accuracy");
  assert.deepEqual(accuracy, { current: 0.85, new: 0.95, difference: 0.1 });
  assert.ok(interval.low > 0 && interval.low < 0.1 && interval.high > 0.1 && interval.high < 0.25);
  assert.deepEqual(better.latency_ms, {
    current: 5,
    new: 5,
    difference: 0,
    interval: { low: 0, high: 0, confidence: 0.95 },
  });
  assert.deepEqual(better.model_size_mb, { current: 2, new: 1.5, difference: -0.5 });
  assert.deepEqual(compareModels(current, candidate), better, "the same seed gives the same intervals");
  assert.notDeepEqual(compareModels(current, candidate, { seed: 2 }).accuracy?.interval, interval);
  assert.equal(better.p_value?.toFixed(12), "0.041389465332");
  assert.equal(compareModels(candidate, current).verdict, "worse");
  assert.equal(compareModels(current, candidate, { alpha: 0.01 }).verdict, "no difference shown");
});

test("other pictures, other labels, or too few decide nothing; no champion is an answer", () => {
  const answers = predictions(Array(40).fill(true));
  const relabelled = answers.map((p) => ({ ...p, label: "tulip" }));
  assert.equal(compareModels(answers, answers.slice(1)).verdict, "cannot decide");
  assert.equal(compareModels(answers, relabelled).verdict, "cannot decide");
  assert.equal(compareModels(answers.slice(0, 29), answers.slice(0, 29)).verdict, "cannot decide");
  assert.deepEqual([noChampion().verdict, noChampion().is_better], ["no champion yet", true]);
});

test("a model is never better than itself", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 30, maxLength: 200 }), (right) => {
      const { verdict, accuracy } = compareModels(predictions(right), predictions(right));
      assert.deepEqual([verdict, accuracy?.difference], ["no difference shown", 0]);
    }),
  );
});

test("making the new model worse never turns another answer into 'better'", () => {
  const answers = fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), { minLength: 30, maxLength: 120 });
  let better = 0;
  fc.assert(
    fc.property(answers, (pictures) => {
      const current = predictions(pictures.map(([before, after]) => before && after));
      const next = predictions(pictures.map(([, after]) => after));
      const worse = predictions(pictures.map(([, after, kept]) => after && kept));
      const before = compareModels(current, next).is_better;
      if (before) better++;
      assert.ok(before || !compareModels(current, worse).is_better);
    }),
    { numRuns: 60 },
  );
  assert.ok(better > 0, "no model was better, so nothing was shown");
});

test("the split keeps each picture on its side and its share", () => {
  const digests = Array.from({ length: 4000 }, (_, i) => sha256(String(i)));
  const test = digests.filter((digest) => sideOf(digest, 0.2) === "test");
  assert.equal(test.length, digests.filter((digest) => sideOf(digest, 0.2) === "test").length);
  assert.ok(Math.abs(test.length / 4000 - 0.2) < 0.02, `${test.length} of 4000`);
  assert.ok(
    test.every((digest) => sideOf(digest, 0.3) === "test"),
    "a larger share keeps what was in test",
  );
  assert.throws(() => sideOf(digests[0] ?? "", 1), /above 0 and below 1/);
});

const steady = (requests: number, failures: number, ms: number) => ({
  requests,
  failures,
  latenciesMs: Array(requests - failures).fill(ms),
});

test("a canary passes, fails by errors, fails by latency, or stays undecided", () => {
  assert.equal(judgeBatch(steady(60, 0, 20), steady(540, 0, 20)).verdict, "pass");
  assert.equal(judgeBatch(steady(60, 12, 20), steady(540, 2, 20)).verdict, "fail");
  assert.equal(judgeBatch(steady(60, 0, 100), steady(540, 0, 20)).verdict, "fail");
  assert.equal(judgeBatch(steady(29, 0, 20), steady(540, 0, 20)).verdict, "inconclusive");
  assert.equal(judgeBatch(steady(60, 0, 20), steady(0, 0, 20)).verdict, "inconclusive");
  assert.equal(judgeBatch(steady(60, 60, 20), steady(60, 60, 20)).verdict, "inconclusive", "both down");
});

test("failures are 5xx, 408, 424, 429 and silence, never what the client did wrong", () => {
  const failed = [0, 200, 400, 404, 408, 413, 415, 422, 424, 429, 500, 502, 503].filter((status) =>
    isFailure({ status, modelStatus: undefined }),
  );
  assert.deepEqual(failed, [0, 408, 424, 429, 500, 502, 503]);
  assert.equal(isFailure({ status: 424, modelStatus: 415 }), false, "the container refused the picture");
  assert.equal(isFailure({ status: 424, modelStatus: 500 }), true);
});

test("an answer is checked for its status, labels and probabilities", () => {
  const body = { prediction: "rose", probabilities: { rose: 0.75, daisy: 0.25 } };
  assert.deepEqual(checkAnswer({ status: 200, body }), []);
  assert.match(checkAnswer({ status: 503, body })[0] ?? "", /status is 503/);
  assert.match(checkAnswer({ status: 200, body: { ...body, prediction: "oak" } })[0] ?? "", /none of the labels/);
  assert.match(checkAnswer({ status: 200, body: { ...body, prediction: "daisy" } })[0] ?? "", /not the most probable/);
  assert.match(checkAnswer({ status: 200, body: { ...body, probabilities: { rose: 0.5 } } })[0] ?? "", /sum to 0.5/);
  assert.match(checkAnswer({ status: 200, body: { ...body, probabilities: { rose: null } } })[0] ?? "", /got null/);
  assert.match(checkAnswer({ status: 200, body: "hello" })[0] ?? "", /must map labels/);
});
