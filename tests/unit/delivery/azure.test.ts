import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import {
  type ArmOptions,
  AzureError,
  armDelete,
  armGet,
  armPost,
  armPut,
  isNotFound,
} from "../../../delivery/azure.ts";

const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Test/things/one";
const version = "2025-12-01";

type Reply = { status?: number; headers?: Record<string, string>; body?: unknown };

let close: () => Promise<void> = async () => {};
afterEach(() => close());

/** An ARM that gives the replies in turn, and remembers what it was asked and how long the client waited. */
async function arm(...replies: Reply[]) {
  const asked: { method: string; url: string; authorization: string | undefined; body: string }[] = [];
  const waits: number[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      asked.push({ method, url, authorization: headers.authorization, body });
      const reply = replies.shift() ?? { status: 500, body: { error: { code: "Spent", message: "no reply left" } } };
      response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
      response.end(reply.body === undefined ? "" : JSON.stringify(reply.body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  close = async () => {
    server.closeAllConnections();
    server.close();
    close = async () => {};
  };
  const options: ArmOptions = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    token: async () => "t0ken",
    attempts: 3,
    wait: async (ms) => {
      waits.push(ms);
    },
  };
  return { asked, waits, options };
}

describe("armGet", () => {
  it("asks for the id with the API version and the token", async () => {
    const { asked, options } = await arm({ body: { name: "one" } });
    assert.deepEqual(await armGet(id, version, options), { name: "one" });
    assert.deepEqual(asked, [
      { method: "GET", url: `${id}?api-version=${version}`, authorization: "Bearer t0ken", body: "" },
    ]);
  });

  it("says what Azure said when it refuses, and does not try again", async () => {
    const { asked, options } = await arm({
      status: 404,
      body: { error: { code: "ResourceNotFound", message: "one is not there" } },
    });
    await assert.rejects(armGet(id, version, options), (error) => {
      assert.ok(error instanceof AzureError && isNotFound(error));
      assert.equal(error.message, `GET ${id}: 404 ResourceNotFound: one is not there`);
      assert.equal(error.code, "ResourceNotFound");
      return true;
    });
    assert.equal(asked.length, 1);
  });

  it("waits as long as Azure asks, then tries again", async () => {
    const { waits, options } = await arm({ status: 429, headers: { "retry-after": "7" } }, { body: { name: "one" } });
    assert.deepEqual(await armGet(id, version, options), { name: "one" });
    assert.deepEqual(waits, [7000]);
  });

  it("waits a minute at most, whatever is asked", async () => {
    const { waits, options } = await arm({ status: 503, headers: { "retry-after": "86400" } }, { body: {} });
    await armGet(id, version, options);
    assert.deepEqual(waits, [60_000]);
  });

  it("gives up after its last try, waiting longer each time", async () => {
    const { asked, waits, options } = await arm({ status: 500 }, { status: 502 }, { status: 500 });
    await assert.rejects(armGet(id, version, options), /500 Http500: Azure gave no reason/);
    assert.equal(asked.length, 3);
    assert.equal(waits.length, 2);
    assert.ok(Number(waits[0]) >= 500 && Number(waits[0]) <= 1000, `first pause was ${waits[0]}`);
    assert.ok(Number(waits[1]) >= 1000 && Number(waits[1]) <= 2000, `second pause was ${waits[1]}`);
  });

  it("says so when nobody answers", async () => {
    const { options } = await arm();
    await close();
    await assert.rejects(armGet(id, version, options), (error) => {
      assert.ok(error instanceof AzureError);
      assert.equal(error.status, 0);
      assert.match(error.message, /no answer \(connect ECONNREFUSED/);
      return true;
    });
  });
});

describe("armPut", () => {
  it("follows Azure-AsyncOperation to its end and returns the finished resource", async () => {
    const { asked, waits, options } = await arm(
      { status: 201, headers: { "azure-asyncoperation": "/operations/1", "retry-after": "2" }, body: { half: "made" } },
      { body: { status: "InProgress" }, headers: { "retry-after-ms": "30" } },
      { body: { status: "Succeeded" } },
      { body: { name: "one", properties: { provisioningState: "Succeeded" } } },
    );
    const made = await armPut(id, version, { location: "eastus" }, options);
    assert.deepEqual(made, { name: "one", properties: { provisioningState: "Succeeded" } });
    assert.deepEqual(
      asked.map(({ method, url }) => `${method} ${url}`),
      [
        `PUT ${id}?api-version=${version}`,
        "GET /operations/1",
        "GET /operations/1",
        `GET ${id}?api-version=${version}`,
      ],
    );
    assert.equal(asked[0]?.body, '{"location":"eastus"}');
    assert.deepEqual(waits, [2000, 30]);
  });

  it("waits for provisioningState where Azure names no operation", async () => {
    const { asked, options } = await arm(
      { status: 201, body: { properties: { provisioningState: "Creating" } } },
      { body: { properties: { provisioningState: "Succeeded" } } },
      { body: { properties: { provisioningState: "Succeeded", last: true } } },
    );
    assert.deepEqual(await armPut(id, version, {}, options), {
      properties: { provisioningState: "Succeeded", last: true },
    });
    assert.equal(asked.length, 3);
  });

  it("fails with Azure's reason when the operation fails", async () => {
    const { options } = await arm(
      { status: 202, headers: { "azure-asyncoperation": "/operations/1" } },
      { body: { status: "Failed", error: { code: "QuotaExceeded", message: "0 cores left" } } },
    );
    await assert.rejects(
      armPut(id, version, {}, options),
      new RegExp(`^AzureError: ${id}: QuotaExceeded: 0 cores left$`),
    );
  });

  it("carries the token to no other host", async () => {
    const { asked, options } = await arm({
      status: 202,
      headers: { "azure-asyncoperation": "http://127.0.0.2:1/operations/1" },
    });
    await assert.rejects(armPut(id, version, {}, options), /Azure pointed to http:\/\/127\.0\.0\.2:1, not http:/);
    assert.equal(asked.length, 1);
  });

  it("gives up when the operation takes longer than allowed", async () => {
    const { options } = await arm(
      { status: 202, headers: { location: "/operations/1" } },
      ...Array.from({ length: 5 }, () => ({ status: 202 })),
    );
    await assert.rejects(armPut(id, version, {}, { ...options, timeoutMs: -1 }), /not finished in time/);
  });
});

describe("armDelete", () => {
  it("is content when the resource is not there", async () => {
    const { options } = await arm({ status: 404, body: { error: { code: "ResourceNotFound", message: "gone" } } });
    await armDelete(id, version, options);
  });

  it("follows Location while it answers 202", async () => {
    const { asked, options } = await arm(
      { status: 202, headers: { location: "/operations/2" } },
      { status: 202 },
      { status: 204 },
    );
    await armDelete(id, version, options);
    assert.deepEqual(
      asked.map(({ method, url }) => `${method} ${url}`),
      [`DELETE ${id}?api-version=${version}`, "GET /operations/2", "GET /operations/2"],
    );
  });

  it("says why Azure refuses", async () => {
    const { options } = await arm({
      status: 409,
      body: { error: { code: "Conflict", message: "it has live traffic" } },
    });
    await assert.rejects(armDelete(id, version, options), /409 Conflict: it has live traffic/);
  });
});

describe("armPost", () => {
  it("returns what the action returns", async () => {
    const { asked, options } = await arm({ body: { primaryKey: "k" } });
    assert.deepEqual(await armPost(`${id}/listKeys`, version, undefined, options), { primaryKey: "k" });
    assert.equal(asked[0]?.url, `${id}/listKeys?api-version=${version}`);
    assert.equal(asked[0]?.body, "{}");
  });

  it("is not repeated after a fault that may have come late", async () => {
    const { asked, options } = await arm({ status: 500 });
    await assert.rejects(armPost(`${id}/start`, version, {}, options), /500/);
    assert.equal(asked.length, 1);
  });
});
