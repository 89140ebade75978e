import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { openCollected, readPredictions } from "../../delivery/canary/collected.ts";
import { judge } from "../../delivery/canary/judge.ts";
import { addPredictions, recordCanary } from "../../delivery/canary/watch.ts";
import { type AzureHome, createAzureHome, createWorkspace, type WorkspacePaths } from "../support/azure.ts";

/** Requests are copied, both answers are collected, and the project's own code compares them. */
describe("a shadow's answers", () => {
  let azure: AzureHome;
  let paths: WorkspacePaths;
  let container: ContainerClient;
  let endpoint = "";
  let key = "";

  const collected = { collections: { response: { dataCollectionMode: "Enabled", samplingRate: 1 } } };
  const put = (name: string, labels: string, dataCollector: object = collected) =>
    azure.settled("PUT", `${endpoint}/deployments/${name}`, {
      location: "eastus",
      sku: { name: "Default", capacity: 1 },
      properties: {
        endpointComputeType: "Managed",
        environmentId: `${paths.workspace}/environments/serve/versions/1`,
        instanceType: "Standard_D4as_v4",
        requestSettings: { maxConcurrentRequestsPerInstance: 16 },
        environmentVariables: { LABELS: labels },
        dataCollector,
      },
    });
  const window = () => ({ from: new Date(Date.now() - 600_000), to: new Date(Date.now() + 60_000) });

  before(async () => {
    azure = await createAzureHome();
    Object.assign(process.env, azure.home.env);
    paths = await createWorkspace(azure, "shadow");
    endpoint = `${paths.workspace}/onlineEndpoints/leaf-shadow`;
    const account = azure.services.storage.account(paths.account);
    assert.ok(account);
    const credential = new StorageSharedKeyCredential(account.name, account.key1);
    const { properties } = (await azure.arm("GET", `${paths.workspace}/datastores/workspaceblobstore`)).body;
    const blobs = new BlobServiceClient(account.blobEndpoint, credential);
    container = blobs.getContainerClient(properties.containerName);
    const route = (path: string) => ({ path, port: 5001 });
    const inferenceConfig = {
      livenessRoute: route("/ready"),
      readinessRoute: route("/ready"),
      scoringRoute: route("/predict"),
    };
    const environment = { properties: { image: "test/scoring:1.0", inferenceConfig } };
    await azure.arm("PUT", `${paths.workspace}/environments/serve/versions/1`, environment);
    await azure.settled("PUT", endpoint, { location: "eastus", properties: { authMode: "Key" } });
    key = (await azure.arm("POST", `${endpoint}/listKeys`)).body.primaryKey;
    // The shadow gives another label to one request in four.
    assert.equal((await put("m-live", "fern")).body.properties.provisioningState, "Succeeded");
    assert.equal((await put("m-shadow", "fern,fern,ivy,fern")).body.properties.provisioningState, "Succeeded");
    const shares = { traffic: { "m-live": 100 }, mirrorTraffic: { "m-shadow": 50 } };
    const set = await azure.settled("PUT", endpoint, {
      location: "eastus",
      properties: { authMode: "Key", ...shares },
    });
    assert.ok(set.status < 300, JSON.stringify(set.body));
  });
  after(() => azure.home.remove());

  it("are collected under the ids that requests and copies share, and compared by the judge", async () => {
    const uri = (await azure.arm("GET", endpoint)).body.properties.scoringUri as string;
    const ids = Array.from({ length: 400 }, () => randomUUID());
    const ask = async (id: string, i: number) => {
      const headers = { authorization: `Bearer ${key}`, "x-request-id": id };
      const answer = await fetch(uri, { method: "POST", body: "x".repeat(1 + (i % 8)), headers });
      assert.equal(answer.status, 200);
      assert.equal(((await answer.json()) as { prediction: string }).prediction, "fern");
    };
    for (let i = 0; i < ids.length; i += 8) await Promise.all(ids.slice(i, i + 8).map((id, j) => ask(id, i + j)));

    const place = await openCollected(endpoint);
    let live = await readPredictions(place, "m-live", window());
    for (const end = Date.now() + 20_000; live.length < ids.length && Date.now() < end; await delay(200)) {
      live = await readPredictions(place, "m-live", window());
    }
    assert.deepEqual(live.map(({ requestId }) => requestId).sort(), [...ids].sort());

    const subject = { endpointId: endpoint, canary: "m-shadow", baseline: undefined };
    const recording = await addPredictions(await recordCanary(subject, window()), subject, { shadow: true });
    assert.equal(recording.baseline.deployment, "m-live");
    const { pairs = 0, agreed = 0, unlabelled, unpaired, differences } = recording.agreement ?? {};
    assert.ok(pairs > 140 && pairs < 260, `${pairs} of 400 were copied, where half should be`);
    assert.deepEqual([unlabelled, unpaired, differences], [0, 0, { "fern => ivy": pairs - agreed }]);
    const { verdict, reasons } = judge(recording);
    assert.equal(verdict, "fail");
    assert.match(reasons.join("\n"), /^agreement less than asked: the same label for 7\d\.\d+ % of \d+ requests/m);
  });

  it("lie where Azure ML's data collector puts them, a CloudEvents line each", async () => {
    const names: string[] = [];
    for await (const { name } of container.listBlobsFlat({ prefix: "modelDataCollector/" })) names.push(name);
    for (const name of names) {
      assert.match(
        name,
        /^modelDataCollector\/leaf-shadow\/m-(live|shadow)\/response\/\d{4}\/\d\d\/\d\d\/\d\d\/[0-9a-f-]{36}\.jsonl$/,
      );
    }
    const text = (await container.getBlobClient(names[0] ?? "").downloadToBuffer()).toString("utf8");
    const { id, time, data, xrequestid, ...rest } = JSON.parse(text.split("\n")[0] ?? "");
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.equal(new Date(time).toISOString(), time);
    assert.equal(data.prediction, "fern");
    assert.deepEqual(rest, {
      specversion: "1.0",
      source: `${endpoint}/deployments/m-live`,
      type: "azureml.inference.response",
      datacontenttype: "application/json",
      contentrange: rest.contentrange,
      correlationid: xrequestid,
    });
  });

  it("are none where nothing is collected, and what the emulator cannot collect is refused", async () => {
    const place = await openCollected(endpoint);
    assert.deepEqual(await readPredictions(place, "m-none", window()), []);
    const refused = await put("m-more", "fern", { collections: { request: { dataCollectionMode: "Enabled" } } });
    assert.equal(refused.status, 400);
    assert.match(JSON.stringify(refused.body), /the emulator collects the bodies of answers only: 'response'/);
  });
});
