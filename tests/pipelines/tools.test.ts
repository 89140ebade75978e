import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "pipeline-tools-"));
after(() => rmSync(folder, { recursive: true }));

async function run(tool: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../pipelines/tools", `${tool}.ts`), ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (text.stdout += chunk));
  child.stderr.on("data", (chunk) => (text.stderr += chunk));
  const [code] = await once(child, "close");
  return { code, ...text };
}

const fileOf = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test("an output is read from the file that a step wrote; what it did not write is empty", async () => {
  const file = fileOf("outputs", "version<<end_1\n3f2a9c01\nend_1\nlong<<end_2\na\nb\nend_2\n");
  assert.deepEqual(await run("output", [file, "version"]), { code: 0, stdout: "3f2a9c01\n", stderr: "" });
  assert.deepEqual(await run("output", [file, "other"]), { code: 0, stdout: "\n", stderr: "" });
  assert.equal((await run("output", [join(folder, "none"), "version"])).stdout, "\n");
});

test("an output of several lines is refused: a second line would be another variable", async () => {
  const { code, stderr } = await run("output", [fileOf("lines", "x<<E\na\nB=c\nE\n"), "x"]);
  assert.deepEqual([code, stderr], [2, "output: Output `x` has several lines; only a single line can be passed on.\n"]);
});

test("a fingerprint holds for the same file, and for no other", async () => {
  const file = fileOf("plan.json", "{}");
  const sha256 = createHash("sha256").update("{}").digest("hex");
  const outputs = join(folder, "fingerprint-outputs");
  assert.equal((await run("fingerprint", [file], { GITHUB_OUTPUT: outputs })).code, 0);
  assert.equal(readFileSync(outputs, "utf8"), `sha256=${sha256}\n`);
  assert.equal((await run("fingerprint", [file, "--must-be", sha256])).code, 0);
  writeFileSync(file, "{ }");
  const { code, stderr } = await run("fingerprint", [file, "--must-be", sha256]);
  assert.equal(code, 1);
  assert.match(stderr, /was changed on the way/);
  assert.equal((await run("fingerprint", [file, "--must-be", ""])).code, 2);
});

const DAY = 24 * 60 * 60 * 1000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY).toISOString();

/** GitHub's answers about workflows: state, and the day of the last scheduled run. */
async function watch(workflows: Record<string, { state: string; ran?: number }>, words: readonly string[]) {
  const enabled: string[] = [];
  const server = createServer((request, response) => {
    const match = /^\/repos\/o\/r\/actions\/workflows\/([\w.-]+)(\/enable|\/runs\?event=schedule&per_page=1)?$/.exec(
      request.url ?? "",
    );
    const [, file = "", action] = match ?? [];
    const workflow = workflows[file];
    if (!workflow || request.headers.authorization !== "Bearer t0ken") return response.writeHead(404).end();
    if (request.method === "PUT" && action === "/enable") {
      enabled.push(file);
      return response.writeHead(204).end();
    }
    const runs = workflow.ran === undefined ? [] : [{ created_at: daysAgo(workflow.ran) }];
    const answer = action ? { workflow_runs: runs } : { state: workflow.state, created_at: daysAgo(100) };
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const env = { GITHUB_API_URL: `http://127.0.0.1:${port}`, GITHUB_REPOSITORY: "o/r", GITHUB_TOKEN: "t0ken" };
    return { ...(await run("watch-schedules", words, env)), enabled };
  } finally {
    server.close();
  }
}

test("schedules that run are enabled anew, which keeps them from being stopped", async () => {
  const { code, stdout, enabled } = await watch({ "retrain.yml": { state: "active", ran: 3 } }, ["retrain.yml=8"]);
  assert.deepEqual([code, stdout, enabled], [0, "retrain.yml: runs\n", ["retrain.yml"]]);
});

test("a schedule that stopped is told, and enabled again", async () => {
  const workflows = { "retrain.yml": { state: "disabled_inactivity", ran: 30 }, "drift.yml": { state: "active" } };
  const { code, stdout, enabled } = await watch(workflows, ["retrain.yml=8", "drift.yml=2"]);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^retrain\.yml: no scheduled run for 30\.0 days, .*`disabled_inactivity` and is enabled again$/m,
  );
  assert.match(stdout, /^drift\.yml: no scheduled run for 100\.0 days, at most 2 are expected$/m);
  assert.deepEqual(enabled, ["retrain.yml", "drift.yml"]);
});

test("what a person stopped stays stopped, and is told", async () => {
  const { code, stdout, enabled } = await watch({ "a.yml": { state: "disabled_manually", ran: 1 } }, ["a.yml=8"]);
  assert.deepEqual([code, enabled], [1, []]);
  assert.match(stdout, /^a\.yml: somebody has disabled it/);
});

test("a workflow that GitHub does not know, and words that say nothing, are no answer", async () => {
  assert.equal((await watch({}, ["a.yml=8"])).code, 3);
  assert.equal((await watch({}, ["a.yml"])).code, 2);
  assert.equal((await watch({}, [])).code, 2);
});
