import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { projectRoot } from "../../tools/places.ts";
import { judge } from "../support/judges.ts";

const { file, skip } = judge("gitleaks");
const folder = mkdtempSync(join(tmpdir(), "gitleaks-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Leak {
  readonly RuleID: string;
  readonly File: string;
  readonly StartLine: number;
}

/** Secrets that gitleaks finds, by rule and place. Their values stay hidden. */
function leaks(kind: "git" | "dir", target: string): string[] {
  const report = join(folder, "report.json");
  const config = join(projectRoot, ".gitleaks.toml");
  const options = ["--redact", "--no-banner", "--config", config, "--report-format", "json", "--report-path", report];
  const { status, stderr } = spawnSync(file, [kind, target, ...options], { encoding: "utf8", timeout: 240_000 });
  assert.ok(status === 0 || status === 1, `gitleaks ended with ${status}: ${stderr}`);
  // A judge that scans nothing finds nothing.
  assert.doesNotMatch(stderr, /scanned ~0 bytes| 0 commits scanned/);
  const found = JSON.parse(readFileSync(report, "utf8")) as Leak[];
  return found.map(({ RuleID, File, StartLine }) => `${RuleID} in ${File.replace(`${target}/`, "")}:${StartLine}`);
}

/** Text that looks like a secret, put together here so that this file holds none. */
const key = ["AKIA", "QYLPMN5HHHFPZAM2"].join("");

test("no file that git tracks or would track holds a secret", { skip }, () => {
  const tree = join(folder, "tree");
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: projectRoot,
    encoding: "utf8",
  });
  const files = listed.split("\0").filter((path) => path !== "" && existsSync(join(projectRoot, path)));
  for (const path of files) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    copyFileSync(join(projectRoot, path), join(tree, path));
  }
  assert.deepEqual(leaks("dir", tree), []);
});

test("no commit of the history holds a secret", { skip }, () => {
  assert.deepEqual(leaks("git", projectRoot), []);
});

test("CFG-08 gitleaks sees a key in a stack's file, and in a commit that took it away again", { skip }, () => {
  const repository = join(folder, "repository");
  mkdirSync(repository);
  const who = ["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@localhost"];
  const git = (...args: string[]) => execFileSync("git", [...who, ...args], { cwd: repository });
  git("init", "--quiet");
  const stackFile = join(repository, "Pulumi.staging.yaml");
  writeFileSync(stackFile, `config:\n  aws:accessKey: ${key}\n`);
  assert.deepEqual(leaks("dir", repository), ["aws-access-token in Pulumi.staging.yaml:2"]);
  git("add", "Pulumi.staging.yaml");
  git("commit", "--quiet", "--message", "Add a key");
  writeFileSync(stackFile, "config: {}\n");
  git("commit", "--quiet", "--all", "--message", "Take it away");
  assert.deepEqual(leaks("dir", repository), []);
  assert.deepEqual(leaks("git", repository), ["aws-access-token in Pulumi.staging.yaml:2"]);
});

test("an encrypted value of a stack's file is no secret", { skip }, () => {
  const place = join(folder, "encrypted");
  mkdirSync(place);
  const text =
    "encryptionsalt: v1:Zm9vYmFyYmF6cXV4:v1:aGVsbG8gd29ybGQh:dGhlIHNlY3JldA==\nconfig:\n  a:token:\n    secure: v1:c2VjcmV0:AAAB\n";
  writeFileSync(join(place, "Pulumi.staging.yaml"), text);
  assert.deepEqual(leaks("dir", place), []);
});
