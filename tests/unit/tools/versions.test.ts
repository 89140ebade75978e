import assert from "node:assert/strict";
import { test } from "node:test";
import { atLeast, parseVersion, sameMajor } from "../../../tools/setup/versions.ts";

test("versions are read from what tools print", () => {
  assert.deepEqual(parseVersion("v3.259.0\n"), [3, 259, 0]);
  assert.deepEqual(parseVersion("go1.26.8"), [1, 26, 8]);
  assert.deepEqual(parseVersion("go1.26"), [1, 26, 0]);
  assert.deepEqual(parseVersion("3.260.0-alpha.1+dirty"), [3, 260, 0]);
  assert.equal(parseVersion("command not found"), undefined);
});

test("versions compare by number, not by letter", () => {
  const cases: [string, string, boolean][] = [
    ["v3.259.0", "3.259.0", true],
    ["v3.258.9", "3.259.0", false],
    ["v3.1000.0", "3.259.0", true],
    ["v3.26.0", "3.259.0", false],
    ["v4.0.0", "3.259.0", true],
    ["v2.999.999", "3.259.0", false],
    ["go1.25.11", "1.25.11", true],
    ["go1.25.9", "1.25.11", false],
  ];
  for (const [version, minimum, expected] of cases) assert.equal(atLeast(version, minimum), expected, version);
});

test("what is no version is not new enough", () => {
  assert.equal(atLeast("", "3.259.0"), false);
  assert.equal(atLeast("3.259.0", ""), false);
});

test("another major version does not stand in", () => {
  assert.equal(sameMajor("v3.300.0", "3.259.0"), true);
  assert.equal(sameMajor("v4.0.0", "3.259.0"), false);
});
