import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..", "..");

/** Faults that the project promises to survive: of deployments, stack config, model files and metrics, by their ids. */
const promised = [
  ...Array.from({ length: 20 }, (_, i) => `DEP-${String(i + 1).padStart(2, "0")}`),
  ...Array.from({ length: 12 }, (_, i) => `CFG-${String(i + 1).padStart(2, "0")}`),
  ...Array.from({ length: 8 }, (_, i) => `MOD-0${i + 1}`),
  ...Array.from({ length: 6 }, (_, i) => `MET-0${i + 1}`),
];

/** The code of all test files but this one, without comments: there an id is part of a test's name. */
function code(): string {
  const files = globSync("tests/**/*.test.ts", { cwd: root }).filter((file) => !file.endsWith("fault-ids.test.ts"));
  const comments = /\/\*[\s\S]*?\*\/|(?<![:"'`\\])\/\/.*$/gm;
  return files.map((file) => readFileSync(join(root, file), "utf8").replace(comments, "")).join("\n");
}

test("every fault that is promised to be survived has a test by its id", () => {
  const named = code();
  assert.deepEqual(
    promised.filter((id) => !named.includes(id)),
    [],
  );
});
