import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { type ArmClient, ArmError } from "../../../emulator/providers/azure-native/arm-client.ts";
import { azureResource } from "../../../emulator/providers/azure-native/resource.ts";
import { azureKinds } from "../../../emulator/providers/azure-native/table.ts";
import { type Call, Incomplete, type ResourceType } from "../../../emulator/providers/provider.ts";
import { type Properties, unknownValue } from "../../../emulator/providers/values.ts";

const group = "/subscriptions/s/resourceGroups/rg";
const endpointId = `${group}/providers/Microsoft.MachineLearningServices/workspaces/ws/onlineEndpoints/leafs`;
const call: Call = {
  urn: "urn:x",
  session: { settings: {}, say: () => Promise.resolve() },
  deadline: Date.now() + 60_000,
};
const naming = { name: "leafs", seed: Buffer.alloc(32, 0xab) };

describe("an Azure resource", () => {
  let cloud: Map<string, Properties>;
  let asked: string[];
  let failure: ArmError | undefined;

  /** An ARM in a map. */
  const arm: ArmClient = {
    async get(id) {
      asked.push(`GET ${id}`);
      return cloud.get(id);
    },
    async put(id, _version, body, _deadline, accepted) {
      asked.push(`PUT ${id}`);
      const resource = { ...body, id, name: id.split("/").at(-1) ?? "" };
      cloud.set(id, resource);
      accepted?.();
      if (failure !== undefined) throw failure;
      return resource;
    },
    async delete(id) {
      asked.push(`DELETE ${id}`);
      cloud.delete(id);
    },
    post: () => Promise.reject(new Error("not asked for")),
    token: () => Promise.reject(new Error("not asked for")),
    close: () => Promise.resolve(),
  };
  const type = (name: string): ResourceType => {
    const kind = azureKinds[`azure-native:${name}`];
    assert.ok(kind);
    return azureResource(kind, { arm: () => arm, subscriptionId: () => "s" });
  };
  const endpoint = () => type("machinelearningservices:OnlineEndpoint");
  const inputs: Properties = {
    azureApiVersion: "2025-12-01",
    resourceGroupName: "rg",
    workspaceName: "ws",
    endpointName: "leafs",
    location: "eastus",
    properties: { authMode: "Key" },
  };

  beforeEach(() => {
    cloud = new Map([[group, { location: "westeurope" }]]);
    asked = [];
    failure = undefined;
  });

  it("gets a name from the engine's seed, which stays with it", async () => {
    const program = { resourceGroupName: "rg", workspaceName: "ws", properties: {}, location: "eastus" };
    const { inputs: first } = await endpoint().check(program, undefined, naming, call);
    assert.equal(first["endpointName"], "leafsabababab");
    assert.equal(first["__createBeforeDelete"], true);
    const { inputs: second } = await endpoint().check(program, first, { name: "leafs", seed: Buffer.alloc(32) }, call);
    assert.deepEqual(second, first);
    assert.equal(endpoint().deleteBeforeReplace(first, first), false);
    assert.equal(endpoint().deleteBeforeReplace(inputs, inputs), true);
  });

  it("takes its location from config, else from its resource group, and waits for an unknown group", async () => {
    const program = { resourceGroupName: "rg", workspaceName: "ws", endpointName: "e", properties: {} };
    const location = async (given: Properties, settings: Properties) =>
      (await endpoint().check(given, undefined, naming, { ...call, session: { ...call.session, settings } })).inputs[
        "location"
      ];
    assert.equal(await location(program, { location: "eastus" }), "eastus");
    assert.equal(await location(program, {}), "westeurope");
    assert.equal(await location({ ...program, resourceGroupName: unknownValue }, {}), unknownValue);
  });

  it("previews inputs, with unknowns where only Azure can tell, and asks nobody", () => {
    const outputs = endpoint().preview(inputs, undefined);
    assert.deepEqual(outputs["properties"], {
      authMode: "Key",
      scoringUri: unknownValue,
      swaggerUri: unknownValue,
      provisioningState: unknownValue,
    });
    assert.equal(outputs["name"], unknownValue);
    assert.equal(outputs["endpointName"], undefined);
    assert.deepEqual(asked, []);
  });

  it("keeps its name and location known in the preview of an update", () => {
    const known = { id: endpointId, inputs, outputs: { name: "leafs", location: "eastus" } };
    const outputs = endpoint().preview({ ...inputs, location: unknownValue }, known);
    assert.deepEqual([outputs["name"], outputs["location"]], ["leafs", "eastus"]);
  });

  it("is not created over one that is there", async () => {
    cloud.set(endpointId, { properties: {} });
    await assert.rejects(endpoint().create(inputs, call), {
      message: /^cannot create already existing resource '\/subscriptions/,
    });
    assert.deepEqual(asked, [`GET ${endpointId}`]);
  });

  it("keeps the traffic that another resource set, and takes its own word where it says one", async () => {
    const known = { id: endpointId, inputs, outputs: {} };
    cloud.set(endpointId, { properties: { authMode: "Key", traffic: { blue: 90 }, mirrorTraffic: { green: 10 } } });
    await endpoint().update(known, { ...inputs, tags: { a: "1" } }, call);
    assert.deepEqual(cloud.get(endpointId)?.["properties"], {
      authMode: "Key",
      traffic: { blue: 90 },
      mirrorTraffic: { green: 10 },
    });
    await endpoint().update(known, { ...inputs, properties: { authMode: "Key", traffic: { blue: 0 } } }, call);
    assert.deepEqual(cloud.get(endpointId)?.["properties"], {
      authMode: "Key",
      traffic: { blue: 0 },
      mirrorTraffic: { green: 10 },
    });
  });

  it("shows no drift for traffic it never set, and shows its own", async () => {
    cloud.set(endpointId, { location: "East US", properties: { authMode: "Key", traffic: { blue: 90 } } });
    const own = { ...inputs, properties: { authMode: "AADToken", traffic: { blue: 100 } } };
    const read = async (state: Properties) =>
      (await endpoint().read({ id: endpointId, inputs: state, outputs: {} }, call))?.inputs;
    assert.deepEqual(await read(inputs), inputs);
    assert.deepEqual(await read(own), { ...inputs, properties: { authMode: "Key", traffic: { blue: 90 } } });
  });

  it("is imported by its id alone, without what only Azure can tell", async () => {
    cloud.set(endpointId, {
      id: endpointId,
      name: "leafs",
      location: "eastus",
      properties: { authMode: "Key", scoringUri: "u" },
    });
    const found = await endpoint().read({ id: endpointId, inputs: {}, outputs: {} }, call);
    assert.deepEqual(found?.inputs, inputs);
  });

  it("that has gone reads as gone", async () => {
    assert.equal(await endpoint().read({ id: endpointId, inputs, outputs: {} }, call), undefined);
  });

  it("that Azure accepted and then failed is kept, with Azure's code and words", async () => {
    failure = new ArmError(200, "OutOfQuota", "not enough cores");
    const error: unknown = await endpoint()
      .create(inputs, call)
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof Incomplete);
    assert.equal(error.message, 'Status=200 Code="OutOfQuota" Message="not enough cores"');
    assert.equal(error.found.id, endpointId);
    assert.deepEqual(error.found.inputs, inputs);
  });

  it("has a role assignment named by a UUID, in the scope's own path", async () => {
    const program = { scope: group, principalId: "p", principalType: "ServicePrincipal", roleDefinitionId: "r" };
    const { inputs: checked } = await type("authorization:RoleAssignment").check(program, undefined, naming, call);
    assert.equal(checked["roleAssignmentName"], "abababab-abab-abab-abab-abababababab");
    const { id } = await type("authorization:RoleAssignment").create(checked, call);
    assert.equal(id, `${group}/providers/Microsoft.Authorization/roleAssignments/abababab-abab-abab-abab-abababababab`);
  });

  it("puts back the defaults of what comes with its parent, and leaves all under it", async () => {
    const blobs = type("storage:BlobServiceProperties");
    const id = `${group}/providers/Microsoft.Storage/storageAccounts/a/blobServices/default`;
    const inputs = {
      resourceGroupName: "rg",
      accountName: "a",
      blobServicesName: "default",
      isVersioningEnabled: true,
    };
    cloud.set(id, { id, name: "default", properties: {} });
    await blobs.create(inputs, call);
    assert.deepEqual(cloud.get(id)?.["properties"], { isVersioningEnabled: true });
    asked = [];
    await blobs.delete({ id, inputs, outputs: {} }, call);
    assert.deepEqual(asked, [`GET ${id}`, `PUT ${id}`]);
    assert.deepEqual(cloud.get(id)?.["properties"], {});
    cloud.delete(id);
    await blobs.delete({ id, inputs, outputs: {} }, call);
    assert.equal(cloud.has(id), false);
  });
});
