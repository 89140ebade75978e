import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import * as provider from "../../../components/traffic-provider.ts";
import { clearTraffic, readTraffic, spelledOut, writeTraffic } from "../../../delivery/traffic.ts";

const id =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e";

/** An endpoint as Azure gives it back, read-only fields included. */
const deployed = {
  id,
  name: "e",
  type: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
  location: "eastus",
  tags: { team: "plants" },
  kind: "Managed",
  identity: {
    type: "UserAssigned",
    principalId: "p",
    tenantId: "t",
    userAssignedIdentities: { "/identities/one": { principalId: "p", clientId: "c" } },
  },
  systemData: { createdBy: "somebody" },
  properties: {
    authMode: "Key",
    publicNetworkAccess: "Enabled",
    properties: { own: "property" },
    scoringUri: "https://e/score",
    swaggerUri: "https://e/swagger.json",
    provisioningState: "Succeeded",
    traffic: { "m-a1b": 90, "m-c2d": 10, "m-e3f": 0 },
    mirrorTraffic: { "m-e3f": 20 },
  },
};

let endpoint: typeof deployed | undefined;
let puts: unknown[] = [];
let close = () => {};

const server = () =>
  createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      if (request.method === "PUT") puts.push(JSON.parse(text));
      response.statusCode = endpoint ? 200 : 404;
      response.end(JSON.stringify(endpoint ?? { error: { code: "ResourceNotFound", message: "no endpoint e" } }));
    });
  });

let options: { endpoint: string; token: () => Promise<string> };
beforeEach(async () => {
  endpoint = structuredClone(deployed);
  puts = [];
  const arm = server().listen(0, "127.0.0.1");
  await once(arm, "listening");
  options = { endpoint: `http://127.0.0.1:${(arm.address() as AddressInfo).port}`, token: async () => "t" };
  close = () => {
    arm.closeAllConnections();
    arm.close();
  };
});
afterEach(() => close());

describe("readTraffic", () => {
  it("gives live and mirrored shares without zeros", async () => {
    assert.deepEqual(await readTraffic(id, options), {
      traffic: { "m-a1b": 90, "m-c2d": 10 },
      mirror: { "m-e3f": 20 },
    });
  });

  it("gives nothing where the endpoint is gone", async () => {
    endpoint = undefined;
    assert.equal(await readTraffic(id, options), undefined);
  });
});

describe("writeTraffic", () => {
  it("writes the endpoint back as it was but for the traffic, mirror included, and sends nothing that Azure says itself", async () => {
    await writeTraffic(id, { traffic: { "m-a1b": 75, "m-c2d": 25, "m-e3f": 0 }, mirror: {} }, options);
    assert.deepEqual(puts, [
      {
        location: "eastus",
        tags: { team: "plants" },
        kind: "Managed",
        identity: { type: "UserAssigned", userAssignedIdentities: { "/identities/one": {} } },
        properties: {
          authMode: "Key",
          publicNetworkAccess: "Enabled",
          properties: { own: "property" },
          traffic: { "m-a1b": 75, "m-c2d": 25 },
          mirrorTraffic: {},
        },
      },
    ]);
  });

  it("fails where the endpoint is gone", async () => {
    endpoint = undefined;
    await assert.rejects(writeTraffic(id, { traffic: {}, mirror: {} }, options), /404 ResourceNotFound: no endpoint e/);
  });
});

describe("clearTraffic", () => {
  it("takes all traffic off, the mirror's too", async () => {
    await clearTraffic(id, options);
    const [put] = puts as [{ properties: { traffic: unknown; mirrorTraffic: unknown } }];
    assert.deepEqual([put.properties.traffic, put.properties.mirrorTraffic], [{}, {}]);
    assert.equal(puts.length, 1);
  });

  it("is content where the endpoint is gone", async () => {
    endpoint = undefined;
    await clearTraffic(id, options);
    assert.deepEqual(puts, []);
  });
});

describe("spelledOut", () => {
  it("names every deployment, and only deployments", () => {
    assert.deepEqual(spelledOut({ "m-a1b": 100, "m-old": 0 }, ["m-a1b", "m-c2d"]), { "m-a1b": 100, "m-c2d": 0 });
  });
});

describe("the provider of traffic", () => {
  const known = {
    endpointId: id,
    models: { "m-a1b": "3f2a9c01d4e5b678", "m-c2d": "9c1b22d4aaaabbbb" },
    traffic: { "m-a1b": 90, "m-c2d": 10 },
    mirror: {},
    settings: { authMode: "Key" },
  };

  it("sees no difference where there is none", async () => {
    assert.deepEqual(await provider.diff("id", known, structuredClone(known)), { changes: false, replaces: [] });
  });

  it("ignores that its own text has changed", async () => {
    const next = { ...known, __provider: "another text" };
    assert.deepEqual(await provider.diff("id", known, next), { changes: false, replaces: [] });
  });

  for (const [what, change] of Object.entries({
    traffic: { traffic: { "m-a1b": 75, "m-c2d": 25 } },
    mirror: { mirror: { "m-c2d": 5 } },
    models: { models: { "m-a1b": "3f2a9c01d4e5b678" } },
    "what they run on": { runs: { "m-a1b": "scoring:2 on Standard_D4as_v4" } },
    "the endpoint's settings": { settings: { authMode: "AADToken" } },
  })) {
    it(`updates when this changes: ${what}`, async () => {
      assert.deepEqual(await provider.diff("id", known, { ...known, ...change }), { changes: true, replaces: [] });
    });
  }

  it("is replaced with its endpoint", async () => {
    const next = { ...known, endpointId: "/another" };
    assert.deepEqual(await provider.diff("id", known, next), { changes: true, replaces: ["endpointId"] });
  });

  it("refuses what the rules refuse, whatever config let through", async () => {
    const { failures } = await provider.check({}, { ...known, traffic: { "m-a1b": 99 } });
    assert.deepEqual(failures, [
      {
        property: "traffic",
        reason: 'traffic is {"m-a1b":99}; allowed: whole numbers that add up to exactly 100; they add up to 99: add 1',
      },
    ]);
  });

  it("refuses another model under a deployment's name", async () => {
    const models = { ...known.models, "m-c2d": "5d6e7f8011112222" };
    assert.deepEqual((await provider.check(known, { ...known, models })).failures, [
      {
        property: "models.m-c2d",
        reason:
          "m-c2d serves model 9c1b22d4aaaabbbb, and a deployment keeps its model; add one for 5d6e7f8011112222, as m-5d6e7f80",
      },
    ]);
  });

  it("takes a new deployment and lets one go", async () => {
    const models = { "m-a1b": known.models["m-a1b"], "m-new": "5d6e7f8011112222" };
    const before = { ...known, traffic: { "m-a1b": 100, "m-c2d": 0 } };
    const next = { ...known, models, traffic: { "m-a1b": 100, "m-new": 0 } };
    assert.deepEqual((await provider.check(before, next)).failures, []);
  });

  it("refuses to remove a deployment with traffic", async () => {
    const models = { "m-a1b": known.models["m-a1b"] };
    const { failures } = await provider.check(known, { ...known, models, traffic: { "m-a1b": 100 } });
    assert.deepEqual(
      failures?.map(({ property }) => property),
      ["endpoint.deployments.m-c2d"],
    );
  });
});
