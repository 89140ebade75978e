import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { GROUPS, select } from "../../../tools/test/groups.ts";

const root = mkdtempSync(join(tmpdir(), "groups-"));

before(() => {
  for (const file of [
    "tests/unit/b.test.ts",
    "tests/unit/deep/a.test.ts",
    "tests/engine/c.test.ts",
    "tests/unit/help.ts",
  ]) {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), "");
  }
});

after(() => rmSync(root, { recursive: true, force: true }));

const chosen = (...words: string[]) => {
  const { checks, groups } = select(root, words);
  return { checks, files: groups.flatMap(({ files }) => files), groups: groups.map(({ group }) => group.name) };
};

test("without words, the checks and every group that has files run, quickest first", () => {
  assert.deepEqual(chosen(), {
    checks: ["lint", "types"],
    files: ["tests/unit/b.test.ts", "tests/unit/deep/a.test.ts", "tests/engine/c.test.ts"],
    groups: ["unit", "engine"],
  });
});

test("a word names a check, a group, a folder or a file", () => {
  assert.deepEqual(chosen("lint"), { checks: ["lint"], files: [], groups: [] });
  assert.deepEqual(chosen("engine").files, ["tests/engine/c.test.ts"]);
  assert.deepEqual(chosen("unit/deep").files, ["tests/unit/deep/a.test.ts"]);
  assert.deepEqual(chosen("tests/unit/b.test.ts", "tests/unit/b.test.ts").files, ["tests/unit/b.test.ts"]);
});

test("a word that names nothing is refused with what there is", () => {
  const message =
    "`unti` names no tests. Give lint, types, unit, components, pipelines, emulator, delivery, engine, " +
    "integration, browser, or the path of a test file or folder.";
  assert.throws(() => chosen("unti"), { message });
});

test("a test file where it would never run is refused", () => {
  const stray = join(root, "tests", "stray.test.ts");
  writeFileSync(stray, "");
  try {
    assert.throws(() => chosen(), /tests\/stray\.test\.ts would never run/);
  } finally {
    rmSync(stray);
  }
});

test("the files that run alone or first are there, and in their group", () => {
  for (const { name, alone = [], longest } of GROUPS) {
    for (const file of [...alone, ...(longest === undefined ? [] : [longest])]) {
      assert.ok(file.startsWith(`tests/${name}/`), file);
      assert.ok(existsSync(join(import.meta.dirname, "../../..", file)), `${file} is not there`);
    }
  }
});
