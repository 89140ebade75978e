import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readFlags, wholeNumber } from "../../../src/command-line.ts";

const command = {
  name: "pick",
  about: "Picks leaves.",
  example: "node src/pick.ts --from tree",
  flags: { from: { value: "PLANT", about: "where" }, count: { value: "N", about: "how many", default: "1" } },
};

test("flags are read, defaults filled in", () => {
  assert.deepEqual({ ...readFlags(command, ["--from", "oak"]) }, { from: "oak", count: "1" });
  assert.deepEqual({ ...readFlags(command, ["--from=oak", "--count=3"]) }, { from: "oak", count: "3" });
  assert.equal(readFlags(command, ["--help"]), undefined);
});

test("what is missing, unknown or stray is named, with the usage", () => {
  assert.throws(() => readFlags(command, []), /missing --from\n[\s\S]*Usage: node src\/pick\.ts/);
  assert.throws(() => readFlags(command, ["--from", "oak", "--form", "x"]), /'--form'[\s\S]*Example:/);
  assert.throws(() => readFlags(command, ["--from", "oak", "birch"]), /birch/);
});

test("a whole number is exactly that, within its bounds", () => {
  assert.equal(wholeNumber("seed", "7", 0, 9), 7);
  for (const text of ["", "7.5", "1e1", "x", "-1", "10", " 7"]) {
    assert.throws(() => wholeNumber("seed", text, 0, 9), /--seed is `.*`; give a whole number from 0 to 9/, text);
  }
});

for (const name of ["generate", "train", "evaluate"]) {
  test(`${name} explains itself with --help and ends with 2 on bad usage`, () => {
    const path = fileURLToPath(new URL(`../../../src/${name}.ts`, import.meta.url));
    const help = spawnSync(process.execPath, [path, "--help"], { encoding: "utf8" });
    assert.equal(help.status, 0);
    assert.match(help.stdout, new RegExp(`Example: node src/${name}\\.ts --`));
    const bad = spawnSync(process.execPath, [path], { encoding: "utf8" });
    assert.equal(bad.status, 2);
    assert.match(bad.stderr, /^\w+: missing --/);
  });
}
