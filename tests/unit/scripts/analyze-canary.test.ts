import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { runScript } from "./run-script.ts";

const RECORDING = resolve(import.meta.dirname, "../../data/canary/three-times-the-failures.json");
const folder = await mkdtemp(join(tmpdir(), "analyze-canary-"));
const servers: Server[] = [];
after(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true });
});

const analyze = (args: readonly string[], env: Record<string, string> = {}) =>
  runScript("analyze-canary", args, { env });

/** An Azure that gives tokens and answers the n-th question for metrics as told. */
async function azure(answer: (n: number, url: URL) => { status: number; body: unknown }) {
  let asked = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const token = { access_token: "t", expires_on: String(Math.floor(Date.now() / 1000) + 3600), token_type: "Bearer" };
    const { status, body } = url.pathname === "/token" ? { status: 200, body: token } : answer(++asked, url);
    response.writeHead(status, { "content-type": "application/json", "retry-after": "0" }).end(JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = {
    AZURE_RESOURCE_MANAGER_ENDPOINT: url,
    IDENTITY_ENDPOINT: `${url}/token`,
    IDENTITY_HEADER: "secret",
    AZURE_SUBSCRIPTION_ID: "s",
    AZURE_RESOURCE_GROUP: "g",
    AZURE_ML_WORKSPACE: "w",
  };
  return { env, asked: () => asked };
}
const SUBJECT = ["--endpoint-name", "leaf", "--canary", "green"];

test("a recorded canary gets the same verdict again, and again from its own record", async () => {
  const copy = join(folder, "copy.json");
  const plot = join(folder, "canary.svg");
  const first = await analyze(["--replay", RECORDING, "--record", copy, "--plot", plot, "--json"]);
  assert.equal(first.code, 1, first.stderr);
  const report = JSON.parse(first.stdout);
  assert.equal(report.verdict, "fail");
  assert.match(report.reasons[0], /more failures: 3.03 % against 1.03 %/);
  assert.deepEqual([report.canary, report.baseline, report.minutes], ["m-b71f20aa", "m-3f2a9c01", 30]);
  assert.equal((await analyze(["--replay", copy, "--json"])).stdout, first.stdout);
  const svg = await readFile(plot, "utf8");
  assert.match(svg, /^<svg [^>]*width="960"/);
  assert.equal(svg.match(/<polygon /g)?.length, 2);
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
});

test("it explains itself with an example and says what its exit codes mean", async () => {
  const { code, stdout } = await analyze(["--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /pass \(exit 0\), fail \(1\), inconclusive \(2\); they cannot be read \(3\)/);
  assert.match(stdout, /Example: node scripts\/analyze-canary\.ts --environment production/);
});

test("people get a table that fits a terminal", async () => {
  const { stdout } = await analyze(["--replay", RECORDING]);
  const lines = stdout.split("\n");
  assert.match(lines[0] ?? "", /^fail: canary m-b71f20aa of plant-classifier-prod against m-3f2a9c01, 30 minutes$/);
  const table = lines.slice(lines.indexOf("") + 1);
  assert.match(table[0] ?? "", /^metric +canary +baseline +effect +p +verdict$/);
  assert.ok(
    table.every((line) => line.length <= 80),
    stdout,
  );
});

test("rules come from a file, and a rule that is none is refused", async () => {
  const rules = join(folder, "rules.json");
  await writeFile(rules, JSON.stringify({ failures: { mode: "dry-run" } }));
  assert.equal((await analyze(["--replay", RECORDING, "--rules", rules])).code, 0);
  await writeFile(rules, JSON.stringify({ failure: { mode: "off" } }));
  const refused = await analyze(["--replay", RECORDING, "--rules", rules]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /rules.json: .*failure/);
});

test("a stack's own rules apply to its canaries", async () => {
  const stack = (canary: object) =>
    [
      "config:",
      "  shop:project: shop",
      "  shop:endpoint: { name: leaf }",
      `  shop:canary: ${JSON.stringify(canary)}`,
      "",
    ].join("\n");
  await writeFile(join(folder, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
  const replay = ["--environment", "production", "--replay", RECORDING];
  for (const [canary, code] of [
    [{}, 1],
    [{ failures: { mode: "dry-run" } }, 0],
    [{ failures: { mode: "dry-run" }, minMinutes: 31 }, 2],
    [{ mode: "dry-run" }, 2],
  ] as const) {
    await writeFile(join(folder, "Pulumi.production.yaml"), stack(canary));
    assert.equal((await runScript("analyze-canary", replay, { cwd: folder })).code, code, JSON.stringify(canary));
  }
});

test("a file that is no recording is refused by the place that is wrong", async () => {
  const file = join(folder, "broken.json");
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(RECORDING, "utf8")), from: "yesterday" }));
  const refused = await analyze(["--replay", file]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /is no recording of a canary: `from`/);
});

test("DEP-18 a source that is down is asked N times, and that is said", async () => {
  const down = await azure(() => ({ status: 503, body: { error: { code: "ServerBusy", message: "later" } } }));
  const { code, stderr } = await analyze([...SUBJECT, "--attempts", "3"], down.env);
  assert.equal(code, 3);
  assert.match(
    stderr,
    /the metrics could not be read in 3 tries, so nothing is known about the canary: .*503 ServerBusy/,
  );
  // Requests and latencies are two questions.
  assert.equal(down.asked(), 6);
});

test("a source that comes back is read; without any series nothing is decided", async () => {
  const empty = { value: [{ name: { value: "RequestsPerMinute" }, errorCode: "Success", timeseries: [] }] };
  const shaky = await azure((n) => (n <= 2 ? { status: 503, body: {} } : { status: 200, body: empty }));
  const { code, stdout } = await analyze([...SUBJECT, "--json"], shaky.env);
  assert.equal(code, 2);
  assert.deepEqual(JSON.parse(stdout).reasons.slice(0, 1), ["there are no figures"]);
});

test("without a recording, what to judge must be said, and a start in the future is refused", async () => {
  const nobody = await analyze(["--endpoint-name", "leaf"]);
  assert.equal(nobody.code, 2);
  assert.match(nobody.stderr, /there is no canary to judge; give --canary, or the --environment/);
  const nowhere = await analyze(["--canary", "green"]);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /no endpoint is named; give --environment, or --endpoint-name/);
  const { env } = await azure(() => ({ status: 500, body: {} }));
  const future = await analyze([...SUBJECT, "--since", "2999-01-01T00:00:00Z"], env);
  assert.equal(future.code, 2);
  assert.match(future.stderr, /`--since` is `2999-01-01T00:00:00Z`; give a time that has passed/);
});
