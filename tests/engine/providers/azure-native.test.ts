import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { azureKinds } from "../../../emulator/providers/azure-native/table.ts";
import { createProvidersService } from "../../../emulator/providers/service.ts";
import { createServiceHome, type ServiceHome } from "../../support/services.ts";
import { changedLines } from "./support/changes.ts";
import { type FakeArm, startFakeArm } from "./support/fake-arm.ts";
import { createWorkbench, findPulumi, type Workbench } from "./support/workbench.ts";

const pulumi = findPulumi();

/** One resource of every kind in the table, and every function. `text` stands in two of them. */
const program = (text: string) => `
import * as azure from "@pulumi/azure-native";
import * as pulumi from "@pulumi/pulumi";
const group = new azure.resources.ResourceGroup("rg", { resourceGroupName: "rg-one", tags: { purpose: "${text}" } });
const inGroup = { resourceGroupName: group.name };
const storage = new azure.storage.StorageAccount("sa", { ...inGroup, accountName: "storeone", kind: "StorageV2", sku: { name: "Standard_LRS" }, enableHttpsTrafficOnly: true });
new azure.storage.BlobServiceProperties("blobs", { ...inGroup, accountName: storage.name, blobServicesName: "default", isVersioningEnabled: true });
new azure.storage.BlobContainer("container", { ...inGroup, accountName: storage.name, containerName: "data" });
const vault = new azure.keyvault.Vault("vault", { ...inGroup, properties: { tenantId: "t", sku: { family: "A", name: "standard" }, accessPolicies: [] } });
const logs = new azure.operationalinsights.Workspace("logs", { ...inGroup, sku: { name: "PerGB2018" }, retentionInDays: 30 });
const insights = new azure.applicationinsights.Component("insights", { ...inGroup, kind: "web", applicationType: "web", workspaceResourceId: logs.id });
const registry = new azure.containerregistry.Registry("registry", { ...inGroup, registryName: "imagesone", sku: { name: "Basic" } });
const identity = new azure.managedidentity.UserAssignedIdentity("identity", inGroup);
new azure.managedidentity.FederatedIdentityCredential("federated", { ...inGroup, resourceName: identity.name, issuer: "https://token.actions.githubusercontent.com", subject: "s", audiences: ["a"] });
const role = new azure.authorization.RoleDefinition("role", { scope: group.id, roleName: "reader", roleType: "CustomRole", permissions: [{ actions: ["*/read"] }], assignableScopes: [group.id] });
new azure.authorization.RoleAssignment("assignment", { scope: group.id, principalId: "p", principalType: "ServicePrincipal", roleDefinitionId: role.id });
const workspace = new azure.machinelearningservices.Workspace("ws", {
  ...inGroup, workspaceName: "ws-one", description: pulumi.secret("hidden words"), storageAccount: storage.id, keyVault: vault.id, applicationInsights: insights.id,
  containerRegistry: registry.id, identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
});
const inWorkspace = { ...inGroup, workspaceName: workspace.name };
new azure.machinelearningservices.Compute("compute", { ...inWorkspace, computeName: "gpu", properties: { computeType: "AmlCompute", properties: { vmSize: "Standard_NC6s_v3", scaleSettings: { minNodeCount: 0, maxNodeCount: 4 } } } });
new azure.machinelearningservices.Datastore("datastore", { ...inWorkspace, name: "data", properties: { datastoreType: "AzureBlob", accountName: "storeone", containerName: "data", credentials: { credentialsType: "None" } } });
const environments = new azure.machinelearningservices.EnvironmentContainer("environments", { ...inWorkspace, name: "serve", properties: {} });
const environment = new azure.machinelearningservices.EnvironmentVersion("environment", { ...inWorkspace, name: environments.name, version: "1", properties: { image: "plant-classifier:1" } });
const models = new azure.machinelearningservices.ModelContainer("models", { ...inWorkspace, name: "leaf", properties: {} });
const model = new azure.machinelearningservices.ModelVersion("model", { ...inWorkspace, name: models.name, version: "1", properties: { modelUri: "azureml://datastores/data/paths/leaf", modelType: "custom_model" } });
const endpoint = new azure.machinelearningservices.OnlineEndpoint("endpoint", { ...inWorkspace, endpointName: "leafs", properties: { authMode: "Key", description: "${text}" } });
new azure.machinelearningservices.OnlineDeployment("deployment", { ...inWorkspace, endpointName: endpoint.name, deploymentName: "m-1", sku: { name: "Default", capacity: 1 }, properties: { endpointComputeType: "Managed", model: model.id, environmentId: environment.id, instanceType: "Standard_D4as_v4" } });
new azure.monitor.DiagnosticSetting("diagnostics", { resourceUri: endpoint.id, workspaceId: logs.id, logs: [{ category: "AmlOnlineEndpointTrafficLog", enabled: true }] });
new azure.monitor.AutoscaleSetting("autoscale", { ...inGroup, profiles: [], targetResourceUri: endpoint.id });
const actions = new azure.monitor.ActionGroup("actions", { ...inGroup, groupShortName: "ops", enabled: true, location: "global" });
new azure.monitor.MetricAlert("alert", { ...inGroup, location: "global", enabled: true, severity: 2, scopes: [endpoint.id], evaluationFrequency: "PT1M", windowSize: "PT5M", actions: [{ actionGroupId: actions.id }], criteria: { odataType: "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", allOf: [] } });
new azure.monitor.ScheduledQueryRule("query", { ...inGroup, enabled: true, severity: 2, scopes: [logs.id], evaluationFrequency: "PT5M", windowSize: "PT5M", criteria: { allOf: [] } });
new azure.applicationinsights.Workbook("workbook", { ...inGroup, resourceName: "6b1f6c0e-0000-4000-8000-000000000001", displayName: "traffic", category: "workbook", kind: "shared", serializedData: "{}", sourceId: insights.id });
new azure.consumption.Budget("budget", { scope: group.id, category: "Cost", amount: 100, timeGrain: "Monthly", timePeriod: { startDate: "2026-01-01T00:00:00Z" } });
const network = new azure.network.VirtualNetwork("network", { ...inGroup, addressSpace: { addressPrefixes: ["10.0.0.0/24"] }, subnets: [{ name: "endpoints", addressPrefix: "10.0.0.0/26" }] });
const door = new azure.network.PrivateEndpoint("door", { ...inGroup, subnet: { id: pulumi.interpolate\`\${network.id}/subnets/endpoints\` }, privateLinkServiceConnections: [{ name: "ws", privateLinkServiceId: workspace.id, groupIds: ["amlworkspace"] }] });
const zone = new azure.privatedns.PrivateZone("zone", { ...inGroup, location: "global", privateZoneName: "privatelink.api.azureml.ms" });
new azure.privatedns.VirtualNetworkLink("link", { ...inGroup, location: "global", privateZoneName: zone.name, virtualNetwork: { id: network.id }, registrationEnabled: false });
new azure.network.PrivateDnsZoneGroup("names", { ...inGroup, privateEndpointName: door.name, privateDnsZoneConfigs: [{ name: "api", privateDnsZoneId: zone.id }] });
export const scoringUri = endpoint.properties.scoringUri;
export const key = azure.machinelearningservices.listOnlineEndpointKeysOutput({ ...inWorkspace, endpointName: endpoint.name }).primaryKey;
export const storageKeys = azure.storage.listStorageAccountKeysOutput({ ...inGroup, accountName: storage.name });
export const me = azure.authorization.getClientConfigOutput().objectId;
`;

describe("azure-native under the engine", {
  skip: pulumi === undefined && "there is no Pulumi CLI in set-up's cache or on PATH",
}, () => {
  let home: ServiceHome;
  let arm: FakeArm;
  let bench: Workbench;

  before(async () => {
    home = await createServiceHome();
    const [key, cert] = ["key.pem", "cert.pem"].map((file) => readFileSync(join(home.folder, file), "utf8"));
    arm = await startFakeArm({ key: key ?? "", cert: cert ?? "" });
    Object.assign(home.env, arm.env);
    await home.start([createProvidersService()]);
    bench = await createWorkbench(pulumi ?? "", home.env, { "azure-native:location": "eastus" });
    bench.write(program("one"));
  });
  after(async () => {
    bench?.remove();
    await home.remove();
    await arm?.close();
  });

  const endpoint = () => [...arm.resources.values()].find((resource) => resource["name"] === "leafs") ?? assert.fail();

  it("previews every kind and creates nothing", async () => {
    const output = await bench.succeeds("preview");
    assert.match(output, new RegExp(`\\+ ${Object.keys(azureKinds).length + 1} to create`));
    assert.deepEqual(arm.writes, []);
  });

  it("creates every kind, with outputs, and keeps secrets encrypted in state", async () => {
    await bench.succeeds("up", "--yes", "--skip-preview");
    assert.equal(arm.resources.size, Object.keys(azureKinds).length);
    const outputs: unknown = JSON.parse(await bench.succeeds("stack", "output", "--json"));
    assert.deepEqual(outputs, {
      scoringUri: "https://127.0.0.1/leafs/predict",
      key: "[secret]",
      storageKeys: "[secret]",
      me: "object-1",
    });
    const state = await bench.succeeds("stack", "export");
    assert.deepEqual(
      ["hidden words", "key-one"].filter((words) => state.includes(words)),
      [],
    );
    const workspace = [...arm.resources.values()].find((resource) =>
      String(resource["id"]).endsWith("/workspaces/ws-one"),
    );
    assert.equal(workspace?.properties?.["description"], "hidden words");
  });

  it("finds nothing to do the second time, in state and in the cloud", async () => {
    await bench.succeeds("preview", "--refresh", "--expect-no-changes");
  });

  it("shows exactly what changed, and updates in place without touching traffic", async () => {
    bench.write(program("two"));
    assert.deepEqual(changedLines(await bench.succeeds("preview", "--diff")), [
      "~ azure-native:resources:ResourceGroup: (update)",
      "~ tags: {",
      '~ purpose: "one" => "two"',
      "~ azure-native:machinelearningservices:OnlineEndpoint: (update)",
      "~ properties: {",
      '~ description: "one" => "two"',
    ]);
    const live = endpoint();
    live.properties = { ...live.properties, traffic: { "m-1": 100 } };
    await bench.succeeds("up", "--yes", "--skip-preview");
    assert.deepEqual(
      [endpoint().properties?.["description"], endpoint().properties?.["traffic"]],
      ["two", { "m-1": 100 }],
    );
  });

  it("shows what somebody changed behind the engine's back", async () => {
    const live = endpoint();
    live.properties = { ...live.properties, description: "drifted" };
    const lines = changedLines(await bench.succeeds("preview", "--refresh", "--diff"));
    assert.ok(lines.includes('~ description: "drifted" => "two"'), lines.join("\n"));
    assert.equal(
      lines.some((line) => line.includes("traffic")),
      false,
    );
  });

  it("reports what Azure refused, keeps what stands there, and mends it", async () => {
    arm.failNext("/onlineEndpoints/leafs", "OutOfQuota", "not enough cores");
    bench.write(program("three"));
    const failed = await bench.pulumi("up", "--yes", "--skip-preview");
    assert.notEqual(failed.code, 0);
    assert.match(failed.stdout, /Status=200 Code="OutOfQuota" Message="not enough cores"/);
    await bench.succeeds("up", "--yes", "--skip-preview");
    assert.equal(endpoint().properties?.["description"], "three");
  });

  it("imports a resource by its id", async () => {
    const id = String(endpoint()["id"]).replace("/leafs", "/other");
    arm.resources.set(id.toLowerCase(), {
      id,
      name: "other",
      location: "eastus",
      properties: { authMode: "Key", scoringUri: "u" },
    });
    const output = await bench.succeeds(
      ...[
        "import",
        "azure-native:machinelearningservices:OnlineEndpoint",
        "other",
        id,
        "--yes",
        "--protect=false",
        "--generate-code=false",
      ],
    );
    assert.match(output, /1 imported/);
  });

  it("destroys everything", async () => {
    await bench.succeeds("destroy", "--yes", "--skip-preview");
    assert.deepEqual([...arm.resources.keys()], []);
  });
});
