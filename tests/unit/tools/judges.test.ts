import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type Places, places, projectRoot } from "../../../tools/places.ts";
import { judgeFile, prepareJudge, prepareJudges, whyMissing } from "../../../tools/setup/judges.ts";
import { createProgress } from "../../../tools/setup/progress.ts";

const path = process.env["PATH"];
let root = "";
let at: Places;
let shown = "";
const progress = createProgress({
  write: (text) => {
    shown += text;
  },
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "judges-"));
  at = places(root, { XDG_CACHE_HOME: join(root, "cache") });
  cpSync(join(projectRoot, "tools", "judges"), join(root, "tools", "judges"), { recursive: true });
  mkdirSync(join(root, "bin"));
  process.env["PATH"] = `${join(root, "bin")}:/usr/bin:/bin`;
  shown = "";
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(root, { recursive: true, force: true });
});

function command(name: string, text: string): void {
  writeFileSync(join(root, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** A Go that "builds" what it was asked. */
const goodGo = () =>
  command(
    "go",
    `[ "$1" = env ] && echo go1.26.8 && exit 0
for last; do [ "$previous" = -o ] && echo "$PWD $@" > "$last" && chmod +x "$last"; previous=$last; done`,
  );

test("a judge is built once from the module that the project pins", async () => {
  goodGo();
  const file = await prepareJudge("actionlint", progress, at);
  assert.equal(file, judgeFile("actionlint", at));
  const asked = readFileSync(file, "utf8");
  assert.match(
    asked,
    /tools\/judges\/actionlint build -v -mod=readonly -ldflags -s -w -o \S+\/actionlint \S+\/cmd\/actionlint\n$/,
  );
  assert.match(shown, /actionlint +building it from source.*\n.*actionlint +built/);
  command("go", "exit 1");
  shown = "";
  assert.equal(await prepareJudge("actionlint", progress, at), file);
  assert.equal(shown, "", "nothing is said of what is in place");
});

test("another pin is another folder, so a new version is built beside the old one", () => {
  const before = judgeFile("act", at);
  writeFileSync(join(root, "tools", "judges", "act", "go.sum"), "changed\n");
  assert.notEqual(judgeFile("act", at), before);
});

test("what cannot be had is told, recorded and left out, and the others are made", async () => {
  goodGo();
  command("python3", "echo 3.9.0");
  for (const name of ["python3.11", "python3.12", "python3.13", "python3.14"]) command(name, "echo 3.9.0");
  await prepareJudges(progress, at);
  assert.match(whyMissing("zizmor", at), /^Missing: Python 3\.11 or newer \(found: python3 3\.9\.0, /);
  assert.equal(whyMissing("checkov", at), whyMissing("zizmor", at));
  assert.match(
    shown,
    /zizmor, checkov, check-jsonschema, shellcheck left out: tests that need it are skipped\. Missing: Python/,
  );
  assert.ok(existsSync(judgeFile("gitleaks", at)));
  assert.ok(existsSync(judgeFile("toxiproxy", at)));
});

test("without Go the reason names the version it takes; once there is one, the reason is gone", async () => {
  command("go", "echo go1.20.1");
  for (const name of ["python3", "python3.11", "python3.12", "python3.13", "python3.14"]) command(name, "exit 1");
  await prepareJudges(progress, at);
  assert.match(whyMissing("act", at), /^Missing: Go 1\.26\.0 or newer \(found: go1\.20\.1\)\./);
  goodGo();
  await prepareJudges(progress, at);
  assert.equal(readdirSync(at.judges).includes("act.missing"), false);
  assert.match(whyMissing("act", at), /set-up has not been asked for it/);
});
