import assert from "node:assert/strict";
import { it } from "node:test";
import { checkConfig, shape } from "../../../config.ts";
import { DEFAULT_RULES, readRules } from "../../../delivery/canary/rules.ts";
import { describe as inWords } from "../../../delivery/shape.ts";

function problemsOf(canary: unknown): string[] {
  const [, problems] = checkConfig({ "ml-delivery:canary": canary }, "production");
  return problems.filter(({ key }) => key.startsWith("ml-delivery:canary")).map(inWords);
}

it("the config takes every rule that the judge has, with its default, and means the same", () => {
  assert.deepEqual(problemsOf(DEFAULT_RULES), []);
  const rules = shape.canary(DEFAULT_RULES, "canary", (problem) => assert.fail(inWords(problem)));
  assert.deepEqual(readRules(rules, "test"), DEFAULT_RULES);
});

it("a stack may leave rules out, or all of them", () => {
  assert.deepEqual(problemsOf({}), []);
  assert.deepEqual(problemsOf({ failures: { mode: "critical" }, minMinutes: 5 }), []);
});

it("a slip is refused with a suggestion, and a value out of range with its range", () => {
  assert.match(
    problemsOf({ failures: { minEffekt: 0.1 } })[0] ?? "",
    /did you mean ml-delivery:canary\.failures\.minEffect\?/,
  );
  assert.match(
    problemsOf({ alpha: 2 })[0] ?? "",
    /ml-delivery:canary\.alpha is 2; allowed: a number from 0\.0001 to 0\.5/,
  );
});
