import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { deploymentsOf, readLive, requireHealthy } from "../../delivery/rollout/live.ts";
import { type AzureHome, createAzureHome, createWorkspace, type WorkspacePaths } from "../support/azure.ts";

/** The fixture's answers are no predictions: a deployment that is up and yet cannot serve. */
describe("CFG-06 DEP-13 a way back that could not serve is refused", () => {
  let azure: AzureHome;
  let paths: WorkspacePaths;
  let endpoint = "";

  const deployment = (more: object = {}) => ({
    location: "eastus",
    sku: { name: "Default", capacity: 1 },
    properties: {
      endpointComputeType: "Managed",
      model: `${paths.workspace}/models/m/versions/1`,
      environmentId: `${paths.workspace}/environments/serve/versions/1`,
      instanceType: "Standard_D4as_v4",
      ...more,
    },
  });
  const put = (name: string, more: object = {}) =>
    azure.settled("PUT", `${endpoint}/deployments/${name}`, deployment(more));
  const refusal = async (name: string) => {
    const live = await readLive(endpoint);
    assert.ok(live);
    return requireHealthy(live, name).then(
      () => "healthy",
      (error: Error) => error.message,
    );
  };

  before(async () => {
    azure = await createAzureHome();
    Object.assign(process.env, azure.home.env);
    paths = await createWorkspace(azure, "back");
    endpoint = `${paths.workspace}/onlineEndpoints/leaf-back`;
    const account = azure.services.storage.account(paths.account);
    assert.ok(account);
    const credential = new StorageSharedKeyCredential(account.name, account.key1);
    const { properties } = (await azure.arm("GET", `${paths.workspace}/datastores/workspaceblobstore`)).body;
    const container = new BlobServiceClient(account.blobEndpoint, credential).getContainerClient(
      properties.containerName,
    );
    await container.getBlockBlobClient("models/v1/model.onnx").upload("weights", 7);
    const model = { properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/models/v1" } };
    await azure.arm("PUT", `${paths.workspace}/models/m/versions/1`, model);
    const route = (path: string) => ({ path, port: 5001 });
    const routes = {
      livenessRoute: route("/ready"),
      readinessRoute: route("/ready"),
      scoringRoute: route("/predict"),
    };
    const environment = { properties: { image: "test/scoring:1.0", inferenceConfig: routes } };
    await azure.arm("PUT", `${paths.workspace}/environments/serve/versions/1`, environment);
    await azure.settled("PUT", endpoint, { location: "eastus", properties: { authMode: "Key" } });
  });
  after(() => azure.home.remove());

  it("where it is not there", async () => {
    assert.equal(await refusal("m-gone"), "`m-gone` is not in Azure");
  });

  it("where it is up and answers a picture with something else than a prediction", async () => {
    assert.equal((await put("m-wrong")).body.properties.provisioningState, "Succeeded");
    assert.match(await refusal("m-wrong"), /^`m-wrong` does not answer as it should: `probabilities` must map labels/);
  });

  it("where it is up and answers too late", async () => {
    await put("m-slow", { environmentVariables: { DELAY: "500" }, requestSettings: { requestTimeout: "PT0.1S" } });
    assert.match(await refusal("m-slow"), /^`m-slow` does not answer as it should: status is 408, not 200/);
  });

  it("where Azure failed to bring it up, or to change it", async () => {
    const fault = { type: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments", times: 1 };
    const operation = { code: "ResourceNotReady", message: "the readiness probe fails" };
    writeFileSync(join(azure.home.folder, "faults.json"), JSON.stringify([{ ...fault, name: "m-wrong", operation }]));
    await put("m-wrong", { requestSettings: { requestTimeout: "PT2S" } });
    assert.equal(await refusal("m-wrong"), "`m-wrong` is Failed");
    assert.deepEqual(Object.fromEntries(await deploymentsOf(endpoint)), { "m-slow": "Succeeded", "m-wrong": "Failed" });
  });
});
