import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { drawPicture, put } from "../delivery/pictures.ts";
import { runScript } from "./run-script.ts";

const root = await mkdtemp(join(tmpdir(), "endpoint-"));
await put(root, "rose/1.jpg", await drawPicture(1));

const GOOD = { prediction: "rose", probabilities: { rose: 0.75, daisy: 0.25 } };
type Script = (request: { readonly n: number; readonly asked: string | undefined }) => {
  status: number;
  by: string;
  body?: object;
};

const servers: Server[] = [];
/** An endpoint that answers as `script` says, to callers with the key `k`. */
async function endpoint(script: Script): Promise<string> {
  let n = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const asked = request.headers["azureml-model-deployment"]?.toString();
      const allowed = request.headers.authorization === "Bearer k";
      const { status, by, body = GOOD } = allowed ? script({ n: n++, asked }) : { status: 401, by: "door", body: {} };
      response.writeHead(status, { "azureml-model-deployment": by, "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/predict`;
}
after(async () => {
  for (const server of servers) server.close();
  await rm(root, { recursive: true });
});

const env = { ENDPOINT_API_KEY: "k" };

test("smoke-test waits for a deployment that warms up, and fails one that answers nonsense or for another", async () => {
  const smoke = (url: string) =>
    runScript("smoke-test", ["--endpoint-url", url, "--deployment", "blue", "--timeout", "20", "--json"], { env });
  const warming = await smoke(await endpoint(({ n, asked = "" }) => ({ status: n === 0 ? 503 : 200, by: asked })));
  assert.deepEqual([warming.code, JSON.parse(warming.stdout).attempts], [0, 2]);
  const nonsense = { prediction: "rose", probabilities: { rose: 0.5 } };
  const wrong = await smoke(await endpoint(({ asked = "" }) => ({ status: 200, by: asked, body: nonsense })));
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /probabilities sum to 0.5, not 1/);
  const other = await smoke(await endpoint(() => ({ status: 200, by: "green" })));
  assert.equal(other.code, 1);
  assert.match(other.stdout, /`green` answered for `blue`/);
});

test("watch-canary passes a sound canary, fails a broken one, and decides nothing on few requests", async () => {
  const watch = async (script: Script, requests = "200") => {
    const flags = ["--environment", "production", "--endpoint-url", await endpoint(script), "--images", root];
    return runScript("watch-canary", [...flags, "--requests", requests, "--canary", "blue", "--json"], { env });
  };
  const by = (n: number) => (n % 4 === 0 ? "blue" : "green");
  const sound = await watch(({ n }) => ({ status: n % 10 === 1 ? 415 : 200, by: by(n) }));
  assert.equal(sound.code, 0, sound.stdout);
  assert.deepEqual(JSON.parse(sound.stdout).answered_by, { blue: 50, green: 150 });
  const broken = await watch(({ n }) => ({ status: n % 8 === 0 ? 500 : 200, by: by(n) }));
  assert.equal(broken.code, 1, broken.stdout);
  assert.equal((await watch(({ n }) => ({ status: 200, by: by(n) }), "40")).code, 2);
});
