import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

interface Start {
  expectedStamp(lock: string, platform?: string, arch?: string): string;
  isInstalled(root: string): boolean;
  install(root: string, log: (text: string) => void): Promise<void>;
}

const script = join(import.meta.dirname, "..", "..", "..", "tools", "start.mjs");
const { expectedStamp, install, isInstalled } = (await import(script)) as Start;

const path = process.env["PATH"];
let root = "";

/** An npm that writes down how it was called; `rebuild` brings Node, and `ci` fails while a file `fail` is there. */
const NPM = `#!/bin/sh
echo "$1 $2 $3 install=$ONNXRUNTIME_NODE_INSTALL" >> calls
[ "$1" = ci ] && [ -e fail ] && { echo "registry is on fire" >&2; exit 7; }
[ "$1" = ci ] && rm -rf node_modules
mkdir -p node_modules/.bin
[ "$1" = rebuild ] && echo node > node_modules/.bin/node
exit 0
`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "start-"));
  mkdirSync(join(root, "tools-on-path"));
  writeFileSync(join(root, "tools-on-path", "npm"), NPM, { mode: 0o755 });
  writeFileSync(join(root, "package-lock.json"), "{}");
  process.env["PATH"] = [join(root, "tools-on-path"), path].join(delimiter);
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(root, { recursive: true, force: true });
});

const calls = () => readFileSync(join(root, "calls"), "utf8").trim().split("\n");

test("the stamp changes with the lock file, the platform and the processor", () => {
  const stamps = [
    expectedStamp("a", "linux", "x64"),
    expectedStamp("b", "linux", "x64"),
    expectedStamp("a", "darwin", "x64"),
    expectedStamp("a", "linux", "arm64"),
  ];
  assert.equal(new Set(stamps).size, 4);
  assert.equal(expectedStamp("a", "linux", "x64"), stamps[0]);
});

test("a fresh clone gets packages without install scripts, then Node by its own", async () => {
  assert.equal(isInstalled(root), false);
  await install(root, () => {});
  assert.deepEqual(calls(), [
    "ci --ignore-scripts --loglevel=error install=skip",
    "rebuild node --ignore-scripts=false install=skip",
  ]);
  assert.equal(isInstalled(root), true);
});

test("what is installed is not installed again", async () => {
  await install(root, () => {});
  await install(root, () => {});
  assert.equal(calls().length, 2);
});

test("another lock file, or a lost Node, makes the installation count for nothing", async () => {
  await install(root, () => {});
  writeFileSync(join(root, "package-lock.json"), '{"changed":true}');
  assert.equal(isInstalled(root), false);
  await install(root, () => {});
  assert.equal(isInstalled(root), true);
  rmSync(join(root, "node_modules", ".bin", "node"));
  assert.equal(isInstalled(root), false);
});

test("a failed installation says why, leaves no stamp, and the next one heals it", async () => {
  writeFileSync(join(root, "fail"), "");
  await assert.rejects(
    install(root, () => {}),
    /npm ci .* ended with exit code 7\.\nregistry is on fire/,
  );
  assert.equal(isInstalled(root), false);
  rmSync(join(root, "fail"));
  await install(root, () => {});
  assert.equal(isInstalled(root), true);
});

test("a lock left by a process that is gone does not stop the installation", async () => {
  const ended = spawnSync(process.execPath, ["-e", ""]).pid;
  mkdirSync(join(root, ".rehearsal"));
  writeFileSync(join(root, ".rehearsal", "install.lock"), String(ended));
  await install(root, () => {});
  assert.equal(isInstalled(root), true);
  assert.equal(existsSync(join(root, ".rehearsal", "install.lock")), false);
});

test("two installations at once share one", async () => {
  const lines: string[] = [];
  await Promise.all([install(root, () => {}), install(root, (line) => lines.push(line))]);
  assert.equal(calls().length, 2);
  assert.deepEqual(lines, [`  Dependencies         waiting for process ${process.pid}, which installs them\n`]);
});

test("an unknown command is refused with the ones there are", () => {
  const { status, stderr } = spawnSync(process.execPath, [script, "tset"], { encoding: "utf8" });
  assert.equal(status, 2);
  assert.equal(
    stderr,
    "There is no command `tset`. There are: start, test, pulumi, emulator, bench, render, init, estimate.\n",
  );
});
