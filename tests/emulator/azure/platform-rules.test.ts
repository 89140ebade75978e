import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type AzureHome, createAzureHome, createWorkspace, type WorkspacePaths } from "../../support/azure.ts";

/** What Azure refuses beside Azure ML: networks, vaults, registries, logs, autoscale. */
describe("Azure's platform", () => {
  let azure: AzureHome;
  let paths: WorkspacePaths;
  const id = (type: string, name: string) => `${paths.group}/providers/${type}/${name}`;
  const network = () => id("Microsoft.Network/virtualNetworks", "vnet");
  const registry = () => id("Microsoft.ContainerRegistry/registries", "crrules");
  const vault = () => id("Microsoft.KeyVault/vaults", "kv-rules2");
  const logs = () => id("Microsoft.OperationalInsights/workspaces", "logs");
  const subnet = (name = "inside", prefix = "10.1.0.0/27") => ({ name, properties: { addressPrefix: prefix } });
  const networked = (...subnets: object[]) => ({
    location: "eastus",
    properties: { addressSpace: { addressPrefixes: ["10.1.0.0/24"] }, subnets },
  });
  const connection = (target: string, group: string, subnetName = "inside") => ({
    location: "eastus",
    properties: {
      subnet: { id: `${network()}/subnets/${subnetName}` },
      privateLinkServiceConnections: [{ name: "to", properties: { privateLinkServiceId: target, groupIds: [group] } }],
    },
  });
  const endpoint = (name: string) => id("Microsoft.Network/privateEndpoints", name);

  before(async () => {
    azure = await createAzureHome();
    paths = await createWorkspace(azure, "rules");
    await azure.arm("PUT", network(), networked(subnet()));
    await azure.arm("PUT", registry(), { location: "eastus", sku: { name: "Standard" } });
    await azure.arm("PUT", logs(), { location: "eastus" });
    const properties = { enablePurgeProtection: true };
    await azure.arm("PUT", vault(), { location: "eastus", properties });
  });
  after(() => azure.home.remove());

  const REFUSED: readonly [string, () => readonly [string, object], number, string, RegExp][] = [
    [
      "a subnet outside its network",
      () => [network(), networked(subnet("far", "10.2.0.0/27"))],
      400,
      "NetcfgInvalidSubnet",
      /'far' is not valid/,
    ],
    [
      "an address range that is none",
      () => [network(), networked(subnet("odd", "10.1.0.0/33"))],
      400,
      "InvalidRequestContent",
      /subnets\.0\.properties\.addressPrefix/,
    ],
    [
      "a private endpoint in a subnet that is not there",
      () => [endpoint("one"), connection(paths.workspace, "amlworkspace", "none")],
      400,
      "InvalidResourceReference",
      /subnets\/none/,
    ],
    [
      "a private endpoint of a resource that is not there",
      () => [endpoint("one"), connection(id("Microsoft.KeyVault/vaults", "none"), "vault")],
      400,
      "InvalidResourceReference",
      /vaults\/none/,
    ],
    [
      "a private endpoint for a group that the resource does not have",
      () => [endpoint("one"), connection(paths.workspace, "blob")],
      400,
      "PrivateEndpointInvalidGroupId",
      /amlworkspace can be had/,
    ],
    [
      "a private endpoint of a registry that is not Premium",
      () => [endpoint("one"), connection(registry(), "registry")],
      400,
      "FeatureNotSupported",
      /'crrules' is Standard/,
    ],
    [
      "a closed registry that is not Premium",
      () => [
        registry(),
        { location: "eastus", sku: { name: "Standard" }, properties: { publicNetworkAccess: "Disabled" } },
      ],
      400,
      "FeatureNotSupported",
      /SKU Premium/,
    ],
    [
      "a private zone that is somewhere",
      () => [id("Microsoft.Network/privateDnsZones", "privatelink.azurecr.io"), { location: "eastus" }],
      400,
      "LocationNotAvailableForResourceType",
      /'global'/,
    ],
    [
      "an end of purge protection",
      () => [vault(), { location: "eastus", properties: {} }],
      400,
      "BadRequest",
      /irreversible/,
    ],
    [
      "a soft delete of more than 90 days",
      () => [vault(), { location: "eastus", properties: { softDeleteRetentionInDays: 91 } }],
      400,
      "InvalidRequestContent",
      /softDeleteRetentionInDays/,
    ],
    [
      "a storage account that is open by an unknown word",
      () => [
        id("Microsoft.Storage/storageAccounts", "strules2"),
        { location: "eastus", properties: { networkAcls: { defaultAction: "Maybe" } } },
      ],
      400,
      "InvalidRequestContent",
      /networkAcls\.defaultAction/,
    ],
    [
      "a soft delete without days",
      () => [
        `${id("Microsoft.Storage/storageAccounts", paths.account)}/blobServices/default`,
        { properties: { deleteRetentionPolicy: { enabled: true } } },
      ],
      400,
      "InvalidRequestContent",
      /days must be given/,
    ],
    [
      "a log category that the resource does not write",
      () => [
        `${paths.workspace}/providers/Microsoft.Insights/diagnosticSettings/logs`,
        { properties: { workspaceId: logs(), logs: [{ category: "AuditEvent", enabled: true }] } },
      ],
      400,
      "BadRequest",
      /'AuditEvent' is not supported/,
    ],
    [
      "logs to a workspace that is not there",
      () => [
        `${paths.workspace}/providers/Microsoft.Insights/diagnosticSettings/logs`,
        { properties: { workspaceId: `${logs()}x`, logs: [{ category: "RunEvent", enabled: true }] } },
      ],
      404,
      "ResourceNotFound",
      /logsx/,
    ],
    [
      "autoscale of a deployment that is not there",
      () => [
        id("Microsoft.Insights/autoscaleSettings", "a"),
        {
          location: "eastus",
          properties: {
            targetResourceUri: `${paths.workspace}/onlineEndpoints/e/deployments/d`,
            profiles: [{ name: "p", capacity: { minimum: "1", maximum: "2", default: "1" }, rules: [] }],
          },
        },
      ],
      400,
      "BadRequest",
      /is no deployment that exists/,
    ],
    [
      "nodes without public addresses in no network",
      () => [
        `${paths.workspace}/computes/nodes`,
        {
          location: "eastus",
          properties: {
            computeType: "AmlCompute",
            properties: { vmSize: "S", enableNodePublicIp: false, scaleSettings: { maxNodeCount: 1 } },
          },
        },
      ],
      400,
      "BadArgument",
      /neither a subnet nor a workspace with a managed network/,
    ],
  ];
  for (const [what, request, status, code, message] of REFUSED) {
    it(`refuses ${what} with ${code}`, async () => {
      const [path, body] = request();
      const answer = await azure.arm("PUT", path, body);
      assert.deepEqual([answer.status, answer.body.error.code], [status, code], answer.body.error.message);
      assert.match(answer.body.error.message, message);
    });
  }

  it("keeps a network that a private endpoint is in", async () => {
    assert.equal((await azure.arm("PUT", endpoint("in"), connection(paths.workspace, "amlworkspace"))).status, 201);
    assert.equal((await azure.arm("DELETE", network())).body.error.code, "InUseSubnetCannotBeDeleted");
    await azure.arm("DELETE", endpoint("in"));
    assert.equal((await azure.arm("DELETE", network())).status, 200);
  });

  it("does not purge a vault that is protected against it", async () => {
    await azure.arm("DELETE", vault());
    const deleted = `/subscriptions/${azure.subscription}/providers/Microsoft.KeyVault/locations/eastus/deletedVaults`;
    const { status, body } = await azure.arm("POST", `${deleted}/kv-rules2/purge`);
    assert.deepEqual([status, body.error.code], [400, "DeletedVaultPurge"]);
  });

  it("puts a workspace into a managed network while nothing is in it, and not afterwards", async () => {
    const { body: whole } = await azure.arm("GET", paths.workspace);
    const isolated = (isolationMode: string) => ({
      location: "eastus",
      identity: whole.identity,
      properties: { ...whole.properties, managedNetwork: { isolationMode } },
    });
    const api = `${paths.workspace}/onlineEndpoints/rules-api`;
    await azure.settled("PUT", api, { location: "eastus", properties: { authMode: "Key" } });
    const early = await azure.arm("PUT", paths.workspace, isolated("AllowOnlyApprovedOutbound"));
    assert.match(early.body.error.message, /it has rules-api\. Delete them first/);
    await azure.settled("DELETE", api);
    assert.ok((await azure.settled("PUT", paths.workspace, isolated("AllowOnlyApprovedOutbound"))).status < 300);
    const undone = await azure.arm("PUT", paths.workspace, isolated("Disabled"));
    assert.match(undone.body.error.message, /cannot be disabled/);
  });
});
