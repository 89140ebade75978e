import { Component } from "@pulumi/azure-native/applicationinsights/component.js";
import { Registry } from "@pulumi/azure-native/containerregistry/registry.js";
import { Vault } from "@pulumi/azure-native/keyvault/vault.js";
import { Workspace as LogWorkspace } from "@pulumi/azure-native/operationalinsights/workspace.js";
import { BlobServiceProperties } from "@pulumi/azure-native/storage/blobServiceProperties.js";
import { StorageAccount } from "@pulumi/azure-native/storage/storageAccount.js";
import type * as pulumi from "@pulumi/pulumi";
import { logTo } from "../diagnostics.ts";
import type { AzureNames } from "../names.ts";

/** What the parts of a workspace have in common. */
export interface PartArgs {
  readonly names: AzureNames;
  readonly shared: {
    readonly resourceGroupName: pulumi.Output<string>;
    readonly location: string;
    readonly tags: Record<string, string>;
  };
  /** Whether only those inside the workspace's network reach it. */
  readonly isPrivate: boolean;
  /** Parent, and protection of what cannot be made again. */
  readonly kept: { readonly parent: pulumi.Resource; readonly protect: boolean };
}

/** Where data, models and outputs of jobs lie. No keys; what was deleted or overwritten comes back for two weeks. */
export function createStorageAccount(name: string, { names, shared, isPrivate, kept }: PartArgs): StorageAccount {
  const account = new StorageAccount(
    `${name}-storage`,
    {
      ...shared,
      accountName: names.storageAccount,
      kind: "StorageV2",
      sku: { name: "Standard_LRS" },
      allowBlobPublicAccess: false,
      allowSharedKeyAccess: false,
      enableHttpsTrafficOnly: true,
      minimumTlsVersion: "TLS1_2",
      ...(isPrivate ? closedStorage : {}),
    },
    kept,
  );
  const retention = { enabled: true, days: 14 };
  new BlobServiceProperties(
    `${name}-blobs`,
    {
      resourceGroupName: shared.resourceGroupName,
      accountName: account.name,
      blobServicesName: "default",
      isVersioningEnabled: true,
      deleteRetentionPolicy: retention,
      containerDeleteRetentionPolicy: retention,
    },
    { parent: kept.parent },
  );
  return account;
}

const closedStorage = {
  publicNetworkAccess: "Disabled",
  networkRuleSet: { defaultAction: "Deny", bypass: "AzureServices" },
} as const;

/** Where Azure ML keeps secrets of connections. Rights by roles alone; each use is logged. */
export function createVault(
  name: string,
  { names, shared, isPrivate, kept }: PartArgs,
  { tenantId, purgeProtection, logs }: VaultArgs,
): Vault {
  const vault = new Vault(
    `${name}-vault`,
    {
      ...shared,
      vaultName: names.vault,
      properties: {
        tenantId,
        sku: { family: "A", name: "standard" },
        enableRbacAuthorization: true,
        enableSoftDelete: true,
        softDeleteRetentionInDays: 90,
        ...(purgeProtection ? { enablePurgeProtection: true } : {}),
        ...(isPrivate ? closedVault : {}),
      },
    },
    kept,
  );
  logTo(logs, `${name}-vault-logs`, vault.id, ["AuditEvent"], kept.parent);
  return vault;
}

/** What a vault needs beyond the rest. */
export interface VaultArgs {
  readonly tenantId: pulumi.Output<string>;
  readonly purgeProtection: boolean;
  readonly logs: LogWorkspace;
}

const closedVault = {
  publicNetworkAccess: "disabled",
  networkAcls: { defaultAction: "Deny", bypass: "AzureServices" },
} as const;

/** Images. Only a Premium registry has private endpoints; untagged images go after a month there. */
export function createRegistry(name: string, { names, shared, isPrivate, kept }: PartArgs): Registry {
  return new Registry(
    `${name}-registry`,
    {
      ...shared,
      registryName: names.registry,
      sku: { name: isPrivate ? "Premium" : "Standard" },
      adminUserEnabled: false,
      anonymousPullEnabled: false,
      ...(isPrivate ? closedRegistry : {}),
    },
    kept,
  );
}

const closedRegistry = {
  publicNetworkAccess: "Disabled",
  networkRuleBypassOptions: "AzureServices",
  policies: { retentionPolicy: { status: "enabled", days: 30 } },
} as const;

/** Logs of a month, and application insights on top of them. */
export function createLogs(
  name: string,
  { names, shared, kept }: PartArgs,
): { logs: LogWorkspace; insights: Component } {
  const logs = new LogWorkspace(
    `${name}-logs`,
    { ...shared, workspaceName: names.logs, sku: { name: "PerGB2018" }, retentionInDays: 30 },
    kept,
  );
  const insights = new Component(
    `${name}-insights`,
    { ...shared, resourceName: names.insights, applicationType: "web", kind: "web", workspaceResourceId: logs.id },
    { parent: kept.parent },
  );
  return { logs, insights };
}
