import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Outcome, outcomeText, succeeded, sum, totalText } from "../../../tools/test/report.ts";

/** Tells when it ran. */
const TELLS_TIME = `import { test } from "node:test"; const begun = Date.now();
  test("one", (t) => t.diagnostic(JSON.stringify({ begun, ended: Date.now() })));`;

const FILES = {
  "good.test.ts": `import test, { describe, it } from "node:test";
    test("one", () => {}); describe("suite", () => { it("two", () => {}); }); test("later", { skip: true }, () => {});`,
  "bad.test.ts": `import assert from "node:assert/strict"; import test from "node:test"; console.log("printed");
    test("sums", () => assert.equal(1 + 1, 3)); test("fine", () => {});`,
  "unloadable.test.ts": `throw new Error("does not load");`,
  "exits.test.ts": `import test from "node:test"; test("fine", () => {}); process.on("exit", () => { process.exitCode = 3; });`,
  "hook.test.ts": `import { before, describe, it } from "node:test";
    describe("suite", () => { before(() => { throw new Error("no server"); }); it("never runs", () => {}); });`,
  "measures.test.ts": `import { describe, it } from "node:test";
    describe("suite", () => { it("one", (t) => t.diagnostic("12 of 12")); });`,
  "x-other.test.ts": TELLS_TIME,
  "y-longest.test.ts": TELLS_TIME,
  "z-alone.test.ts": TELLS_TIME,
  "empty.test.ts": "",
  "endless.test.ts": `import test from "node:test"; test("fine", () => {}); setInterval(() => {}, 1000);`,
};

const folder = mkdtempSync(join(tmpdir(), "report-"));
const outcomes = new Map<string, Outcome>();

before(() => {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const module = new URL("../../../tools/test/run.ts", import.meta.url).href;
  const group = {
    name: "unit",
    concurrency: 3,
    limitMs: 3000,
    alone: ["z-alone.test.ts"],
    longest: "y-longest.test.ts",
  };
  // In a process of its own: Node runs no tests inside a test.
  const script = `import { runGroup } from ${JSON.stringify(module)};
    const files = ${JSON.stringify(Object.keys(FILES))};
    const ran = await runGroup(${JSON.stringify(folder)}, ${JSON.stringify(group)}, files, () => {});
    process.stdout.write(JSON.stringify(ran));`;
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const main = join(folder, "main.mjs");
  writeFileSync(main, script);
  const { stdout, stderr } = spawnSync(process.execPath, [main], { env, encoding: "utf8", timeout: 60_000 });
  assert.notEqual(stdout, "", stderr);
  for (const outcome of JSON.parse(stdout) as Outcome[]) outcomes.set(outcome.name, outcome);
});

after(() => rmSync(folder, { recursive: true, force: true }));

function counts(name: keyof typeof FILES): [number, number, number] {
  const outcome = outcomes.get(name);
  assert.ok(outcome, `${name} has no outcome`);
  return [outcome.passed, outcome.failed, outcome.skipped];
}

test("tests count once, suites do not, and what was skipped is neither passed nor failed", () => {
  assert.deepEqual(counts("good.test.ts"), [2, 0, 1]);
});

test("a failure is told in full, with what the file printed", () => {
  assert.deepEqual(counts("bad.test.ts"), [1, 1, 0]);
  const text = outcomes.get("bad.test.ts")?.failures.join("\n") ?? "";
  assert.match(text, /✗ sums \(line 2\)/);
  assert.match(text, /2 !== 3/);
  assert.match(text, /It printed:\nprinted/);
});

test("a file that needs the machine alone runs before the others", () => {
  const times = (name: string) =>
    JSON.parse(outcomes.get(name)?.notes[0] ?? "null") as { begun: number; ended: number };
  const [alone, longest, other] = ["z-alone.test.ts", "y-longest.test.ts", "x-other.test.ts"].map(times);
  assert.ok(alone && longest && other);
  assert.ok(alone.ended < longest.begun && alone.ended < other.begun);
});

test("what a test measured is told below its file", () => {
  const outcome = outcomes.get("measures.test.ts") ?? assert.fail("no outcome");
  assert.deepEqual(outcome.notes, ["12 of 12"]);
  assert.match(outcomeText(outcome), /^ {2}measures\.test\.ts +1 ok {2}[\d.]+ s\n {4}12 of 12$/);
});

test("a file that does not load is a failure", () => {
  assert.deepEqual(counts("unloadable.test.ts"), [0, 1, 0]);
  assert.match(outcomes.get("unloadable.test.ts")?.failures.join("\n") ?? "", /does not load/);
});

test("a file whose process ends badly is a failure, whatever its tests say", () => {
  assert.deepEqual(counts("exits.test.ts"), [1, 1, 0]);
  assert.match(outcomes.get("exits.test.ts")?.failures.join("\n") ?? "", /its process ended with exit code 3/);
});

test("a suite whose hook fails is a failure", () => {
  const [passed, failed] = counts("hook.test.ts");
  assert.equal(passed, 0);
  assert.ok(failed >= 1);
});

test("a file without tests is a failure", () => {
  assert.deepEqual(counts("empty.test.ts"), [0, 1, 0]);
});

test("a file that does not end is ended at its limit and is a failure", () => {
  const [, failed] = counts("endless.test.ts");
  assert.equal(failed, 1);
});

test("the last line is the total, and names skipped tests only where there are some", () => {
  const total = sum([
    { passed: 2, failed: 0, skipped: 1 },
    { passed: 3, failed: 1, skipped: 0 },
  ]);
  assert.equal(totalText(total), "5 passed, 1 failed, 1 skipped");
  assert.equal(totalText({ passed: 5, failed: 0, skipped: 0 }), "5 passed, 0 failed");
});

test("nothing run, or nothing but skipped tests, is no success", () => {
  assert.equal(succeeded({ passed: 0, failed: 0, skipped: 0 }), false);
  assert.equal(succeeded({ passed: 0, failed: 0, skipped: 7 }), false);
  assert.equal(succeeded({ passed: 9, failed: 1, skipped: 0 }), false);
  assert.equal(succeeded({ passed: 9, failed: 0, skipped: 1 }), true);
});

test("a file takes one line when all is well", () => {
  const outcome = {
    name: "tests/unit/a.test.ts",
    passed: 3,
    failed: 0,
    skipped: 1,
    seconds: 1.26,
    failures: [],
    notes: [],
  };
  assert.equal(outcomeText(outcome), `  ${"tests/unit/a.test.ts".padEnd(58)} 3 ok, 1 skipped  1.3 s`);
});
