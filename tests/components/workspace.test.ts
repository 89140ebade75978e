import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Workspace, type WorkspaceArgs } from "../../components/workspace.ts";
import { scope, tags } from "./fixtures.ts";
import { only, record, subscription, tenant, tree } from "./mocks.ts";

const build = (args: Partial<WorkspaceArgs> = {}) => {
  const all = {
    scope,
    location: "eastus",
    protect: true,
    network: "public" as const,
    addressSpace: "10.40.0.0/24",
    purgeProtection: false,
  };
  return () => new Workspace("workspace", { ...all, ...args });
};
const shared = { resourceGroupName: "rg-plants-staging", location: "eastus", tags };
const id = (name: string, group = "rg-plants-staging") =>
  `/subscriptions/${subscription}/resourceGroups/${group}/mock/${name}`;

describe("Workspace", () => {
  it("makes a workspace, what it needs and the rights of two identities, and nothing else", async () => {
    assert.deepEqual(tree(await record(build())), [
      ["ml-delivery:workspace:Workspace", "workspace"],
      ["azure-native:storage:BlobServiceProperties", "workspace-blobs"],
      ["azure-native:authorization:RoleAssignment", "workspace-compute-may-pull-images"],
      ["azure-native:authorization:RoleAssignment", "workspace-compute-may-use-data"],
      ["azure-native:authorization:RoleAssignment", "workspace-compute-may-write-logs"],
      ["azure-native:resources:ResourceGroup", "workspace-group"],
      ["azure-native:managedidentity:UserAssignedIdentity", "workspace-identity"],
      ["azure-native:applicationinsights:Component", "workspace-insights"],
      ["azure-native:managedidentity:UserAssignedIdentity", "workspace-itself"],
      ["azure-native:operationalinsights:Workspace", "workspace-logs"],
      ["azure-native:authorization:RoleAssignment", "workspace-may-keep-secrets"],
      ["azure-native:authorization:RoleAssignment", "workspace-may-manage-insights"],
      ["azure-native:authorization:RoleAssignment", "workspace-may-manage-registry"],
      ["azure-native:authorization:RoleAssignment", "workspace-may-manage-storage"],
      ["azure-native:authorization:RoleAssignment", "workspace-may-manage-vault"],
      ["azure-native:authorization:RoleAssignment", "workspace-may-show-data"],
      ["azure-native:machinelearningservices:Workspace", "workspace-ml"],
      ["azure-native:monitor:DiagnosticSetting", "workspace-ml-logs"],
      ["azure-native:containerregistry:Registry", "workspace-registry"],
      ["azure-native:storage:StorageAccount", "workspace-storage"],
      ["azure-native:keyvault:Vault", "workspace-vault"],
      ["azure-native:monitor:DiagnosticSetting", "workspace-vault-logs"],
    ]);
  });

  it("joins the workspace to its parts, and reaches data as itself", async () => {
    assert.deepEqual(only(await record(build()), "workspace-ml").inputs, {
      ...shared,
      workspaceName: "mlw-plants-staging",
      identity: { type: "UserAssigned", userAssignedIdentities: [id("workspace-itself")] },
      primaryUserAssignedIdentity: id("workspace-itself"),
      storageAccount: id("workspace-storage"),
      keyVault: id("workspace-vault"),
      applicationInsights: id("workspace-insights"),
      containerRegistry: id("workspace-registry"),
      systemDatastoresAuthMode: "Identity",
      v1LegacyMode: false,
      publicNetworkAccess: "Enabled",
      allowPublicAccessWhenBehindVnet: false,
    });
  });

  it("closes storage to keys, to the public and to old TLS, and brings back what was deleted", async () => {
    const seen = await record(build());
    const { inputs } = only(seen, "workspace-storage");
    assert.match(inputs.accountName, /^[a-z0-9]{3,24}$/);
    assert.deepEqual(inputs, {
      ...shared,
      accountName: inputs.accountName,
      kind: "StorageV2",
      sku: { name: "Standard_LRS" },
      allowBlobPublicAccess: false,
      allowSharedKeyAccess: false,
      enableHttpsTrafficOnly: true,
      minimumTlsVersion: "TLS1_2",
    });
    const { deleteRetentionPolicy, containerDeleteRetentionPolicy, isVersioningEnabled } = only(
      seen,
      "workspace-blobs",
    ).inputs;
    for (const policy of [deleteRetentionPolicy, containerDeleteRetentionPolicy]) {
      assert.deepEqual([policy.enabled, policy.days], [true, 14]);
    }
    assert.equal(isVersioningEnabled, true);
  });

  it("governs the vault by roles, in the tenant of the identity, and keeps what was deleted for 90 days", async () => {
    const { inputs } = only(await record(build()), "workspace-vault");
    assert.deepEqual(inputs.properties, {
      tenantId: tenant,
      sku: { family: "A", name: "standard" },
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      softDeleteRetentionInDays: 90,
      // From here on the SDK's own.
      enabledForDeployment: false,
      enabledForDiskEncryption: false,
      enabledForTemplateDeployment: false,
      publicNetworkAccess: "enabled",
    });
  });

  it("protects the vault against being purged where the config says so", async () => {
    const { properties } = only(await record(build({ purgeProtection: true })), "workspace-vault").inputs;
    assert.equal(properties.enablePurgeProtection, true);
  });

  it("gives the registry no admin user and shows its images to nobody", async () => {
    const { sku, adminUserEnabled, anonymousPullEnabled } = only(await record(build()), "workspace-registry").inputs;
    assert.deepEqual([sku, adminUserEnabled, anonymousPullEnabled], [{ name: "Standard" }, false, false]);
  });

  it("writes down what happens to clusters, jobs, models and secrets", async () => {
    const seen = await record(build());
    const setting = (resource: string, ...categories: string[]) => ({
      resourceUri: id(resource),
      name: "to-logs",
      workspaceId: id("workspace-logs"),
      logs: categories.map((category) => ({ category, enabled: true })),
    });
    assert.deepEqual(
      only(seen, "workspace-ml-logs").inputs,
      setting(
        "workspace-ml",
        "AmlComputeClusterEvent",
        "AmlComputeJobEvent",
        "AmlRunStatusChangedEvent",
        "ModelsChangeEvent",
      ),
    );
    assert.deepEqual(only(seen, "workspace-vault-logs").inputs, setting("workspace-vault", "AuditEvent"));
  });
});

describe("the rights", () => {
  const roles = `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions`;
  const given = async (prefix: string) =>
    (await record(build()))
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, inputs }) => {
        assert.equal(inputs.principalType, "ServicePrincipal");
        assert.ok(inputs.roleDefinitionId.startsWith(`${roles}/`));
        return [name.slice(prefix.length), inputs.roleDefinitionId.slice(roles.length + 1), inputs.scope];
      });
  const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
  const blobDataContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";

  it("of the workspace are those that Microsoft asks for, on its parts and on nothing else", async () => {
    assert.deepEqual(await given("workspace-may-"), [
      ["keep-secrets", "00482a5a-887f-4fb3-b363-3b7fe8e74483", id("workspace-vault")],
      ["manage-insights", contributor, id("workspace-insights")],
      ["manage-registry", contributor, id("workspace-registry")],
      ["manage-storage", contributor, id("workspace-storage")],
      ["manage-vault", contributor, id("workspace-vault")],
      ["show-data", blobDataContributor, id("workspace-storage")],
    ]);
  });

  it("of nodes and deployments end at images and the workspace's own two containers", async () => {
    const containers = `${id("workspace-storage")}/blobServices/default/containers`;
    assert.deepEqual(await given("workspace-compute-may-"), [
      ["pull-images", "7f951dda-4ed3-4680-a7ca-43fe172d538d", id("workspace-registry")],
      ["use-data", blobDataContributor, `${containers}/azureml-blobstore-workspace-guid`],
      ["write-logs", blobDataContributor, `${containers}/azureml`],
    ]);
  });
});

describe("Workspace in a private network", () => {
  const inside = () => record(build({ network: "private" }));

  it("is reached by nobody from outside, and reaches nothing but what Azure ML needs", async () => {
    const seen = await inside();
    const { publicNetworkAccess, managedNetwork } = only(seen, "workspace-ml").inputs;
    assert.deepEqual([publicNetworkAccess, managedNetwork.isolationMode], ["Disabled", "AllowOnlyApprovedOutbound"]);
    const storage = only(seen, "workspace-storage").inputs;
    assert.equal(storage.publicNetworkAccess, "Disabled");
    assert.deepEqual(storage.networkRuleSet, { defaultAction: "Deny", bypass: "AzureServices" });
    const vault = only(seen, "workspace-vault").inputs.properties;
    assert.equal(vault.publicNetworkAccess, "disabled");
    assert.deepEqual(vault.networkAcls, { defaultAction: "Deny", bypass: "AzureServices" });
    const registry = only(seen, "workspace-registry").inputs;
    assert.deepEqual([registry.sku, registry.publicNetworkAccess], [{ name: "Premium" }, "Disabled"]);
  });

  it("has a private endpoint for each part, with its names in a zone that the network asks", async () => {
    const seen = (await inside()).filter(({ name }) => name.startsWith("workspace-network-"));
    const group = ({ inputs }: (typeof seen)[number]) => inputs.privateLinkServiceConnections[0];
    const endpoints = seen.filter(({ type }) => type === "azure-native:network:PrivateEndpoint");
    assert.deepEqual(
      endpoints.map((one) => [one.name, group(one).groupIds, group(one).privateLinkServiceId]),
      [
        ["workspace-network-blob", ["blob"], id("workspace-storage")],
        ["workspace-network-file", ["file"], id("workspace-storage")],
        ["workspace-network-registry", ["registry"], id("workspace-registry")],
        ["workspace-network-vault", ["vault"], id("workspace-vault")],
        ["workspace-network-workspace", ["amlworkspace"], id("workspace-ml")],
      ],
    );
    for (const { inputs } of endpoints) {
      assert.equal(inputs.subnet.id, `${id("workspace-network-vnet")}/subnets/private-endpoints`);
    }
    const zones = seen.filter(({ type }) => type === "azure-native:privatedns:PrivateZone");
    const links = seen.filter(({ type }) => type === "azure-native:privatedns:VirtualNetworkLink");
    const names = [
      "privatelink.api.azureml.ms",
      "privatelink.azurecr.io",
      "privatelink.blob.core.windows.net",
      "privatelink.file.core.windows.net",
      "privatelink.notebooks.azure.net",
      "privatelink.vaultcore.azure.net",
    ];
    assert.deepEqual(zones.map(({ inputs }) => inputs.privateZoneName).sort(), names);
    assert.equal(links.length, names.length);
    for (const { inputs } of links) assert.equal(inputs.virtualNetwork.id, id("workspace-network-vnet"));
    const configs = seen
      .filter(({ type }) => type === "azure-native:network:PrivateDnsZoneGroup")
      .flatMap(({ inputs }) => inputs.privateDnsZoneConfigs);
    assert.equal(configs.length, names.length);
  });

  it("lies in the address range that the config gives", async () => {
    const { addressSpace, subnets, virtualNetworkName } = only(
      await record(build({ network: "private", addressSpace: "10.9.0.0/26" })),
      "workspace-network-vnet",
    ).inputs;
    assert.equal(virtualNetworkName, "vnet-plants-staging");
    assert.deepEqual(addressSpace.addressPrefixes, ["10.9.0.0/26"]);
    assert.deepEqual([subnets[0].name, subnets[0].addressPrefix], ["private-endpoints", "10.9.0.0/26"]);
  });
});
