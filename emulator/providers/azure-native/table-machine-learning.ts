import { type AzureKind, azureKind } from "./kinds.ts";

const apiVersion = "2025-12-01";
const workspace = "Microsoft.MachineLearningServices/workspaces/{workspaceName}";
const endpoint = `${workspace}/onlineEndpoints/{endpointName}`;

/** What Azure ML calls an asset: a child of the workspace with `properties` alone. */
const asset = { apiVersion, envelope: [], maps: ["properties.tags", "properties.properties"] };

/** Rows for Microsoft.MachineLearningServices. */
export const machineLearning: Readonly<Record<string, AzureKind>> = {
  "azure-native:machinelearningservices:Workspace": azureKind({
    path: workspace,
    apiVersion,
    body: "flat",
    computed: ["discoveryUrl", "mlFlowTrackingUri", "notebookInfo", "provisioningState", "tenantId", "workspaceId"],
    replaceOn: ["hbiWorkspace", "kind", "storageAccount", "keyVault", "encryption", "hubResourceId"],
  }),
  "azure-native:machinelearningservices:Compute": azureKind({
    path: `${workspace}/computes/{computeName}`,
    apiVersion,
    computed: ["properties.provisioningState", "properties.createdOn", "properties.modifiedOn"],
    replaceOn: [
      "properties.computeType",
      "properties.computeLocation",
      "properties.properties.vmSize",
      "properties.properties.vmPriority",
      "properties.properties.osType",
      "properties.properties.subnet",
      "properties.properties.remoteLoginPortPublicAccess",
      "properties.properties.enableNodePublicIp",
      "properties.properties.isolatedNetwork",
    ],
    writeOnly: ["properties.properties.userAccountCredentials"],
  }),
  "azure-native:machinelearningservices:EnvironmentContainer": azureKind({
    ...asset,
    path: `${workspace}/environments/{name}`,
    computed: ["properties.latestVersion", "properties.nextVersion", "properties.provisioningState"],
  }),
  "azure-native:machinelearningservices:EnvironmentVersion": azureKind({
    ...asset,
    path: `${workspace}/environments/{name}/versions/{version}`,
    computed: ["properties.environmentType", "properties.provisioningState"],
    // A version is what it is: another image or another recipe is another version.
    replaceOn: ["properties.image", "properties.condaFile", "properties.build"],
  }),
  "azure-native:machinelearningservices:ModelContainer": azureKind({
    ...asset,
    path: `${workspace}/models/{name}`,
    computed: ["properties.latestVersion", "properties.nextVersion", "properties.provisioningState"],
  }),
  "azure-native:machinelearningservices:ModelVersion": azureKind({
    ...asset,
    path: `${workspace}/models/{name}/versions/{version}`,
    computed: ["properties.provisioningState"],
    replaceOn: ["properties.modelUri", "properties.modelType"],
  }),
  "azure-native:machinelearningservices:Datastore": azureKind({
    ...asset,
    path: `${workspace}/datastores/{name}`,
    computed: ["properties.isDefault"],
    writeOnly: ["properties.credentials", "skipValidation"],
    replaceOn: ["properties.datastoreType"],
  }),
  "azure-native:machinelearningservices:OnlineEndpoint": azureKind({
    path: endpoint,
    apiVersion,
    computed: ["properties.scoringUri", "properties.swaggerUri", "properties.provisioningState"],
    maps: ["properties.traffic", "properties.mirrorTraffic", "properties.properties"],
    writeOnly: ["properties.keys"],
    replaceOn: ["properties.compute"],
    kept: ["properties.traffic", "properties.mirrorTraffic"],
  }),
  "azure-native:machinelearningservices:OnlineDeployment": azureKind({
    path: `${endpoint}/deployments/{deploymentName}`,
    apiVersion,
    computed: ["properties.provisioningState"],
    maps: ["properties.environmentVariables", "properties.properties", "properties.dataCollector.collections"],
    replaceOn: ["properties.endpointComputeType"],
  }),
};
