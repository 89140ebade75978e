// A scoring server for tests: it tells which deployment it is, and misbehaves on request.
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

if (process.env["FAIL_AT_START"] !== undefined) {
  console.error("fixture: the model file is broken");
  process.exit(3);
}
const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  if (url.pathname === "/ready") return void response.end("ready");
  if (url.searchParams.has("crash")) process.exit(1);
  await delay(Number(url.searchParams.get("delay") ?? process.env["DELAY"] ?? 0));
  response.writeHead(Number(url.searchParams.get("status") ?? 200), { "content-type": "application/json" });
  const { MARK: mark, AZUREML_MODEL_DIR: model, LABELS: labels } = process.env;
  const bytes = Buffer.concat(chunks).length;
  // One of the labels by the request's length, so that two deployments can be made to agree or not.
  const known = labels?.split(",") ?? [];
  const prediction = known[bytes % known.length];
  response.end(JSON.stringify({ mark, model, pid: process.pid, path: url.pathname, bytes, prediction }));
});
server.listen(Number(process.env["PORT"]), "127.0.0.1", () => console.log("fixture: listening"));
