import { type AzureKind, azureKind } from "./kinds.ts";
import { machineLearning } from "./table-machine-learning.ts";
import { monitor } from "./table-monitor.ts";
import { network } from "./table-network.ts";

/** Flat inputs of Application Insights carry names of another age in ARM. */
const componentNames = {
  applicationType: "Application_Type",
  flowType: "Flow_Type",
  requestSource: "Request_Source",
  workspaceResourceId: "WorkspaceResourceId",
  ingestionMode: "IngestionMode",
  retentionInDays: "RetentionInDays",
  samplingPercentage: "SamplingPercentage",
  disableIpMasking: "DisableIpMasking",
  disableLocalAuth: "DisableLocalAuth",
  forceCustomerStorageForProfiler: "ForceCustomerStorageForProfiler",
  immediatePurgeDataOn30Days: "ImmediatePurgeDataOn30Days",
  hockeyAppId: "HockeyAppId",
  hockeyAppToken: "HockeyAppToken",
  instrumentationKey: "InstrumentationKey",
  connectionString: "ConnectionString",
  appId: "AppId",
  applicationId: "ApplicationId",
  tenantId: "TenantId",
  creationDate: "CreationDate",
  laMigrationDate: "LaMigrationDate",
};

const identityPath = "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}";

/** Every resource type of `azure-native` that the emulator offers. To add one, add a row. */
export const azureKinds: Readonly<Record<string, AzureKind>> = {
  ...machineLearning,
  ...monitor,
  ...network,
  "azure-native:resources:ResourceGroup": azureKind({
    path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
    apiVersion: "2024-03-01",
    computed: ["properties"],
  }),
  "azure-native:storage:StorageAccount": azureKind({
    path: "Microsoft.Storage/storageAccounts/{accountName}",
    apiVersion: "2024-01-01",
    body: "flat",
    renames: {
      enableHttpsTrafficOnly: "supportsHttpsTrafficOnly",
      enableNfsV3: "isNfsV3Enabled",
      networkRuleSet: "networkAcls",
    },
    computed: ["creationTime", "primaryEndpoints", "primaryLocation", "provisioningState", "statusOfPrimary"],
    replaceOn: ["isHnsEnabled", "enableNfsV3", "kind"],
  }),
  "azure-native:storage:BlobContainer": azureKind({
    path: "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}",
    apiVersion: "2024-01-01",
    body: "flat",
    envelope: [],
    maps: ["metadata"],
    computed: ["etag", "lastModifiedTime", "leaseState", "leaseStatus", "hasImmutabilityPolicy", "hasLegalHold"],
  }),
  "azure-native:storage:BlobServiceProperties": azureKind({
    path: "Microsoft.Storage/storageAccounts/{accountName}/blobServices/{blobServicesName}",
    apiVersion: "2024-01-01",
    body: "flat",
    envelope: [],
    computed: ["sku"],
    comesWithParent: true,
  }),
  "azure-native:keyvault:Vault": azureKind({
    path: "Microsoft.KeyVault/vaults/{vaultName}",
    apiVersion: "2024-11-01",
    computed: ["properties.vaultUri", "properties.provisioningState"],
    replaceOn: ["properties.tenantId"],
  }),
  "azure-native:operationalinsights:Workspace": azureKind({
    path: "Microsoft.OperationalInsights/workspaces/{workspaceName}",
    apiVersion: "2023-09-01",
    body: "flat",
    // Unlike its neighbours, this one has its SKU inside `properties`.
    envelope: ["location", "tags", "identity", "etag"],
    computed: ["customerId", "createdDate", "modifiedDate", "provisioningState"],
  }),
  "azure-native:applicationinsights:Component": azureKind({
    path: "Microsoft.Insights/components/{resourceName}",
    apiVersion: "2020-02-02",
    body: "flat",
    envelope: ["location", "tags", "kind", "etag"],
    renames: componentNames,
    computed: [
      "appId",
      "applicationId",
      "connectionString",
      "creationDate",
      "instrumentationKey",
      "provisioningState",
      "tenantId",
    ],
  }),
  "azure-native:containerregistry:Registry": azureKind({
    path: "Microsoft.ContainerRegistry/registries/{registryName}",
    apiVersion: "2023-01-01-preview",
    body: "flat",
    computed: ["creationDate", "loginServer", "provisioningState"],
  }),
  "azure-native:managedidentity:UserAssignedIdentity": azureKind({
    path: identityPath,
    apiVersion: "2023-01-31",
    body: "flat",
    envelope: ["location", "tags"],
    computed: ["clientId", "principalId", "tenantId"],
  }),
  "azure-native:managedidentity:FederatedIdentityCredential": azureKind({
    path: `${identityPath}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}`,
    apiVersion: "2023-01-31",
    body: "flat",
    envelope: [],
  }),
  "azure-native:authorization:RoleAssignment": azureKind({
    path: "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    apiVersion: "2022-04-01",
    autoname: { input: "roleAssignmentName", as: "uuid" },
    body: "flat",
    envelope: [],
    replaceOn: ["principalId", "principalType", "roleDefinitionId", "delegatedManagedIdentityResourceId"],
    computed: ["createdBy", "createdOn", "updatedBy", "updatedOn"],
  }),
  "azure-native:authorization:RoleDefinition": azureKind({
    path: "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
    apiVersion: "2022-05-01-preview",
    autoname: { input: "roleDefinitionId", as: "uuid" },
    body: "flat",
    envelope: [],
    // ARM calls the kind of role `type`; `type` beside `properties` is the resource's own.
    renames: { roleType: "type" },
    computed: ["createdBy", "createdOn", "updatedBy", "updatedOn"],
  }),
};
