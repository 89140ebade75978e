import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type Places, places } from "../../../tools/places.ts";
import { binFolderVersion, makeBinFolder } from "../../../tools/setup/bin-folder.ts";

let root = "";
let at: Places;
let file = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bin-"));
  at = places(root);
  mkdirSync(join(root, "cli"));
  mkdirSync(join(root, "node_modules"));
  file = join(root, "cli", "pulumi");
  writeFileSync(file, "engine", { mode: 0o755 });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test("the CLI is linked, and gets the companions it came without", () => {
  makeBinFolder(at, { file, version: "3.259.0" });
  assert.equal(statSync(join(at.bin, "pulumi")).ino, statSync(file).ino);
  for (const name of ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"]) {
    const text = readFileSync(join(at.bin, name), "utf8");
    assert.match(text, /^#!\/bin\/sh\n/);
    assert.equal(text.includes(root), false, "a clone can be moved");
    assert.notEqual(statSync(join(at.bin, name)).mode & 0o100, 0);
  }
  assert.equal(existsSync(join(root, "cli", "pulumi-language-nodejs")), false, "the CLI's own folder is left alone");
});

test("a companion that the CLI came with is kept", () => {
  writeFileSync(join(root, "cli", "pulumi-language-nodejs"), "its own", { mode: 0o755 });
  makeBinFolder(at, { file, version: "3.259.0" });
  assert.equal(readFileSync(join(at.bin, "pulumi-language-nodejs"), "utf8"), "its own");
});

test("a folder is ready until its CLI changes or goes", () => {
  assert.equal(binFolderVersion(at), undefined);
  makeBinFolder(at, { file, version: "3.260.1" });
  assert.equal(binFolderVersion(at), "3.260.1");
  utimesSync(file, 1, 1);
  assert.equal(binFolderVersion(at), undefined);
  makeBinFolder(at, { file, version: "3.260.1" });
  rmSync(file);
  assert.equal(binFolderVersion(at), undefined);
});

test("a folder without its stamp, or with a broken one, is not ready", () => {
  makeBinFolder(at, { file, version: "3.259.0" });
  writeFileSync(join(at.bin, "stamp.json"), '{"file":');
  assert.equal(binFolderVersion(at), undefined);
});
