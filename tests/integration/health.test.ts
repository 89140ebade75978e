import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openEndpoint } from "./endpoint.ts";

const endpoint = await openEndpoint();
after(() => endpoint.close());

test("the server is healthy", async () => {
  const response = await fetch(endpoint.url("/health"), { headers: endpoint.headers });
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: "healthy" });
});

test("the server takes requests", async () => {
  const response = await fetch(endpoint.url("/ready"), { headers: endpoint.headers });
  assert.equal(response.status, 200);
  await response.body?.cancel();
});
