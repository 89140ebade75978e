import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { parseDocument } from "yaml";
import { readEmulator, stopEmulator } from "../../emulator/client.ts";
import { identity } from "../../tools/rehearsal/clone.ts";
import type { Report } from "../../tools/rehearsal/report.ts";
import { surroundings } from "../../tools/surroundings.ts";
import { projectRoot } from "../support/emulator.ts";
import { type Answer, createCaller, type Endpoint } from "../support/endpoint.ts";

// The whole story of `npm start`, and what holds at its end. One rehearsal serves all tests here: it takes minutes.

const run = promisify(execFile);
const home = mkdtempSync(join(tmpdir(), "ml-delivery-rehearsal-"));
const clone = join(home, "clone");
const stackFile = join(clone, "Pulumi.production.yaml");
let report: Report;
/** What a person sees. */
let screen: string;
let endpoint: Endpoint;
let workTree: string;

const gitStatus = async () => (await run("git", ["status", "--porcelain"], { cwd: projectRoot })).stdout;

before(async () => {
  workTree = await gitStatus();
  const { stdout, stderr } = await run(process.execPath, ["tools/rehearsal/cli.ts", "--json", "--home", home], {
    cwd: projectRoot,
    maxBuffer: 64 * 1024 * 1024,
  });
  report = JSON.parse(stdout);
  screen = stderr;
  endpoint = await createCaller(join(home, "emulator"), report.production?.scoringUri ?? "");
});
after(async () => {
  await stopEmulator(join(home, "emulator"));
  rmSync(home, { recursive: true, force: true });
});

function pulumi(...args: string[]) {
  const env = { ...surroundings(home, readEmulator(join(home, "emulator"))?.env), ...identity() };
  return run("pulumi", [...args, "--non-interactive", "--color", "never"], { cwd: clone, env });
}

/** Edits the clone's stack file as a person would. */
function setTraffic(traffic: Record<string, number>): void {
  const document = parseDocument(readFileSync(stackFile, "utf8"));
  document.setIn(["config", "ml-delivery:endpoint", "traffic"], document.createNode(traffic, { flow: true }));
  writeFileSync(stackFile, document.toString({ lineWidth: 0 }));
}

function deployments(): [oldest: string, newest: string] {
  const document = parseDocument(readFileSync(stackFile, "utf8")).toJS();
  const [first, second] = Object.keys(document.config["ml-delivery:endpoint"].deployments);
  assert.ok(first !== undefined && second !== undefined, "two deployments are configured");
  return [first, second];
}

describe("a rehearsal", () => {
  it("ends delivered, every stage passed", () => {
    assert.equal(report.status, "delivered");
    assert.deepEqual(
      report.stages.filter((stage) => stage.status !== "passed"),
      [],
    );
    assert.ok(report.stages.length >= 20, `${report.stages.length} stages`);
  });

  it("says how the second model did beside the first, on the same pictures", () => {
    assert.match(
      screen,
      /Compare with the model in production .*(better|no difference shown): \d+\.\d % => \d+\.\d % on the same pictures/,
    );
    assert.doesNotMatch(screen, /NaN|undefined|\[object/);
  });

  it("puts a model into production that passed the gate, with all traffic", () => {
    const [, newest] = deployments();
    assert.ok(Number(report.model?.accuracy) >= 0.85);
    assert.ok(Number(report.model?.avg_latency_ms) <= 100);
    assert.deepEqual(report.production?.traffic, { [newest]: 100 });
    assert.equal(newest, `m-${report.model?.version.slice(0, 8)}`);
  });

  it("keeps the way back warm", async () => {
    const [oldest] = deployments();
    const [answer] = await endpoint.post([leaves()[0] ?? ""], { deployment: oldest });
    assert.deepEqual([answer?.status, answer?.deployment], [200, oldest]);
  });

  it("leaves the working tree as it found it", async () => {
    assert.equal(await gitStatus(), workTree);
  });

  it("names at least 85 of 100 fresh leaves rightly", async () => {
    const answers = await endpoint.post(leaves());
    assert.equal(answers.length, 100);
    const right = answers.filter(({ picture, prediction }) => picture.includes(`/${prediction}/`));
    assert.ok(right.length >= 85, `${right.length} of 100 right`);
  });
});

describe("the canary of a rehearsal", () => {
  it("gets its share: the preview shows that change and no other, and 2,000 requests divide so", async () => {
    const [oldest, newest] = deployments();
    setTraffic({ [oldest]: 90, [newest]: 10 });
    const preview = (await pulumi("preview", "--stack", "production", "--diff")).stdout;
    const changes = preview
      .split("\n")
      .filter((line) => /^\s*[~+-]\s/.test(line) && !/^\s*~ (traffic|pulumi)/.test(line));
    const shown = changes.map((line) => line.trim().replace(/\s+/g, " "));
    assert.ok(shown.includes(`~ ${oldest}: 0 => 90`) && shown.includes(`~ ${newest}: 100 => 10`), preview);
    assert.match(preview, /~ 1 to update/);
    assert.doesNotMatch(preview, /to (create|delete|replace)/);
    await pulumi("up", "--stack", "production", "--yes", "--skip-preview");

    const pictures = Array.from({ length: 2000 }, (_, i) => leaves()[i % 100] ?? "");
    const answers = await endpoint.post(pictures);
    const toNewest = answers.filter(({ deployment }) => deployment === newest).length;
    const sigma = Math.sqrt(2000 * 0.1 * 0.9);
    assert.deepEqual(statuses(answers), { 200: 2000 });
    assert.ok(
      Math.abs(toNewest - 200) <= 3 * sigma,
      `${toNewest} of 2,000 to ${newest}; 200 ± ${(3 * sigma).toFixed(0)} expected`,
    );
  });

  it("is reached by name, whatever its share", async () => {
    for (const deployment of deployments()) {
      const answers = await endpoint.post(leaves().slice(0, 20), { deployment });
      assert.deepEqual([...new Set(answers.map((answer) => answer.deployment))], [deployment]);
    }
  });
});

function leaves(): string[] {
  const folder = join(home, "pictures", "fresh");
  return readdirSync(folder).flatMap((label) =>
    readdirSync(join(folder, label)).map((name) => join(folder, label, name)),
  );
}

function statuses(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
