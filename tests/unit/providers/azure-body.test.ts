import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { idOf, namesIn, toBody, toInputs, toOutputs } from "../../../emulator/providers/azure-native/body.ts";
import type { AzureKind } from "../../../emulator/providers/azure-native/kinds.ts";
import { azureKinds } from "../../../emulator/providers/azure-native/table.ts";

function kind(name: string): AzureKind {
  const found = azureKinds[`azure-native:${name}`];
  assert.ok(found, name);
  return found;
}

const subscription = "00000000-0000-0000-0000-000000000001";

describe("an Azure resource's id", () => {
  it("is the path with the names filled in", () => {
    const names = { resourceGroupName: "rg", workspaceName: "ws", endpointName: "leafs", deploymentName: "m-1" };
    assert.equal(
      idOf(kind("machinelearningservices:OnlineDeployment"), names, subscription),
      `/subscriptions/${subscription}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws/onlineEndpoints/leafs/deployments/m-1`,
    );
  });

  it("gives the names back, for every kind", () => {
    for (const [token, row] of Object.entries(azureKinds)) {
      const names = Object.fromEntries(
        [...row.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [
          name,
          name === "scope" || name === "resourceUri" ? "/subscriptions/s/resourceGroups/rg" : `the-${name}`,
        ]),
      );
      const { subscriptionId: _, ...expected } = names;
      assert.deepEqual(namesIn(row, idOf(row, names, subscription)), expected, token);
    }
  });

  it("is refused while a name is missing, and named", () => {
    assert.throws(() => idOf(kind("resources:ResourceGroup"), {}, subscription), /`resourceGroupName` is needed/);
  });

  it("of another kind is refused", () => {
    assert.throws(() => namesIn(kind("keyvault:Vault"), "/subscriptions/s/resourceGroups/rg"), /is not of the form/);
  });
});

describe("an Azure resource's JSON", () => {
  it("keeps the SDK's `properties` where it has them, without the names in the path", () => {
    const inputs = {
      resourceGroupName: "rg",
      workspaceName: "ws",
      endpointName: "e",
      location: "eastus",
      azureApiVersion: "v",
      properties: { authMode: "Key" },
    };
    assert.deepEqual(toBody(kind("machinelearningservices:OnlineEndpoint"), inputs), {
      location: "eastus",
      properties: { authMode: "Key" },
    });
  });

  it("puts flat inputs under `properties`, by ARM's names, and takes outputs from there", () => {
    const component = kind("applicationinsights:Component");
    const inputs = {
      resourceGroupName: "rg",
      resourceName: "c",
      kind: "web",
      applicationType: "web",
      workspaceResourceId: "/w",
    };
    const body = toBody(component, inputs);
    assert.deepEqual(body, { kind: "web", properties: { Application_Type: "web", WorkspaceResourceId: "/w" } });
    const resource = { ...body, id: "/x", name: "c", properties: { Application_Type: "web", InstrumentationKey: "k" } };
    const outputs = {
      applicationType: "web",
      instrumentationKey: "k",
      kind: "web",
      name: "c",
      azureApiVersion: "2020-02-02",
    };
    assert.deepEqual(toOutputs(component, resource), outputs);
  });

  it("has identities as a map, which inputs list", () => {
    const workspace = kind("machinelearningservices:Workspace");
    const inputs = { identity: { type: "UserAssigned", userAssignedIdentities: ["/a", "/b"] } };
    const body = { identity: { type: "UserAssigned", userAssignedIdentities: { "/a": {}, "/b": {} } }, properties: {} };
    assert.deepEqual(toBody(workspace, inputs), body);
    assert.deepEqual(toInputs(workspace, body), inputs);
  });

  it("spells `odata.type` as ARM does, at any depth", () => {
    const alert = kind("monitor:MetricAlert");
    const inputs = { severity: 2, criteria: { odataType: "T", allOf: [{ odataType: "U" }] } };
    const body = { properties: { severity: 2, criteria: { "odata.type": "T", allOf: [{ "odata.type": "U" }] } } };
    assert.deepEqual(toBody(alert, inputs), body);
    assert.deepEqual(toInputs(alert, body), inputs);
  });
});
