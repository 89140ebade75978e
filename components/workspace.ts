import { Workspace as MachineLearningWorkspace } from "@pulumi/azure-native/machinelearningservices/workspace.js";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup.js";
import * as pulumi from "@pulumi/pulumi";
import { logTo } from "./diagnostics.ts";
import { azureNames, type Scope, tagsOf } from "./names.ts";
import { PrivateNetwork } from "./network.ts";
import { createLogs, createRegistry, createStorageAccount, createVault } from "./workspace/parts.ts";
import { computeRights, grant, workspaceRights } from "./workspace/rights.ts";

/** What others need to know of a workspace to put something into it. */
export interface WorkspaceAddress {
  /** ARM id of the workspace. */
  readonly workspaceId: pulumi.Output<string>;
  /** Name of the workspace. */
  readonly workspaceName: pulumi.Output<string>;
  /** Name of its resource group. */
  readonly resourceGroup: pulumi.Output<string>;
  /** ARM id of the identity that nodes and deployments act as. */
  readonly identityId: pulumi.Output<string>;
  /** ARM id of the log workspace. */
  readonly logsId: pulumi.Output<string>;
  /** Who may reach what is in it: everybody with a right, or those inside its network with one. */
  readonly network: "public" | "private";
  /** What has to be there before something runs in it: rights, and names in the private network. */
  readonly ready: readonly pulumi.Resource[];
}

/** Arguments of {@link Workspace}. */
export interface WorkspaceArgs {
  readonly scope: Scope;
  /** Azure location, as `eastus`. */
  readonly location: string;
  /** Whether what cannot be made again refuses to be deleted: storage, vault, registry, logs and workspace. */
  readonly protect: boolean;
  /** `private`: reached from a network of its own alone, and its nodes reach nothing else. Decided at creation. */
  readonly network: "public" | "private";
  /** IPv4 range of that network. */
  readonly addressSpace: string;
  /** Whether a deleted vault waits its 90 days, come what may. Cannot be undone. */
  readonly purgeProtection: boolean;
}

/**
 * An Azure ML workspace in a resource group of its own, with what it needs: a storage account, a key vault, logs and
 * application insights, and a container registry. It reaches them as itself, without keys; nodes and deployments act as
 * another identity, which may pull images and use the workspace's containers.
 *
 * Cost: the registry about $20 a month ($50 in a private network, see {@link PrivateNetwork}); the rest by use, little
 * where nothing runs. Deleting it takes down the cluster, the endpoint and all job history with it. Azure keeps the
 * workspace for 14 days and its name blocked.
 */
export class Workspace extends pulumi.ComponentResource implements WorkspaceAddress {
  static readonly type = "ml-delivery:workspace:Workspace";

  readonly workspaceId: pulumi.Output<string>;
  readonly workspaceName: pulumi.Output<string>;
  readonly resourceGroup: pulumi.Output<string>;
  readonly identityId: pulumi.Output<string>;
  readonly logsId: pulumi.Output<string>;
  readonly network: "public" | "private";
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: WorkspaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Workspace.type, name, {}, opts);
    const { scope, location, protect } = args;
    const isPrivate = args.network === "private";
    const names = azureNames(scope);
    const tags = tagsOf(scope);
    const own = { parent: this };
    const kept = { parent: this, protect };

    const group = new ResourceGroup(`${name}-group`, { resourceGroupName: names.resourceGroup, location, tags }, own);
    const shared = { resourceGroupName: group.name, location, tags };
    const part = { names, shared, isPrivate, kept };

    const itself = new UserAssignedIdentity(
      `${name}-itself`,
      { ...shared, resourceName: names.workspaceIdentity },
      own,
    );
    const compute = new UserAssignedIdentity(`${name}-identity`, { ...shared, resourceName: names.identity }, own);
    const storage = createStorageAccount(name, part);
    const { logs, insights } = createLogs(name, part);
    const vault = createVault(name, part, { tenantId: itself.tenantId, purgeProtection: args.purgeProtection, logs });
    const registry = createRegistry(name, part);
    const parts = { storage: storage.id, vault: vault.id, registry: registry.id, insights: insights.id };
    const rights = grant(name, itself, workspaceRights(parts), own);

    const workspace = new MachineLearningWorkspace(
      `${name}-ml`,
      {
        ...shared,
        workspaceName: names.workspace,
        identity: { type: "UserAssigned", userAssignedIdentities: [itself.id] },
        primaryUserAssignedIdentity: itself.id,
        storageAccount: storage.id,
        keyVault: vault.id,
        applicationInsights: insights.id,
        containerRegistry: registry.id,
        systemDatastoresAuthMode: "Identity",
        v1LegacyMode: false,
        publicNetworkAccess: isPrivate ? "Disabled" : "Enabled",
        allowPublicAccessWhenBehindVnet: false,
        ...(isPrivate ? { managedNetwork: { isolationMode: "AllowOnlyApprovedOutbound" } } : {}),
      },
      // Azure ML asks for its rights while the workspace is being made.
      { ...kept, dependsOn: rights },
    );
    logTo(logs, `${name}-ml-logs`, workspace.id, logged, this);
    // Azure ML makes the two containers with the workspace.
    const running = grant(`${name}-compute`, compute, computeRights(parts, workspace.workspaceId), {
      parent: this,
      dependsOn: workspace,
    });
    const targets = {
      workspace: workspace.id,
      blob: storage.id,
      file: storage.id,
      vault: vault.id,
      registry: registry.id,
    };
    const inside = { ...shared, networkName: names.network, addressSpace: args.addressSpace, targets };
    const network = isPrivate ? new PrivateNetwork(`${name}-network`, inside, own) : undefined;

    this.workspaceId = workspace.id;
    this.workspaceName = workspace.name;
    this.resourceGroup = group.name;
    this.identityId = compute.id;
    this.logsId = logs.id;
    this.network = args.network;
    this.ready = [...running, ...(network?.ready ?? [])];
    this.registerOutputs({
      workspaceId: this.workspaceId,
      workspaceName: this.workspaceName,
      resourceGroup: this.resourceGroup,
      identityId: this.identityId,
    });
  }
}

/** What a workspace writes down: what became of clusters, jobs and models. */
const logged = ["AmlComputeClusterEvent", "AmlComputeJobEvent", "AmlRunStatusChangedEvent", "ModelsChangeEvent"];
