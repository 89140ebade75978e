import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { DefaultAzureCredential } from "@azure/identity";
import { BlobServiceClient } from "@azure/storage-blob";
import { type AzureHome, createAzureHome, createWorkspace } from "../../support/azure.ts";

describe("the vendor's clients, signed in as DefaultAzureCredential does", () => {
  let azure: AzureHome;

  before(async () => {
    azure = await createAzureHome();
    await createWorkspace(azure, "vendor");
    const { IDENTITY_ENDPOINT, IDENTITY_HEADER, AZURE_AUTHORITY_HOST } = azure.home.env;
    Object.assign(process.env, { IDENTITY_ENDPOINT, IDENTITY_HEADER, AZURE_AUTHORITY_HOST });
  });
  after(() => azure.home.remove());

  it("reach Azure ML", async () => {
    const endpoint = azure.home.env["AZURE_RESOURCE_MANAGER_ENDPOINT"] ?? "";
    const client = new AzureMachineLearningWorkspaces(new DefaultAzureCredential(), azure.subscription, { endpoint });
    const workspace = await client.workspaces.get("rg-vendor", "ws-vendor");
    assert.equal(workspace.provisioningState, "Succeeded");
    const stores = [];
    for await (const { name } of client.datastores.list("rg-vendor", "ws-vendor")) stores.push(name);
    assert.deepEqual(stores, ["workspaceartifactstore", "workspaceblobstore"]);
  });

  it("write and read blobs with a token", async () => {
    const account = azure.services.storage.account("stvendor");
    assert.ok(account);
    const container = new BlobServiceClient(account.blobEndpoint, new DefaultAzureCredential()).getContainerClient(
      "azureml",
    );
    await container.getBlockBlobClient("a/b").upload("hello", 5);
    assert.equal((await container.getBlobClient("a/b").downloadToBuffer()).toString(), "hello");
  });
});
