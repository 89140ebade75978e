import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { type AzureHome, createAzureHome, createWorkspace, type WorkspacePaths } from "../../support/azure.ts";

describe("an online endpoint", () => {
  let azure: AzureHome;
  let paths: WorkspacePaths;
  let endpoint = "";
  let key = "";

  const deployment = (mark: string, more: object = {}, capacity = 1) => ({
    location: "eastus",
    sku: { name: "Default", capacity },
    properties: {
      endpointComputeType: "Managed",
      model: `${paths.workspace}/models/m/versions/1`,
      environmentId: `${paths.workspace}/environments/serve/versions/1`,
      instanceType: "Standard_D4as_v4",
      environmentVariables: { MARK: mark },
      requestSettings: { requestTimeout: "PT1S", maxConcurrentRequestsPerInstance: 8 },
      ...more,
    },
  });
  const traffic = (weights: Record<string, number>, mirrorTraffic?: Record<string, number>) => ({
    location: "eastus",
    properties: { authMode: "Key", traffic: weights, ...(mirrorTraffic === undefined ? {} : { mirrorTraffic }) },
  });
  const scoringUri = async () => (await azure.arm("GET", endpoint)).body.properties.scoringUri as string;
  const score = async (query = "", headers: Record<string, string> = {}) =>
    fetch(`${await scoringUri()}${query}`, {
      method: "POST",
      body: "picture",
      headers: { authorization: `Bearer ${key}`, ...headers },
    });
  const marksOf = async (count: number) => {
    const uri = await scoringUri();
    const marks: Record<string, number> = {};
    const one = async () => {
      const answer = await fetch(uri, { method: "POST", body: "x", headers: { authorization: `Bearer ${key}` } });
      assert.equal(answer.status, 200);
      const { mark } = (await answer.json()) as { mark: string };
      marks[mark] = (marks[mark] ?? 0) + 1;
    };
    for (let left = count; left > 0; left -= 8) await Promise.all(Array.from({ length: Math.min(8, left) }, one));
    return marks;
  };

  before(async () => {
    azure = await createAzureHome();
    paths = await createWorkspace(azure, "serve");
    endpoint = `${paths.workspace}/onlineEndpoints/leaf-test`;
    const account = azure.services.storage.account(paths.account);
    assert.ok(account);
    const blobs = new BlobServiceClient(
      account.blobEndpoint,
      new StorageSharedKeyCredential(account.name, account.key1),
    );
    const { properties } = (await azure.arm("GET", `${paths.workspace}/datastores/workspaceblobstore`)).body;
    await blobs
      .getContainerClient(properties.containerName)
      .getBlockBlobClient("models/v1/model.onnx")
      .upload("weights", 7);
    const model = { properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/models/v1" } };
    assert.equal((await azure.arm("PUT", `${paths.workspace}/models/m/versions/1`, model)).status, 201);
    const route = (path: string) => ({ path, port: 5001 });
    const inferenceConfig = {
      livenessRoute: route("/ready"),
      readinessRoute: route("/ready"),
      scoringRoute: route("/predict"),
    };
    const image = "registry.example:5000/test/scoring:1.0@sha256:0000";
    await azure.arm("PUT", `${paths.workspace}/environments/serve/versions/1`, {
      properties: { image, inferenceConfig },
    });
    const made = await azure.settled("PUT", endpoint, { location: "eastus", properties: { authMode: "Key" } });
    assert.equal(made.body.properties.provisioningState, "Succeeded");
    key = (await azure.arm("POST", `${endpoint}/listKeys`)).body.primaryKey;
  });
  after(() => azure.home.remove());

  it("answers 404 without a live deployment", async () => {
    assert.equal((await score()).status, 404);
  });

  it("brings a deployment up with its model, and answers by its name before it has traffic", async () => {
    for (const name of ["blue", "green"]) {
      const made = await azure.settled("PUT", `${endpoint}/deployments/${name}`, deployment(name));
      assert.equal(made.body.properties?.provisioningState, "Succeeded", JSON.stringify(made.body));
    }
    assert.equal((await score()).status, 404);
    const answer = await score("", { "azureml-model-deployment": "green" });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("azureml-model-deployment"), "green");
    assert.match(answer.headers.get("x-ms-request-id") ?? "", /^[0-9a-f-]{36}$/);
    const body = (await answer.json()) as { mark: string; model: string; path: string; bytes: number };
    assert.deepEqual([body.mark, body.path, body.bytes], ["green", "/predict", 7]);
    assert.equal(readFileSync(join(body.model, "v1", "model.onnx"), "utf8"), "weights");
    assert.match(await scoringUri(), /^http:\/\/127\.0\.0\.1:\d+\/predict$/);
  });

  it("splits 90/10 within three standard deviations", async () => {
    await azure.settled("PUT", endpoint, traffic({ blue: 90, green: 10 }));
    const marks = await marksOf(1000);
    assert.equal((marks["blue"] ?? 0) + (marks["green"] ?? 0), 1000);
    const bound = 3 * Math.sqrt(1000 * 0.9 * 0.1);
    assert.ok(Math.abs((marks["green"] ?? 0) - 100) <= bound, JSON.stringify(marks));
  });

  it("loses no request in 20 shifts under load", async () => {
    const uri = await scoringUri();
    let shifting = true;
    let answered = 0;
    const failures: string[] = [];
    const load = async () => {
      while (shifting) {
        const answer = await fetch(uri, { method: "POST", body: "x", headers: { authorization: `Bearer ${key}` } });
        await answer.arrayBuffer();
        answered += 1;
        if (answer.status !== 200) failures.push(String(answer.status));
      }
    };
    const loads = Array.from({ length: 4 }, load);
    for (let shift = 0; shift < 20; shift += 1) {
      const green = (shift * 37) % 101;
      const done = await azure.settled("PUT", endpoint, traffic({ blue: 100 - green, green }));
      assert.ok(done.status < 300, JSON.stringify(done.body));
    }
    shifting = false;
    await Promise.all(loads);
    assert.deepEqual(failures, []);
    assert.ok(answered > 100, `only ${answered} requests`);
  });

  it("loses no request while a deployment under load is replaced and scaled", async () => {
    await azure.settled("PUT", endpoint, traffic({ blue: 100, green: 0 }));
    let going = true;
    const statuses = new Set<number>();
    const load = async () => {
      while (going) statuses.add((await score("?delay=20")).status);
    };
    const loads = Array.from({ length: 3 }, load);
    const changed = await azure.settled("PUT", `${endpoint}/deployments/blue`, deployment("blue-2"));
    assert.equal(changed.body.properties.provisioningState, "Succeeded");
    for (const capacity of [3, 1]) {
      const scaled = await azure.settled("PATCH", `${endpoint}/deployments/blue`, { sku: { capacity } });
      assert.equal(scaled.body.sku.capacity, capacity);
    }
    going = false;
    await Promise.all(loads);
    assert.deepEqual([...statuses], [200]);
    assert.deepEqual(Object.keys(await marksOf(8)), ["blue-2"]);
  });

  it("mirrors a share to one deployment, and never a request with a name", async () => {
    await azure.settled("PUT", endpoint, traffic({ blue: 100 }, { green: 50 }));
    const shown = (await azure.arm("GET", endpoint)).body.properties;
    assert.deepEqual(shown.mirrorTraffic, { green: 50 });
    assert.deepEqual(Object.keys(await marksOf(40)), ["blue-2"]);
    await azure.settled("PUT", endpoint, traffic({ blue: 100 }));
    assert.deepEqual((await azure.arm("GET", endpoint)).body.properties.mirrorTraffic, {});
  });

  const FAULTS: readonly [string, string, Record<string, string>, number][] = [
    ["no key", "", { authorization: "" }, 401],
    ["a wrong key", "", { authorization: "Bearer nonsense" }, 401],
    ["a name that no deployment has", "", { "azureml-model-deployment": "red" }, 404],
    ["an answer later than requestTimeout", "?delay=3000", {}, 408],
    ["a container's 500", "?status=500", {}, 424],
    ["a container's 400", "?status=400", {}, 424],
    ["a container's 201", "?status=201", {}, 424],
  ];
  for (const [fault, query, headers, status] of FAULTS) {
    it(`answers ${status} to ${fault}`, async () => {
      const answer = await score(query, headers);
      assert.equal(answer.status, status);
      if (status === 424)
        assert.equal(answer.headers.get("ms-azureml-model-error-statuscode"), new URLSearchParams(query).get("status"));
    });
  }

  it("answers 429 above twice the concurrency of all instances", async () => {
    const settings = { requestSettings: { maxConcurrentRequestsPerInstance: 1, requestTimeout: "PT5S" } };
    await azure.settled("PUT", `${endpoint}/deployments/green`, deployment("green", settings));
    const named = { "azureml-model-deployment": "green" };
    const answers = await Promise.all(Array.from({ length: 6 }, () => score("?delay=500", named)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 429, 429, 429, 429]);
  });

  it("starts a scoring process again when it ends by itself", async () => {
    const named = { "azureml-model-deployment": "green" };
    assert.equal((await score("?crash", named)).status, 502);
    const deadline = Date.now() + 10_000;
    while ((await score("", named)).status !== 200) assert.ok(Date.now() < deadline);
  });

  it("fails a deployment whose container ends, with the end of its log, and leaves the others", async () => {
    const made = await azure.settled(
      "PUT",
      `${endpoint}/deployments/broken`,
      deployment("x", { environmentVariables: { FAIL_AT_START: "1" } }),
    );
    assert.equal(made.body.status, "Failed");
    assert.match(made.body.error.message, /ended with code 3[\s\S]*the model file is broken/);
    assert.equal(
      (await azure.arm("GET", `${endpoint}/deployments/broken`)).body.properties.provisioningState,
      "Failed",
    );
    const refused = await azure.arm("PUT", endpoint, traffic({ blue: 90, broken: 10 }));
    assert.deepEqual([refused.status, refused.body.error.code], [409, "ResourceNotReady"]);
    assert.ok((await azure.settled("DELETE", `${endpoint}/deployments/broken`)).status < 300);
  });

  it("keeps a deployment that has traffic from being deleted", async () => {
    const refused = await azure.arm("DELETE", `${endpoint}/deployments/blue`);
    assert.equal(refused.status, 409);
    assert.match(refused.body.error.message, /'blue' has 100 percent of the traffic/);
  });

  it("takes new request settings without a new process", async () => {
    const pid = async () =>
      ((await (await score("", { "azureml-model-deployment": "green" })).json()) as { pid: number }).pid;
    const before = await pid();
    await azure.settled("PUT", `${endpoint}/deployments/green`, deployment("green"));
    assert.equal(await pid(), before);
    const named = { "azureml-model-deployment": "green" };
    const answers = await Promise.all(Array.from({ length: 6 }, () => score("?delay=50", named)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200, 200, 200],
    );
  });

  it("serves again after a restart: same address, keys, traffic and model", async () => {
    await azure.settled("PUT", endpoint, traffic({ blue: 50, green: 50 }));
    const uri = await scoringUri();
    await azure.restart();
    assert.equal(await scoringUri(), uri);
    assert.deepEqual(Object.keys(await marksOf(80)).sort(), ["blue-2", "green"]);
  });

  it("goes with its deployments, and nobody listens at its address", async () => {
    const uri = await scoringUri();
    await azure.settled("DELETE", endpoint);
    assert.equal((await azure.arm("GET", `${endpoint}/deployments/blue`)).status, 404);
    await assert.rejects(fetch(uri));
  });
});
