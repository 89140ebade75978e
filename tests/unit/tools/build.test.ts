import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type Places, places } from "../../../tools/places.ts";
import { buildCli } from "../../../tools/setup/build.ts";
import { MissingPrerequisite } from "../../../tools/setup/commands.ts";
import type { Step } from "../../../tools/setup/progress.ts";

const path = process.env["PATH"];
let root = "";
let at: Places;
let folder = "";
let told: string[] = [];
const step: Step = { found: () => {}, working: (note) => told.push(note), done: (note) => told.push(note) };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "build-"));
  at = places(root, { XDG_CACHE_HOME: join(root, "cache") });
  folder = join(at.pulumi, "3.259.0");
  told = [];
  mkdirSync(join(root, "bin"));
  mkdirSync(join(root, "tools", "pulumi"), { recursive: true });
  writeFileSync(join(root, "tools", "pulumi", "go.mod"), "module x\n\ngo 1.25.11\n");
  process.env["PATH"] = `${join(root, "bin")}:/usr/bin:/bin`;
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(root, { recursive: true, force: true });
});

/** A Go of the given version that writes what it was asked as the "executable", or fails. */
function fakeGo(
  version: string,
  build = 'for last; do [ "$previous" = -o ] && echo "$@" > "$last"; previous=$last; done',
) {
  const go = `#!/bin/sh\nif [ "$1" = env ]; then echo ${version}; exit 0; fi\n${build}\n`;
  writeFileSync(join(root, "bin", "go"), go, { mode: 0o755 });
}

test("the CLI is built from the pinned module, with its version, and appears whole", async () => {
  fakeGo("go1.26.8");
  await buildCli(at, "3.259.0", folder, step);
  const asked = readFileSync(join(folder, "pulumi"), "utf8");
  assert.match(
    asked,
    /^build -v -mod=readonly -ldflags -s -w -X \S+\/version\.Version=v3\.259\.0 -o \S+ \S+\/cmd\/pulumi\n$/,
  );
  assert.deepEqual(readdirSync(at.pulumi), ["3.259.0"]);
  assert.deepEqual(told, [
    "building Pulumi CLI 3.259.0 from source, about 4 minutes on two cores, once",
    "Pulumi CLI 3.259.0 built",
  ]);
});

test("a build that fails says what Go said and leaves nothing behind", async () => {
  fakeGo("go1.26.8", "echo 'no space left on device' >&2; exit 1");
  await assert.rejects(buildCli(at, "3.259.0", folder, step), /ended with exit code 1\.\nno space left on device/);
  assert.equal(existsSync(folder), false);
  assert.deepEqual(readdirSync(at.pulumi), []);
});

test("a Go that is too old is a missing prerequisite, with the version it has and the one it needs", async () => {
  fakeGo("go1.22.5");
  await assert.rejects(buildCli(at, "3.259.0", folder, step), (error: Error) => {
    assert.ok(error instanceof MissingPrerequisite);
    assert.match(
      error.message,
      /^Missing: a Pulumi CLI, or Go 1\.25\.11 or newer to build one \(found: go1\.22\.5\)\./,
    );
    assert.match(error.message, /\n {2}Debian: .+\n {2}macOS: {2}brew install pulumi/);
    return true;
  });
});

test("no Go at all is a missing prerequisite", async () => {
  process.env["PATH"] = join(root, "bin");
  await assert.rejects(buildCli(at, "3.259.0", folder, step), /to build one \(found: neither\)/);
});
