import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { RULES, STACK_RULES } from "../../../policy/rules/index.ts";
import { plainSecretsRule } from "../../../policy/rules/secrets.ts";
import { readWaivers, type Waiver, waiverFor } from "../../../policy/waivers.ts";
import { projectRoot } from "../../../tools/places.ts";

const now = new Date("2026-11-24T12:00:00Z");
const waiver: Waiver = {
  rule: "cluster-idle-nodes",
  stack: "production",
  resource: "cluster-compute",
  reason: "The night's runs start at once.",
  until: "2027-01-31",
};
const rules = ["cluster-idle-nodes", "tags"];
const read = (...list: unknown[]) => readWaivers(JSON.stringify(list), rules, now);

it("a waiver holds for its rule, stack and resource, to the end of its last day", () => {
  const [one] = read(waiver);
  assert.deepEqual(one, waiver);
  const of = (rule: string, name: string, stack: string, at: Date) =>
    waiverFor([waiver], rule, { name, stack }, at)?.inForce;
  assert.equal(of("cluster-idle-nodes", "cluster-compute", "production", now), true);
  assert.equal(of("cluster-idle-nodes", "cluster-compute", "production", new Date("2027-01-31T23:59:59Z")), true);
  assert.equal(of("cluster-idle-nodes", "cluster-compute", "production", new Date("2027-02-01T00:00:00Z")), false);
  assert.equal(of("tags", "cluster-compute", "production", now), undefined);
  assert.equal(of("cluster-idle-nodes", "cluster-other", "production", now), undefined);
  assert.equal(of("cluster-idle-nodes", "cluster-compute", "staging", now), undefined);
});

const refused: [string, unknown, RegExp][] = [
  [
    "an unknown rule",
    { ...waiver, rule: "cluster-idle" },
    /\[0\] rule is cluster-idle; allowed: cluster-idle-nodes, tags/,
  ],
  ["no reason", { ...waiver, reason: "" }, /\[0\] reason is missing/],
  ["a reason that is none", { ...waiver, reason: "needed" }, /\[0\] reason must be a sentence/],
  ["no end", { ...waiver, until: undefined }, /\[0\] until is missing/],
  ["a day that is none", { ...waiver, until: "2027-13-01" }, /\[0\] until is 2027-13-01; allowed: a day/],
  ["an end in years", { ...waiver, until: "2029-01-01" }, /allowed: at most a year from now/],
  ["a key that is not known", { ...waiver, untill: "2027-01-01" }, /untill is not known; allowed: rule, stack/],
];
for (const [what, one, message] of refused) {
  it(`a file with ${what} is refused as a whole`, () =>
    assert.throws(() => read(waiver, one), new RegExp(message.source.replace("[0\\]", "[1\\]"))));
}

it("the project's own waivers can be read, and none has ended", () => {
  const names = [...RULES, ...STACK_RULES, plainSecretsRule].map(({ name }) => name);
  const text = readFileSync(join(projectRoot, "policy", "waivers.json"), "utf8");
  for (const one of readWaivers(text, names, new Date())) {
    assert.equal(waiverFor([one], one.rule, { name: one.resource, stack: one.stack }, new Date())?.inForce, true);
  }
});
