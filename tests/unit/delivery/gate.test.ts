import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULT_LIMITS, judge, type Verdict } from "../../../delivery/gate.ts";

const MODEL = "a".repeat(64);
const DATA = "b".repeat(64);
const manifest = {
  files: {
    "model.onnx": { sha256: MODEL, bytes: 2_000_000 },
    "labels.json": { sha256: DATA, bytes: 20 },
    "golden.json": { sha256: DATA, bytes: 200 },
  },
};
const good = {
  accuracy: 0.9,
  avg_latency_ms: 50,
  model_size_mb: 2,
  samples: 100,
  classes: { rose: { count: 60, predicted: 58, recall: 0.9 }, daisy: { count: 40, predicted: 42, recall: 0.9 } },
  golden: { samples: 8, max_difference: 2e-7 },
  model_sha256: MODEL,
  test_data_sha256: DATA,
};

function verdictOf(metrics: unknown, limits = DEFAULT_LIMITS): Verdict {
  return judge({ metrics, manifest }, limits).verdict;
}

test("a model within every limit passes, and each limit is named with what it was held against", () => {
  assert.deepEqual(judge({ metrics: good, manifest }), {
    verdict: "pass",
    reasons: [
      { verdict: "pass", field: "accuracy", message: "`accuracy` is 0.9, at least 0.85" },
      { verdict: "pass", field: "avg_latency_ms", message: "`avg_latency_ms` is 50, at most 100" },
      { verdict: "pass", field: "model_size_mb", message: "`model_size_mb` is 2, at most 500" },
      { verdict: "pass", field: "samples", message: "`samples` is 100, at least 30" },
      { verdict: "pass", field: "classes", message: "each of 2 classes has 1 or more pictures and is answered" },
      { verdict: "pass", field: "golden", message: "8 golden samples differ by 2.00e-7 at most, within 0.0001" },
    ],
  });
});

test("equality passes and the next worse number fails (MET-04)", () => {
  const cases: [string, number, number][] = [
    ["accuracy", 0.85, 0.85 - 1e-12],
    ["avg_latency_ms", 100, 100 + 1e-10],
  ];
  for (const [field, equal, worse] of cases) {
    assert.equal(verdictOf({ ...good, [field]: equal }), "pass", field);
    assert.equal(verdictOf({ ...good, [field]: worse }), "fail", field);
  }
  const limits = { ...DEFAULT_LIMITS, maxModelSizeMb: 2 };
  assert.equal(verdictOf(good, limits), "pass");
  assert.equal(verdictOf(good, { ...limits, maxModelSizeMb: 1.999 }), "fail");
});

const notFigures: unknown[] = [undefined, null, "0.95", [0.95], true, NaN, Infinity, -1, 1.5, 95, { value: 0.95 }];
for (const value of notFigures) {
  test(`accuracy ${typeof value === "number" ? value : JSON.stringify(value)} decides nothing (MET-02)`, () => {
    assert.equal(verdictOf({ ...good, accuracy: value }), "cannot decide");
  });
}

test("accuracy in another case, in a group, twice, or too large for a number decides nothing (MET-02)", () => {
  const { accuracy: _, ...rest } = good;
  assert.equal(verdictOf({ ...rest, Accuracy: 0.9 }), "cannot decide");
  assert.equal(verdictOf({ ...rest, metrics: { accuracy: 0.9 } }), "cannot decide");
  assert.equal(verdictOf(JSON.stringify(good).replace("{", '{"accuracy":0.1,')), "cannot decide");
  assert.equal(verdictOf(JSON.stringify(good).replace("0.9", "1e400")), "cannot decide");
  assert.equal(verdictOf(JSON.stringify(good).replace("0.9", "NaN")), "cannot decide");
  assert.equal(verdictOf(Object.create(good)), "cannot decide", "inherited figures are not the document's");
});

for (const metrics of [undefined, null, "", "[]", "null", '"x"', "{", "{}", [], 3, "<html></html>"]) {
  test(`metrics ${JSON.stringify(metrics)} decide nothing (MET-01)`, () => {
    assert.equal(verdictOf(metrics), "cannot decide");
  });
}

test("metrics of 100 MB, or cut short, decide nothing (MET-01)", () => {
  assert.equal(verdictOf(JSON.stringify({ ...good, note: " ".repeat(1e8) })), "cannot decide");
  assert.equal(verdictOf(JSON.stringify(good).slice(0, -1)), "cannot decide");
});

const notLimits: [keyof typeof DEFAULT_LIMITS, unknown][] = [
  ["minAccuracy", undefined],
  ["minAccuracy", NaN],
  ["minAccuracy", "0.85"],
  ["minAccuracy", 1.01],
  ["minAccuracy", -0.01],
  ["maxLatencyMs", Infinity],
  ["maxLatencyMs", null],
  ["maxModelSizeMb", -1],
];
for (const [name, value] of notLimits) {
  test(`limit ${name} = ${String(value)} decides nothing (MET-03)`, () => {
    assert.equal(verdictOf(good, { ...DEFAULT_LIMITS, [name]: value }), "cannot decide");
  });
}

test("metrics of another model, of unnamed data, or of a file of another size decide nothing (MET-05)", () => {
  assert.equal(verdictOf({ ...good, model_sha256: "c".repeat(64) }), "cannot decide");
  assert.equal(verdictOf({ ...good, model_sha256: undefined }), "cannot decide");
  assert.equal(verdictOf({ ...good, test_data_sha256: "" }), "cannot decide");
  assert.equal(verdictOf({ ...good, model_size_mb: 3 }), "cannot decide");
});

test("'cannot decide' outranks 'fail'", () => {
  const { verdict, reasons } = judge({ metrics: { ...good, accuracy: 0.1, avg_latency_ms: "fast" }, manifest });
  assert.equal(verdict, "cannot decide");
  assert.deepEqual(reasons.map((reason) => [reason.field, reason.verdict]).slice(0, 3), [
    ["accuracy", "fail"],
    ["avg_latency_ms", "cannot decide"],
    ["model_size_mb", "pass"],
  ]);
});

const asking = (limits: object) => ({ ...DEFAULT_LIMITS, ...limits });

test("too few pictures, of the whole or of a class, fail; so does a class that is never answered (MET-06)", () => {
  const few = { count: 3, predicted: 3, recall: 1 };
  const five = { ...good, accuracy: 1, samples: 5, classes: { rose: few, daisy: { ...few, count: 2, predicted: 2 } } };
  assert.equal(verdictOf(five), "fail", "five samples");
  assert.equal(verdictOf(five, asking({ minSamples: 5 })), "pass");
  assert.equal(verdictOf(five, asking({ minSamples: 5, minClassSamples: 3 })), "fail", "two of daisy");
  const absent = { rose: { count: 100, predicted: 100, recall: 0.9 }, daisy: { count: 0, predicted: 0, recall: null } };
  assert.equal(verdictOf({ ...good, classes: absent }), "fail", "a class without test pictures");
  const blind = { rose: { count: 95, predicted: 100, recall: 1 }, daisy: { count: 5, predicted: 0, recall: 0 } };
  const { verdict, reasons } = judge({ metrics: { ...good, accuracy: 0.95, classes: blind }, manifest });
  assert.equal(verdict, "fail");
  assert.match(reasons.map(({ message }) => message).join("; "), /class `daisy` is never answered, though .* has 5/);
});

test("the least recall of a class holds for every class, where it is asked (MET-06)", () => {
  const uneven = { rose: { count: 60, predicted: 75, recall: 0.98 }, daisy: { count: 40, predicted: 25, recall: 0.6 } };
  assert.equal(verdictOf({ ...good, classes: uneven }, asking({ minClassRecall: 0.6 })), "pass");
  assert.equal(verdictOf({ ...good, classes: uneven }, asking({ minClassRecall: 0.61 })), "fail");
  const unknown = { ...uneven, daisy: { count: 40, predicted: 25 } };
  assert.equal(verdictOf({ ...good, classes: unknown }, asking({ minClassRecall: 0.6 })), "cannot decide");
});

test("figures at odds with one another decide nothing", () => {
  assert.equal(verdictOf({ ...good, samples: undefined }), "cannot decide");
  assert.equal(verdictOf({ ...good, samples: "100" }), "cannot decide");
  assert.equal(
    verdictOf({ ...good, samples: 99 }),
    "cannot decide",
    "0.9 is no share of 99, nor do the classes add up",
  );
  assert.equal(verdictOf({ ...good, classes: undefined }), "cannot decide");
  assert.equal(verdictOf({ ...good, classes: {} }), "cannot decide");
  assert.equal(verdictOf({ ...good, classes: { rose: null } }), "cannot decide");
  assert.equal(verdictOf({ ...good, classes: { rose: { count: 100 } } }), "cannot decide");
});

test("where the lower bound decides, the accuracy must reach its limit by its 95 % interval", () => {
  const bound = asking({ decideOn: "lower-bound" });
  // Wilson: 90 of 100 is 0.8256 at least, 900 of 1000 is 0.8798 at least.
  assert.equal(verdictOf(good), "pass");
  assert.equal(verdictOf(good, bound), "fail");
  assert.equal(verdictOf(good, { ...bound, minAccuracy: 0.8256 }), "pass");
  assert.equal(verdictOf(good, { ...bound, minAccuracy: 0.8257 }), "fail");
  const more = { ...good, samples: 1000, classes: { rose: { count: 1000, predicted: 1000, recall: 0.9 } } };
  assert.equal(verdictOf(more, bound), "pass");
  assert.equal(verdictOf(good, asking({ decideOn: "upper-bound" })), "cannot decide", "an unknown word (MET-03)");
});

test("golden samples that the server answers otherwise than training fail; none at all decide nothing (MOD-06)", () => {
  const golden = (max_difference: unknown, samples: unknown = 8) => ({ ...good, golden: { samples, max_difference } });
  assert.equal(verdictOf(golden(1e-4)), "pass");
  assert.equal(verdictOf(golden(1.001e-4)), "fail");
  for (const value of [undefined, null, "0", Number.NaN, -1]) assert.equal(verdictOf(golden(value)), "cannot decide");
  assert.equal(verdictOf(golden(0, 0)), "cannot decide");
  assert.equal(verdictOf({ ...good, golden: null }), "cannot decide", "the package has some, and they were not scored");
  const { "golden.json": _, ...files } = manifest.files;
  const without = (metrics: object, limits = DEFAULT_LIMITS) => judge({ metrics, manifest: { files } }, limits).verdict;
  assert.equal(without({ ...good, golden: null }), "cannot decide", "required by default");
  assert.equal(without({ ...good, golden: null }, asking({ golden: "if-present" })), "pass");
  assert.equal(without(good, asking({ golden: "if-present" })), "cannot decide", "samples that the package has not");
});

test("random JSON never passes", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.notEqual(verdictOf(value), "pass");
      assert.notEqual(verdictOf(JSON.stringify(value)), "pass");
    }),
    { numRuns: 1000 },
  );
});

test("good metrics with any one field replaced by random JSON pass only while every figure is within its limit", () => {
  const fields = fc.constantFrom(...Object.keys(good));
  fc.assert(
    fc.property(fields, fc.jsonValue(), (field, value) => {
      const metrics: Record<string, unknown> = { ...good, [field]: value };
      if (verdictOf(metrics) !== "pass") return;
      const { accuracy, avg_latency_ms: latency, model_size_mb: size } = metrics;
      assert.ok(typeof accuracy === "number" && accuracy >= 0.85 && accuracy <= 1);
      assert.ok(typeof latency === "number" && latency >= 0 && latency <= 100);
      assert.ok(typeof size === "number" && Math.abs(size - 2) <= 0.01);
      assert.equal(metrics["model_sha256"], MODEL);
      assert.match(String(metrics["test_data_sha256"]), /^[0-9a-f]{64}$/);
    }),
    { numRuns: 1000 },
  );
});

test("making a model worse never turns 'fail' or 'cannot decide' into 'pass'", () => {
  const count = fc.integer({ min: 0, max: 60 });
  const amount = fc.double({ min: 0, max: 300, noNaN: true });
  const skew = fc.double({ min: 0, max: 2e-4, noNaN: true });
  const limits = fc.record({
    decideOn: fc.constantFrom("point" as const, "lower-bound" as const),
    minAccuracy: fc.constantFrom(0.5, 0.85),
    minClassRecall: fc.constantFrom(undefined, 0.6),
  });
  const measured = (hits: readonly number[], ms: number, difference: number) => {
    // Two classes of 60 pictures; a picture that is missed is answered as the other class.
    const [a = 0, b = 0] = hits;
    const classes = {
      rose: { count: 60, predicted: a + 60 - b, recall: a / 60 },
      daisy: { count: 60, predicted: b + 60 - a, recall: b / 60 },
    };
    const golden = { samples: 8, max_difference: difference };
    return { ...good, accuracy: (a + b) / 120, samples: 120, classes, avg_latency_ms: ms, golden };
  };
  let passes = 0;
  fc.assert(
    fc.property(
      limits,
      count,
      count,
      fc.nat(60),
      amount,
      amount,
      skew,
      skew,
      (asked, a, b, loss, ms, slower, d, more) => {
        const before = verdictOf(measured([a, b], ms, d), asking(asked));
        const after = verdictOf(measured([Math.max(0, a - loss), b], ms + slower, d + more), asking(asked));
        if (before === "pass") passes++;
        assert.ok(before === "pass" || after !== "pass");
      },
    ),
    { numRuns: 2000 },
  );
  assert.ok(passes > 0, "no model passed, so nothing was shown");
});
