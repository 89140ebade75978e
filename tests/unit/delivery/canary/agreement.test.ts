import assert from "node:assert/strict";
import { test } from "node:test";
import { agreementOf, labelsOf, type Prediction, parsePredictions } from "../../../../delivery/canary/collected.ts";
import { judge } from "../../../../delivery/canary/judge.ts";
import { type Agreement, parseRecording } from "../../../../delivery/canary/recording.ts";
import { DEFAULT_RULES, readRules } from "../../../../delivery/canary/rules.ts";
import { record } from "./recordings.ts";

const answer = (requestId: string, label: string | undefined = "fern"): Prediction => ({ requestId, label });
const agreement = (pairs: number, agreed: number): Agreement => ({
  ...{ pairs, agreed, unlabelled: 0, unpaired: 0 },
  differences: pairs > agreed ? { "fern => ivy": pairs - agreed } : {},
});
/** A shadow that is as fast and as sound as what is live, and gives this many of the same labels. */
const shadow = (found: Agreement) => ({
  ...record(
    60,
    () => ({ requests: { "200/200": 60 } }),
    () => ({ requests: { "200/200": 540 } }),
  ),
  agreement: found,
});

test("predictions are paired by request, and what cannot be paired is counted", () => {
  const live = [answer("1"), answer("2"), answer("3"), answer("twice"), answer("twice"), answer("5")];
  const copies = [answer("1"), answer("2", "ivy"), { requestId: "3", label: undefined }, answer("twice"), answer("9")];
  assert.deepEqual(agreementOf([...copies, { requestId: undefined, label: "fern" }], live), {
    pairs: 2,
    agreed: 1,
    unlabelled: 1,
    unpaired: 3,
    differences: { "fern => ivy": 1 },
  });
  assert.deepEqual(labelsOf(copies, live), { canary: { fern: 3, ivy: 1 }, baseline: { fern: 6 } });
});

test("the data collector's lines are read within the window; what is no prediction is an answer without a label", () => {
  const line = (time: string, more: object) => JSON.stringify({ type: "azureml.inference.response", time, ...more });
  const text = [
    line("2026-03-01T12:00:00Z", { xrequestid: "a", data: { prediction: "fern", probabilities: { fern: 1 } } }),
    line("2026-03-01T12:00:01Z", { correlationid: "b", data: { error: { code: "BadImage" } } }),
    line("2026-03-01T12:59:59.999Z", { xrequestid: "", data: "text" }),
    line("2026-03-01T13:00:00Z", { xrequestid: "late", data: { prediction: "fern" } }),
    line("2026-03-01T11:59:59Z", { xrequestid: "early", data: { prediction: "fern" } }),
    '{"cut": ',
    "",
  ].join("\n");
  const window = { from: new Date("2026-03-01T12:00:00Z"), to: new Date("2026-03-01T13:00:00Z") };
  assert.deepEqual(parsePredictions(text, window), [
    { requestId: "a", label: "fern" },
    { requestId: "b", label: undefined },
    { requestId: undefined, label: undefined },
    { requestId: undefined, label: undefined },
  ]);
});

test("a shadow passes where it surely agrees as often as asked, fails where it surely does not, and else holds", () => {
  const passed = judge(shadow(agreement(2000, 1990)));
  assert.equal(passed.verdict, "pass", passed.reasons.join("\n"));
  assert.match(
    passed.reasons.at(-1) ?? "",
    /^agreement as asked: the same label for 99\.50 % of 2000 requests, surely/,
  );
  const failed = judge(shadow(agreement(1000, 850)));
  assert.equal(failed.verdict, "fail");
  assert.match(
    failed.reasons[0] ?? "",
    /^agreement less than asked: .* 95\.00 % asked; most often fern => ivy \(150\)$/,
  );
  const open = judge(shadow(agreement(200, 192)));
  assert.equal(open.verdict, "inconclusive");
  assert.match(open.reasons[0] ?? "", /^agreement not sure yet/);
  const few = judge(shadow({ ...agreement(49, 49), unlabelled: 7, unpaired: 3 }));
  assert.equal(few.verdict, "inconclusive");
  assert.match(
    few.reasons[0] ?? "",
    /^agreement: 49 requests have a label of both; 50 are needed \(7 more .*, 3 copies/,
  );
});

test("a shadow that agrees and fails requests is failed for these", () => {
  const failing = {
    ...record(
      60,
      () => ({ requests: { "200/200": 50, "424/500": 10 } }),
      () => ({ requests: { "200/200": 540 } }),
    ),
    agreement: agreement(2000, 2000),
  };
  assert.equal(judge(failing).verdict, "fail");
});

test("a canary is not asked to agree, and its level is not shared with what is not asked", () => {
  const { agreement: _, ...canary } = shadow(agreement(1, 1));
  assert.equal(judge(canary).verdict, "pass");
  assert.equal(judge(canary).alpha, DEFAULT_RULES.alpha / 3);
  assert.equal(judge(shadow(agreement(1, 1))).alpha, DEFAULT_RULES.alpha / 4);
  const shown = readRules({ agreement: { mode: "dry-run", minShare: 0.99 } }, "t");
  assert.equal(judge(shadow(agreement(1000, 0)), shown).verdict, "pass");
});

test("what a shadow was judged by can be recorded and judged again", () => {
  const recording = shadow(agreement(1000, 850));
  assert.deepEqual(parseRecording(JSON.stringify(recording), "r"), recording);
});
