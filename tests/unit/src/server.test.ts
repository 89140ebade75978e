import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import sharp from "sharp";
import { parseLabels, readModelFiles } from "../../../src/classifier.ts";
import { preprocessImage } from "../../../src/preprocessing.ts";
import { createApp } from "../../../src/server/app.ts";
import { RequestError } from "../../../src/server/errors.ts";
import { type ScoringPool, startPool } from "../../../src/server/pool.ts";
import { trainTinyModel } from "./tiny-model.ts";

const files = await readModelFiles((await trainTinyModel()).model);
const labels = parseLabels(files);
const pool = await startPool(files, { workers: 1, queueLimit: 2, onDeath: (error) => assert.fail(error) });
const { server, stopTaking } = await createApp(labels, pool);
const url = await server.listen({ host: "127.0.0.1", port: 0 });
after(async () => {
  await server.close();
  await pool.close();
});

const leaf = await readFile(new URL("../../data/leaf.jpg", import.meta.url));

function form(field: string, bytes: Uint8Array<ArrayBuffer>): { method: string; body: FormData } {
  const body = new FormData();
  body.set("note", "fields beside the picture are passed over");
  body.set(field, new Blob([bytes]), "leaf.jpg");
  return { method: "POST", body };
}

function json(body: unknown): RequestInit {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { method: "POST", headers: { "content-type": "application/json" }, body: text };
}

/** A [1,3,224,224] nested array of one value. */
function nested(value: unknown, height = 224): unknown {
  return [Array.from({ length: 3 }, () => Array.from({ length: height }, () => Array(224).fill(value)))];
}

test("/health answers that the process is healthy", async () => {
  const response = await fetch(`${url}/health`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: "healthy" });
});

test("/predict names the likeliest class of a posted picture, with all probabilities", async () => {
  const response = await fetch(`${url}/predict`, form("image", Uint8Array.from(leaf)));
  assert.equal(response.status, 200);
  const { prediction, probabilities } = (await response.json()) as {
    prediction: string;
    probabilities: Record<string, number>;
  };
  assert.deepEqual(Object.keys(probabilities), labels);
  const values = Object.values(probabilities);
  assert.ok(Math.abs(values.reduce((sum, value) => sum + value, 0) - 1) < 1e-5);
  assert.equal(probabilities[prediction], Math.max(...values));
});

test("a tensor gets the same answer as the picture it was made from", async () => {
  const { data } = await preprocessImage(leaf);
  const rows = (channel: number) =>
    Array.from({ length: 224 }, (_, y) => [...data.subarray((channel * 224 + y) * 224, (channel * 224 + y + 1) * 224)]);
  const byTensor = await fetch(`${url}/predict`, json({ input: [[rows(0), rows(1), rows(2)]] }));
  const byPicture = await fetch(`${url}/predict`, form("image", Uint8Array.from(leaf)));
  assert.equal(byTensor.status, 200);
  assert.deepEqual(await byTensor.json(), await byPicture.json());
});

const gif = await sharp(leaf).resize(20).gif().toBuffer();
const table: [string, RequestInit, number, string, RegExp][] = [
  ["no file in the form", form("picture", Uint8Array.from(leaf)), 400, "missing_image", /field `image`/],
  ["an empty file", form("image", new Uint8Array(0)), 400, "missing_image", /field `image`/],
  ["no body", { method: "POST" }, 400, "missing_image", /field `image`/],
  ["broken JSON", json('{"input": ['), 400, "bad_request", /JSON/],
  [
    "a broken form",
    { method: "POST", headers: { "content-type": "multipart/form-data" }, body: "x" },
    400,
    "bad_request",
    /./,
  ],
  ["a body over 10 MB", form("image", new Uint8Array(10_000_001)), 413, "too_large", /10 MB/],
  ["JSON over 10 MB", json(`"${"x".repeat(10_000_001)}"`), 413, "too_large", /10 MB/],
  ["plain text", { method: "POST", body: "leaf" }, 415, "unsupported", /multipart/],
  ["a GIF", form("image", Uint8Array.from(gif)), 415, "unsupported", /gif.*jpeg, png, webp/],
  ["a text file", form("image", Uint8Array.from(Buffer.from("no leaf"))), 415, "unsupported", /no picture/],
  ["a cut picture", form("image", Uint8Array.from(leaf.subarray(0, 3000))), 422, "bad_image", /premature end/],
  ["JSON without input", json({ image: 1 }), 422, "bad_tensor", /no `input`/],
  [
    "a tensor of another shape",
    json({ input: nested(0.5, 223) }),
    422,
    "bad_tensor",
    /`input\[0\]\[0\]` is an array of 223/,
  ],
  ["a value above 1", json({ input: nested(255) }), 422, "bad_tensor", /`input\[0\]\[0\]\[0\]\[0\]` is 255/],
  ["a null", json({ input: nested(null) }), 422, "bad_tensor", /is null; each value must be a number in \[0,1\]/],
];
for (const [what, request, status, code, message] of table) {
  test(`${what} is answered with ${status} ${code}`, async () => {
    const response = await fetch(`${url}/predict`, request);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    assert.deepEqual([response.status, error.code], [status, code]);
    assert.match(error.message, message);
  });
}

test("an unknown path is answered with 404 not_found", async () => {
  const response = await fetch(`${url}/score?x=1`);
  assert.equal(response.status, 404);
  assert.deepEqual(await response.json(), { error: { code: "not_found", message: "there is no GET /score here" } });
});

test("one request more than may wait is answered with 429 and Retry-After, the others in full", async () => {
  const body = form("image", Uint8Array.from(leaf)).body;
  const responses = await Promise.all(
    Array.from({ length: 12 }, () => fetch(`${url}/predict`, { method: "POST", body })),
  );
  const statuses = responses.map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)].sort(), [200, 429]);
  const refused = responses.find(({ status }) => status === 429);
  assert.ok(refused);
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.equal(((await refused.json()) as { error: { code: string } }).error.code, "overloaded");
});

test("/metrics counts the answers, /openapi.json names the classes and every error", async () => {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^predict_requests_total\{status="415"\} 3$/m);
  assert.match(metrics, /^predict_duration_seconds_bucket\{le="\+Inf"\} \d+$/m);
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, never> };
  assert.deepEqual(Object.keys(paths), ["/predict", "/health", "/ready", "/metrics"]);
  const text = JSON.stringify(paths);
  for (const word of ["willow", "missing_image", "bad_tensor", "overloaded", "bad_model_output"])
    assert.match(text, new RegExp(word));
});

test("a model's nonsense and a fault of ours are told apart, and neither leaks", async () => {
  const failing = (error: Error): ScoringPool => ({ ...pool, score: () => Promise.reject(error) });
  const errors: [Error, string][] = [
    [new RequestError("bad_model_output", "the model gave 10 numbers with sum NaN"), "bad_model_output"],
    [new Error("secret detail"), "internal"],
  ];
  for (const [error, code] of errors) {
    const { server: other } = await createApp(labels, failing(error));
    other.log.level = "silent";
    const response = await other.inject({ method: "POST", url: "/predict", payload: { input: nested(0) } as object });
    assert.deepEqual([response.statusCode, response.json().error.code], [500, code]);
    assert.doesNotMatch(response.body, /secret/);
    await other.close();
  }
});

test("/ready turns to 503 when the server is to stop, while requests are still answered", async () => {
  assert.equal((await fetch(`${url}/ready`)).status, 200);
  stopTaking();
  assert.equal((await fetch(`${url}/ready`)).status, 503);
  assert.equal((await fetch(`${url}/predict`, form("image", Uint8Array.from(leaf)))).status, 200);
});
