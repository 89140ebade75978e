import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Cluster } from "../../components/cluster.ts";
import { workspace } from "./fixtures.ts";
import { only, record, tree } from "./mocks.ts";

const build = (network: "public" | "private" = "public") =>
  new Cluster("cluster", {
    workspace: workspace(network),
    location: "eastus",
    vmSize: "Standard_NC4as_T4_v3",
    minNodes: 0,
    maxNodes: 4,
    idleMinutes: 10,
  });

describe("Cluster", () => {
  it("makes one cluster, which scales to nothing and has no local accounts", async () => {
    const seen = await record(() => build());
    assert.deepEqual(tree(seen), [
      ["ml-delivery:cluster:Cluster", "cluster"],
      ["azure-native:machinelearningservices:Compute", "cluster-compute"],
    ]);
    assert.deepEqual(only(seen, "cluster-compute").inputs, {
      workspaceName: "mlw",
      resourceGroupName: "rg",
      location: "eastus",
      computeName: "gpu-cluster",
      identity: { type: "UserAssigned", userAssignedIdentities: ["identity"] },
      properties: {
        computeType: "AmlCompute",
        disableLocalAuth: true,
        properties: {
          osType: "Linux",
          vmPriority: "Dedicated",
          vmSize: "Standard_NC4as_T4_v3",
          remoteLoginPortPublicAccess: "Disabled",
          scaleSettings: { minNodeCount: 0, maxNodeCount: 4, nodeIdleTimeBeforeScaleDown: "PT10M" },
        },
      },
    });
  });

  it("gives its nodes no public address in a private network", async () => {
    const { properties } = only(await record(() => build("private")), "cluster-compute").inputs.properties;
    assert.equal(properties.enableNodePublicIp, false);
  });
});
