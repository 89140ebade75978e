import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type AzureHome, createAzureHome, createWorkspace, type WorkspacePaths } from "../../support/azure.ts";

const ML = "Microsoft.MachineLearningServices";
const V = "?api-version=2024-01-01";

describe("Azure Resource Manager", () => {
  let azure: AzureHome;
  let paths: WorkspacePaths;
  let sub = "";

  before(async () => {
    azure = await createAzureHome();
    paths = await createWorkspace(azure, "arm");
    sub = `/subscriptions/${azure.subscription}`;
  });
  after(() => azure.home.remove());

  const REFUSED: readonly [string, string, () => string, object | undefined, number, string][] = [
    ["no api-version", "GET", () => `${paths.group}?x=1`, undefined, 400, "MissingApiVersionParameter"],
    [
      "an api-version that is no date",
      "GET",
      () => `${paths.group}?api-version=new`,
      undefined,
      400,
      "InvalidApiVersionParameter",
    ],
    ["an unknown subscription", "GET", () => `/subscriptions/nobody${V}`, undefined, 404, "SubscriptionNotFound"],
    [
      "an unknown namespace",
      "GET",
      () => `${paths.group}/providers/Microsoft.Nothing/things/a${V}`,
      undefined,
      404,
      "InvalidResourceNamespace",
    ],
    [
      "an unknown type",
      "PUT",
      () => `${paths.group}/providers/Microsoft.Storage/things/a${V}`,
      {},
      404,
      "InvalidResourceType",
    ],
    ["an unknown operation", "POST", () => `${paths.workspace}/diagnose${V}`, {}, 501, "NotImplemented"],
    [
      "a group that does not exist",
      "PUT",
      () => `${sub}/resourceGroups/none/providers/Microsoft.KeyVault/vaults/v${V}`,
      { location: "x" },
      404,
      "ResourceGroupNotFound",
    ],
    [
      "a parent that does not exist",
      "PUT",
      () => `${paths.group}/providers/${ML}/workspaces/none/computes/c${V}`,
      { location: "x" },
      404,
      "ParentResourceNotFound",
    ],
    [
      "a resource that does not exist",
      "GET",
      () => `${paths.group}/providers/Microsoft.KeyVault/vaults/none${V}`,
      undefined,
      404,
      "ResourceNotFound",
    ],
    [
      "a missing location",
      "PUT",
      () => `${paths.group}/providers/Microsoft.KeyVault/vaults/v${V}`,
      {},
      400,
      "LocationRequired",
    ],
    [
      "a changed location",
      "PUT",
      () => `${paths.group}/providers/Microsoft.KeyVault/vaults/kv-arm${V}`,
      { location: "west" },
      409,
      "InvalidResourceLocation",
    ],
    [
      "an unknown field",
      "PUT",
      () => `${paths.group}${V}`,
      { location: "eastus", colour: "red" },
      400,
      "InvalidRequestContent",
    ],
    [
      "an endpoint's name with two hyphens",
      "PUT",
      () => `${paths.workspace}/onlineEndpoints/a--b${V}`,
      { location: "x", properties: { authMode: "Key" } },
      400,
      "BadArgument",
    ],
    [
      "traffic at creation",
      "PUT",
      () => `${paths.workspace}/onlineEndpoints/abc${V}`,
      { location: "x", properties: { authMode: "Key", traffic: { a: 100 } } },
      400,
      "BadArgument",
    ],
    [
      "an unknown field of an endpoint",
      "PUT",
      () => `${paths.workspace}/onlineEndpoints/abc${V}`,
      { location: "x", properties: { authMode: "Key", color: 1 } },
      400,
      "InvalidRequestContent",
    ],
    [
      "a model that points to nothing",
      "PUT",
      () => `${paths.workspace}/models/m/versions/1${V}`,
      { properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/no" } },
      400,
      "BadArgument",
    ],
    [
      "a storage account's bad name",
      "PUT",
      () => `${paths.group}/providers/Microsoft.Storage/storageAccounts/Bad-Name${V}`,
      { location: "x" },
      400,
      "AccountNameInvalid",
    ],
  ];
  for (const [what, method, path, body, status, code] of REFUSED) {
    it(`refuses ${what} with ${code}`, async () => {
      const answer = await azure.arm(method, path(), body);
      assert.deepEqual([answer.status, answer.body.error.code], [status, code], answer.body.error.message);
    });
  }

  for (const [what, authorization] of [
    ["a token for another audience", async () => `Bearer ${await azure.token("https://storage.azure.com")}`],
    [
      "a token that was changed",
      async () => `Bearer ${(await azure.token("https://management.azure.com")).slice(0, -4)}AAAA`,
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const answer = await azure.arm("GET", paths.group, undefined, { authorization: await authorization() });
      assert.deepEqual([answer.status, answer.body.error.code], [401, "InvalidAuthenticationToken"]);
    });
  }

  it("refuses a token request without the identity header, and one for an unknown resource", async () => {
    const endpoint = azure.home.env["IDENTITY_ENDPOINT"];
    const url = `${endpoint}?api-version=2019-08-01&resource=`;
    assert.equal((await fetch(`${url}https://management.azure.com`)).status, 401);
    const header = { "X-IDENTITY-HEADER": azure.home.env["IDENTITY_HEADER"] ?? "" };
    assert.equal((await fetch(`${url}https://graph.microsoft.com`, { headers: header })).status, 400);
    assert.equal((await fetch(`${url}https://ml.azure.com`, { headers: header })).status, 200);
  });

  it("answers 201 to a creation, 200 to an update, whatever the casing of the id, and 204 to a second deletion", async () => {
    const path = `${paths.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/ci`;
    assert.equal((await azure.arm("PUT", path, { location: "East US" })).status, 201);
    const again = await azure.arm(
      "PUT",
      path.toUpperCase().replace("MICROSOFT.MANAGEDIDENTITY", "microsoft.managedidentity"),
      { location: "eastus", tags: { a: "b" } },
    );
    assert.equal(again.status, 200);
    assert.equal(again.body.id, path);
    assert.match(again.body.properties.principalId, /^[0-9a-f]{8}-[0-9a-f]{4}-5/);
    assert.equal((await azure.arm("DELETE", path)).status, 200);
    assert.equal((await azure.arm("DELETE", path)).status, 204);
  });

  it("merges tags in a PATCH", async () => {
    const path = `${paths.group}/providers/Microsoft.Insights/components/ai-arm`;
    await azure.arm("PATCH", path, { tags: { a: "1" } });
    const { body } = await azure.arm("PATCH", path, { tags: { b: "2" } });
    assert.deepEqual(body.tags, { a: "1", b: "2" });
  });

  it("keeps extension resources under the resource they extend", async () => {
    const workspaceId = `${paths.group}/providers/Microsoft.OperationalInsights/workspaces/log-arm`;
    await azure.arm("PUT", workspaceId, { location: "eastus" });
    const path = `${paths.workspace}/providers/Microsoft.Insights/diagnosticSettings/logs`;
    const logs = [{ category: "AmlComputeJobEvent", enabled: true }];
    assert.equal((await azure.arm("PUT", path, { properties: { workspaceId, logs } })).status, 201);
    const { body } = await azure.arm("GET", `${paths.workspace}/providers/Microsoft.Insights/diagnosticSettings`);
    assert.deepEqual(
      body.value.map(({ name }: { name: string }) => name),
      ["logs"],
    );
  });

  it("gives a workspace its id, its containers and its two datastores", async () => {
    const { body } = await azure.arm("GET", paths.workspace);
    assert.match(body.properties.workspaceId, /^[0-9a-f-]{36}$/);
    const stores = (await azure.arm("GET", `${paths.workspace}/datastores`)).body.value;
    assert.deepEqual(
      stores.map(({ name }: { name: string }) => name),
      ["workspaceartifactstore", "workspaceblobstore"],
    );
    assert.equal(stores[1].properties.containerName, `azureml-blobstore-${body.properties.workspaceId}`);
    assert.equal(stores[1].properties.accountName, paths.account);
  });

  it("refuses a workspace whose storage account does not exist", async () => {
    const { body: whole } = await azure.arm("GET", paths.workspace);
    const properties = {
      ...whole.properties,
      storageAccount: `${paths.group}/providers/Microsoft.Storage/storageAccounts/none`,
    };
    const answer = await azure.arm("PUT", `${paths.group}/providers/${ML}/workspaces/other`, {
      location: "eastus",
      properties,
    });
    assert.match(answer.body.error.message, /'storageAccount' is .*none.* Create it first/);
  });

  it("speaks with the vendor's client, long-running operations included", async () => {
    const client = azure.client();
    const group = "rg-arm";
    const made = await client.onlineEndpoints.beginCreateOrUpdateAndWait(group, "ws-arm", "sdk-test", {
      location: "eastus",
      properties: { authMode: "AMLToken" },
    });
    assert.equal(made.properties.provisioningState, "Succeeded");
    const token = await client.onlineEndpoints.getToken(group, "ws-arm", "sdk-test");
    assert.equal(
      (await fetch(made.properties.scoringUri ?? "", { headers: { authorization: `Bearer ${token.accessToken}` } }))
        .status,
      404,
    );
    assert.equal(
      (
        await fetch(made.properties.scoringUri ?? "", {
          headers: { authorization: `Bearer ${await azure.token("https://ml.azure.com")}` },
        })
      ).status,
      401,
    );
    const compute = await client.computeOperations.beginCreateOrUpdateAndWait(group, "ws-arm", "gpu", {
      location: "eastus",
      properties: {
        computeType: "AmlCompute",
        properties: {
          vmSize: "Standard_NC6s_v3",
          scaleSettings: { maxNodeCount: 4, minNodeCount: 0, nodeIdleTimeBeforeScaleDown: "PT10M" },
        },
      },
    });
    assert.equal(compute.properties?.provisioningState, "Succeeded");
    const names = [];
    for await (const endpoint of client.onlineEndpoints.list(group, "ws-arm")) names.push(endpoint.name);
    assert.deepEqual(names, ["sdk-test"]);
    await client.onlineEndpoints.beginDeleteAndWait(group, "ws-arm", "sdk-test");
    await assert.rejects(client.onlineEndpoints.get(group, "ws-arm", "sdk-test"), { statusCode: 404 });
  });

  it("keeps everything over a restart", async () => {
    const all = (await azure.arm("GET", `${paths.group}/resources`)).body.value;
    await azure.restart();
    assert.deepEqual((await azure.arm("GET", `${paths.group}/resources`)).body.value, all);
  });

  it("deletes all that is in a group with it, and keeps a vault's name as Azure does", async () => {
    assert.ok((await azure.settled("DELETE", paths.group)).status < 300);
    assert.deepEqual(
      (await azure.arm("GET", `${sub}/resources`)).body.value.map(({ type }: { type: string }) => type),
      [],
    );
    assert.equal(azure.services.storage.account(paths.account), undefined);
    await azure.arm("PUT", paths.group, { location: "eastus" });
    const vault = `${paths.group}/providers/Microsoft.KeyVault/vaults/kv-arm`;
    assert.deepEqual((await azure.arm("PUT", vault, { location: "eastus" })).body.error.code, "ConflictError");
    await azure.arm("POST", `${sub}/providers/Microsoft.KeyVault/locations/eastus/deletedVaults/kv-arm/purge`);
    assert.equal((await azure.arm("PUT", vault, { location: "eastus" })).status, 201);
  });
});
