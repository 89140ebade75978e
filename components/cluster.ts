import { Compute } from "@pulumi/azure-native/machinelearningservices/compute.js";
import * as pulumi from "@pulumi/pulumi";
import type { WorkspaceAddress } from "./workspace.ts";

/** Arguments of {@link Cluster}. */
export interface ClusterArgs {
  readonly workspace: WorkspaceAddress;
  readonly location: string;
  /** Size of a node, as `Standard_NC4as_T4_v3`. */
  readonly vmSize: string;
  /** Nodes that stay up without work. */
  readonly minNodes: number;
  readonly maxNodes: number;
  /** Minutes that an idle node is kept. */
  readonly idleMinutes: number;
}

/**
 * The cluster that trains: nodes come up for jobs and go when idle.
 *
 * Cost: nothing while idle with `minNodes` 0; a node hour by size while jobs run (a T4 about $0.53, a V100 about $3.06).
 * Deleting it ends the jobs that run on it and nothing else. A new size replaces it. Nodes have no public address in a
 * private network; elsewhere Azure gives them one, with no port open.
 */
export class Cluster extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:cluster:Cluster";

  /** Name that jobs ask for. */
  readonly computeName: pulumi.Output<string>;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Cluster.type, name, {}, opts);
    const compute = new Compute(
      `${name}-compute`,
      {
        workspaceName: args.workspace.workspaceName,
        resourceGroupName: args.workspace.resourceGroup,
        location: args.location,
        computeName: "gpu-cluster",
        identity: { type: "UserAssigned", userAssignedIdentities: [args.workspace.identityId] },
        properties: {
          computeType: "AmlCompute",
          disableLocalAuth: true,
          properties: {
            osType: "Linux",
            vmPriority: "Dedicated",
            vmSize: args.vmSize,
            remoteLoginPortPublicAccess: "Disabled",
            // Azure refuses nodes without an address where there is neither a subnet nor a managed network.
            ...(args.workspace.network === "private" ? { enableNodePublicIp: false } : {}),
            scaleSettings: {
              minNodeCount: args.minNodes,
              maxNodeCount: args.maxNodes,
              nodeIdleTimeBeforeScaleDown: `PT${args.idleMinutes}M`,
            },
          },
        },
      },
      // Azure keeps the name while the old cluster goes.
      { parent: this, deleteBeforeReplace: true, dependsOn: [...args.workspace.ready] },
    );

    this.computeName = compute.name;
    this.registerOutputs({ computeName: this.computeName });
  }
}
