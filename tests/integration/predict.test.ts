import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openEndpoint, photographLeaf } from "./endpoint.ts";

type Prediction = { prediction: string; probabilities: Record<string, number> };

const endpoint = await openEndpoint();
after(() => endpoint.close());

async function post(body: FormData | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(endpoint.predict, { method: "POST", headers: { ...endpoint.headers, ...headers }, body });
}

function assertPrediction({ prediction, probabilities }: Prediction): void {
  const values = Object.values(probabilities);
  for (const [label, value] of Object.entries(probabilities)) assert.ok(value >= 0 && value <= 1, `${label}: ${value}`);
  assert.ok(Math.abs(values.reduce((sum, value) => sum + value, 0) - 1) < 1e-4, `sum of ${values}`);
  assert.equal(probabilities[prediction], Math.max(...values));
}

test("a picture gets a prediction, the likeliest of the probabilities", async () => {
  const form = new FormData();
  form.set("image", new Blob([await photographLeaf()], { type: "image/jpeg" }), "leaf.jpg");
  const response = await post(form);
  assert.equal(response.status, 200, await response.clone().text());
  assertPrediction((await response.json()) as Prediction);
});

test("numbers get a prediction too", async () => {
  const row = Array.from({ length: 224 }, (_, x) => x / 223);
  const plane = Array.from({ length: 224 }, () => row);
  const response = await post(JSON.stringify({ input: [[plane, plane, plane]] }), {
    "content-type": "application/json",
  });
  assert.equal(response.status, 200, await response.clone().text());
  assertPrediction((await response.json()) as Prediction);
});

test("what is no picture is refused", async () => {
  const form = new FormData();
  form.set("image", new Blob(["not a picture"]), "leaf.jpg");
  const response = await post(form);
  // A managed endpoint turns the server's own refusal into 424 and hands the status on in a header.
  const status = response.headers.get("ms-azureml-model-error-statuscode") ?? String(response.status);
  assert.match(status, /^4\d\d$/);
  await response.body?.cancel();
});
