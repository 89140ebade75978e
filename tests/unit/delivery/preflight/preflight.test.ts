import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { estimateOf, type Intent, preflight } from "../../../../delivery/preflight.ts";

const subscription = "00000000-0000-0000-0000-000000000001";
const ml = `/subscriptions/${subscription}/providers/Microsoft.MachineLearningServices/locations/eastus/usages`;
const vault = `/subscriptions/${subscription}/providers/Microsoft.KeyVault/locations/eastus/deletedVaults/kv`;
const workspace = `/subscriptions/${subscription}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/mlw`;

const intent: Intent = {
  location: "eastus",
  region: "us-east-1",
  cluster: { vmSize: "Standard_NC4as_T4_v3", minNodes: 0, maxNodes: 4 },
  endpoint: { name: "plants", instanceType: "Standard_D4as_v4", deployments: {} },
  gate: { minAccuracy: 0.85, maxLatencyMs: 100, maxModelSizeMb: 500 },
  signing: { required: false },
  monitoring: { emails: ["on-call@example.org"], monthlyBudget: 300 },
  names: { resourceGroup: "rg", workspace: "mlw", vault: "kv" },
};

/** What Azure answers, by path; 404 for the others. */
let answers: Record<string, { readonly status: number; readonly body: unknown } | "silence"> = {};
let asked: string[] = [];
let server: Server;
let endpoint = "";
const family = (value: string, currentValue: number, limit: number) => ({ name: { value }, currentValue, limit });
const enough = { status: 200, body: { value: [family("Standard NCASv3_T4 Family Cluster Dedicated vCPUs", 0, 16)] } };

before(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    asked.push(path);
    const answer = answers[path];
    if (answer === "silence") return;
    const notFound = { error: { code: "ResourceNotFound", message: "there is none" } };
    response.writeHead(answer?.status ?? 404, { "content-type": "application/json" });
    response.end(JSON.stringify(answer?.body ?? notFound));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env["ARM_SUBSCRIPTION_ID"] = subscription;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  answers = { [ml]: enough };
  asked = [];
});

const check = (changes: Partial<Intent> = {}, requestTimeoutMs = 30_000) =>
  preflight({ ...intent, ...changes }, { endpoint, token: async () => "token", requestTimeoutMs });

describe("before anything is created", () => {
  it("Azure is asked for quota, what is deployed and a deleted vault, once each", async () => {
    assert.deepEqual(await check(), { refusals: [], warnings: [] });
    assert.deepEqual(asked.sort(), [vault, `${workspace}/onlineEndpoints/plants/deployments`, ml].sort());
  });

  it("a deleted vault that holds the name is a refusal that says both ways out", async () => {
    answers[vault] = { status: 200, body: { name: "kv" } };
    assert.deepEqual((await check()).refusals, [
      "a deleted key vault still holds the name kv. Take it back with `az keyvault recover --name kv --location eastus` " +
        "and import it, or give it up with `az keyvault purge --name kv --location eastus` (not possible under purge protection)",
    ]);
  });

  it("too little quota is a refusal, together with all others", async () => {
    answers[vault] = { status: 200, body: { name: "kv" } };
    answers[ml] = { status: 200, body: { value: [family("Standard NCASv3_T4 Family", 0, 0)] } };
    const { refusals } = await check();
    assert.equal(refusals.length, 2);
    assert.match(refusals[1] ?? "", /^the cluster needs 4 cores for 1 of Standard_NC4as_T4_v3; .* is 0 cores/);
  });

  it("what the endpoint has already is not counted against it", async () => {
    const value = [{ properties: { instanceType: "Standard_NC4as_T4_v3" }, sku: { capacity: 3 } }];
    answers[`${workspace}/onlineEndpoints/plants/deployments`] = { status: 200, body: { value } };
    answers[ml] = { status: 200, body: { value: [family("Standard NCASv3_T4 Family", 16, 16)] } };
    // One that the bucket does not hold: quota alone is looked at here.
    const deployments = { "m-1": { model: "s3://nowhere/models/0123456789abcdef/", instances: 3 } };
    const { refusals } = await check({
      endpoint: { ...intent.endpoint, instanceType: "Standard_NC4as_T4_v3", deployments },
    });
    assert.deepEqual(
      refusals.filter((refusal) => refusal.includes("cores")),
      [],
    );
  });

  it("rows of single workspaces are not the subscription's", async () => {
    const own = { ...family("Standard NCASv3_T4 Family", 0, 0), id: `${workspace}/quotas/t4` };
    answers[ml] = { status: 200, body: { value: [own, ...enough.body.value] } };
    assert.deepEqual(await check(), { refusals: [], warnings: [] });
  });

  it("a question that may not be asked is a warning, and the others are asked", async () => {
    answers[ml] = { status: 403, body: { error: { code: "AuthorizationFailed", message: "no right" } } };
    answers[vault] = { status: 200, body: {} };
    const { refusals, warnings } = await check();
    assert.equal(refusals.length, 1);
    assert.deepEqual(warnings, [
      `quota could not be checked before the update: GET ${ml}: 403 AuthorizationFailed: no right`,
    ]);
  });

  it("an Azure that does not answer does not hold a preview up", async () => {
    answers[ml] = "silence";
    const { refusals, warnings } = await check({}, 200);
    assert.deepEqual(refusals, []);
    assert.match(warnings.join(), /quota could not be checked before the update: .* no answer/);
  });

  it("sizes that Azure retires are named with their keys, of cluster, endpoint and one deployment", async () => {
    const deployments = { "m-1": { model: "nowhere", instances: 1, instanceType: "Standard_F8s_v2" } };
    const { warnings } = await check({
      endpoint: { ...intent.endpoint, instanceType: "Standard_F4s_v2", deployments },
    });
    const words = ([size, key]: readonly [string, string]) =>
      `Azure retires ${size} on 2028-11-15. Set ml-delivery:endpoint.${key} to Standard_D4as_v4.`;
    const sizes = [
      ["Standard_F4s_v2", "instanceType"],
      ["Standard_F8s_v2", "deployments.m-1.instanceType"],
    ] as const;
    assert.deepEqual(
      warnings.filter((text) => text.startsWith("Azure retires")),
      sizes.map(words),
    );
  });

  it("alerts that nobody hears, and a budget that cannot hold, are warnings", async () => {
    const { warnings } = await check({ monitoring: { emails: [], monthlyBudget: 20 } });
    assert.deepEqual(warnings, [
      "ml-delivery:monitoring.emails is empty: alerts are raised, and nobody is told",
      "what is always paid comes to about 21.89 USD a month, more than ml-delivery:monitoring.monthlyBudget, 20: every " +
        "month will set its alerts off",
    ]);
  });

  it("nobody is asked where no subscription is named", async () => {
    delete process.env["ARM_SUBSCRIPTION_ID"];
    const { warnings } = await check();
    process.env["ARM_SUBSCRIPTION_ID"] = subscription;
    assert.deepEqual(warnings, [
      "quota and names were not checked: set ARM_SUBSCRIPTION_ID to the subscription, as CI does",
    ]);
    assert.deepEqual(asked, []);
  });
});

it("the stack's estimate is what a later one is compared with", () => {
  assert.deepEqual(estimateOf(intent), {
    currency: "USD",
    fixed: 21.89,
    unknown: [],
    resources: { registry: 20.29, alerts: 1.6 },
  });
});
