import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { sha256 } from "../../../delivery/digest.ts";
import { openFolder } from "../../../delivery/objects.ts";
import { isTransient, retrying, StalledError, stallTimeout, watched } from "../../../delivery/retry.ts";
import { ChangedError, verified } from "../../../delivery/source.ts";

const failure = (fields: object) => Object.assign(new Error("failed"), fields);

test("what may pass is tried again, what will not is not", () => {
  const passes = [
    { code: "ECONNRESET" },
    { code: "ERR_STREAM_PREMATURE_CLOSE" },
    { code: "REQUEST_SEND_ERROR" },
    { name: "TimeoutError" },
    { name: "RequestTimeout", $metadata: { httpStatusCode: 400 } },
    { statusCode: 429 },
    { statusCode: 500 },
    { $metadata: { httpStatusCode: 503 } },
    { cause: failure({ code: "EPIPE" }) },
  ];
  for (const fields of passes) assert.equal(isTransient(failure(fields)), true, JSON.stringify(fields));
  const stays = [
    {},
    { code: "ENOENT" },
    { statusCode: 400 },
    { statusCode: 403 },
    { $metadata: { httpStatusCode: 404 } },
    { statusCode: 409, cause: failure({ code: "EPIPE" }) },
    { code: "SELF_SIGNED_CERT_IN_CHAIN" },
  ];
  for (const fields of stays) assert.equal(isTransient(failure(fields)), false, JSON.stringify(fields));
  assert.equal(isTransient(undefined), false);
});

test("work is repeated until it succeeds, at most five times", async () => {
  let calls = 0;
  assert.equal(await retrying(async () => (++calls < 3 ? Promise.reject(failure({ statusCode: 503 })) : calls)), 3);
  calls = 0;
  await assert.rejects(
    retrying(async () => Promise.reject(failure({ code: "EPIPE", calls: ++calls }))),
    { calls: 5 },
  );
  calls = 0;
  await assert.rejects(
    retrying(async () => Promise.reject(failure({ statusCode: 403, calls: ++calls }))),
    { calls: 1 },
  );
});

test("a transfer that stands still is given up, one that moves is not", async () => {
  process.env["TRANSFER_TIMEOUT_SECONDS"] = "1";
  after(() => delete process.env["TRANSFER_TIMEOUT_SECONDS"]);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const stuck = watched(({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", reject)));
  const moving = watched(async ({ moved }) => {
    for (let i = 0; i < 6; i++) await pause(300).then(moved);
    return "arrived";
  });
  await assert.rejects(stuck, StalledError);
  assert.equal(await moving, "arrived");
  for (const wrong of ["0", "1.5", "-1", "soon", "3601"]) {
    process.env["TRANSFER_TIMEOUT_SECONDS"] = wrong;
    assert.throws(stallTimeout, /must be whole seconds from 1 to 3600, got `/);
  }
});

test("content that is not what was promised never comes to its end", async () => {
  const chunks = ["one", "two", "three"].map((text) => Buffer.from(text));
  const source = (sent: readonly Buffer[]) => ({ bytes: 11, open: async () => Readable.from(sent) });
  const read = async (sent: readonly Buffer[]) => {
    const seen: string[] = [];
    for await (const chunk of await verified(source(sent), sha256("onetwothree"), "it").open())
      seen.push(String(chunk));
    return seen.join("");
  };
  assert.equal(await read(chunks), "onetwothree");
  await assert.rejects(read([...chunks.slice(0, 2), Buffer.from("THREE")]), ChangedError);
  await assert.rejects(read(chunks.slice(0, 2)), ChangedError);
});

/** An S3 that answers as the test says, and counts. */
async function serve(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("S3 is asked again after 503 and 429, and not after 403", async () => {
  const counts = new Map<string, number>();
  const { server, url } = await serve((request, response) => {
    const key = request.url?.split("?")[0]?.split("/").at(-1) ?? "";
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    request.resume();
    const status = key === "denied" ? 403 : count > 2 ? 200 : key === "slow-down" ? 503 : 429;
    response.writeHead(status, { "content-type": "application/xml", etag: '"x"' });
    response.end(status === 200 ? "" : `<Error><Code>${key === "denied" ? "AccessDenied" : "SlowDown"}</Code></Error>`);
  });
  after(() => server.close());
  const credentials = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  Object.assign(process.env, credentials, { AWS_ENDPOINT_URL: url, TRANSFER_TIMEOUT_SECONDS: "10" });
  const folder = openFolder("s3://bucket/x/");
  const streamed = { bytes: 3, open: async () => Readable.from([Buffer.from("abc")]) };
  assert.equal(await folder.put("slow-down", "abc"), true);
  assert.equal(await folder.put("busy", streamed), true, "a stream is opened anew");
  await assert.rejects(folder.put("denied", "abc"), /could not write denied in `s3:\/\/bucket\/x\/`/);
  await assert.rejects(folder.put("denied", streamed), /could not write denied/);
  assert.deepEqual(Object.fromEntries(counts), { "slow-down": 3, busy: 3, denied: 2 });
});
