import { setTimeout as delay } from "node:timers/promises";
import { armDelete, armGet, isNotFound } from "./azure.ts";
import { DeliveryError, messageOf } from "./errors.ts";

/** A resource as state holds it, as far as it matters here. */
export type StateResource = {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
};

/** Something that the engine had begun when it was killed. */
export type PendingOperation = { readonly type: string; readonly resource: StateResource };

/** What became of a resource whose creation was cut short. */
export type Fate =
  /** It exists: state takes it up under this id. */
  | { readonly kind: "adopt"; readonly id: string }
  /** It does not exist, or making it once more does no harm: the next update creates it. */
  | { readonly kind: "forget"; readonly why: string }
  /** Nobody here can tell. */
  | { readonly kind: "unknown"; readonly why: string };

const workspace = "Microsoft.MachineLearningServices/workspaces/{workspaceName}";

/** Where ARM has each type of resource of this project: its path in the resource group, and the version to ask with. */
const azurePaths: Readonly<Record<string, readonly [path: string, apiVersion: string]>> = {
  "resources:ResourceGroup": ["", "2024-03-01"],
  "storage:StorageAccount": ["Microsoft.Storage/storageAccounts/{accountName}", "2024-01-01"],
  "keyvault:Vault": ["Microsoft.KeyVault/vaults/{vaultName}", "2024-11-01"],
  "operationalinsights:Workspace": ["Microsoft.OperationalInsights/workspaces/{workspaceName}", "2023-09-01"],
  "applicationinsights:Component": ["Microsoft.Insights/components/{resourceName}", "2020-02-02"],
  "containerregistry:Registry": ["Microsoft.ContainerRegistry/registries/{registryName}", "2023-01-01-preview"],
  "managedidentity:UserAssignedIdentity": [
    "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}",
    "2023-01-31",
  ],
  "authorization:RoleAssignment": [
    "{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    "2022-04-01",
  ],
  "machinelearningservices:Workspace": [workspace, "2025-12-01"],
  "machinelearningservices:Compute": [`${workspace}/computes/{computeName}`, "2025-12-01"],
  "machinelearningservices:EnvironmentVersion": [`${workspace}/environments/{name}/versions/{version}`, "2025-12-01"],
  "machinelearningservices:ModelVersion": [`${workspace}/models/{name}/versions/{version}`, "2025-12-01"],
  "machinelearningservices:OnlineEndpoint": [`${workspace}/onlineEndpoints/{endpointName}`, "2025-12-01"],
  "machinelearningservices:OnlineDeployment": [
    `${workspace}/onlineEndpoints/{endpointName}/deployments/{deploymentName}`,
    "2025-12-01",
  ],
};

/** The ARM id of a resource by its inputs; undefined for types that this project does not make. */
export function armIdOf(
  type: string,
  inputs: Readonly<Record<string, unknown>>,
  subscription: string,
): { readonly id: string; readonly apiVersion: string } | undefined {
  const [path, apiVersion] = azurePaths[type.replace("azure-native:", "")] ?? [];
  if (path === undefined || apiVersion === undefined) return undefined;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => String(inputs[name] ?? ""));
  if (path.startsWith("{scope}")) return { id: filled, apiVersion };
  const group = `/subscriptions/${subscription}/resourceGroups/${inputs["resourceGroupName"] ?? ""}`;
  return { id: path === "" ? group : `${group}/providers/${filled}`, apiVersion };
}

/** Asks the cloud what became of a creation. Waits for Azure where it is still at work. */
export async function fateOf({ resource }: PendingOperation, say: (line: string) => void): Promise<Fate> {
  const { type, inputs = {} } = resource;
  try {
    if (type.startsWith("azure-native:")) return await fateInAzure(type, inputs, say);
    if (type === "aws:s3/bucket:Bucket") return await fateOfBucket(String(inputs["bucket"] ?? ""));
    if (type === "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable")
      return await fateOfVariable(inputs);
  } catch (error) {
    return { kind: "unknown", why: messageOf(error) };
  }
  // Settings of buckets, GitHub's environments, secrets and files, commands, traffic: their creation sets what is
  // asked whether or not something was there.
  if (/^(aws:s3\/|github:|command:|pulumi-nodejs:|pulumi:)/.test(type)) {
    return { kind: "forget", why: "making it once more changes nothing that is right already" };
  }
  return { kind: "unknown", why: `resources of type ${type} are looked up by hand` };
}

async function fateInAzure(
  type: string,
  inputs: Readonly<Record<string, unknown>>,
  say: (line: string) => void,
): Promise<Fate> {
  const subscription = process.env["ARM_SUBSCRIPTION_ID"];
  if (subscription === undefined) throw new DeliveryError("input", "`ARM_SUBSCRIPTION_ID` is not set");
  const place = armIdOf(type, inputs, subscription);
  if (place === undefined) return { kind: "unknown", why: `resources of type ${type} are looked up by hand` };
  const found = await settled(place.id, place.apiVersion, say);
  if (found === undefined) return { kind: "forget", why: "Azure does not have it" };
  if (found.state !== "failed" || !type.endsWith(":OnlineDeployment")) return { kind: "adopt", id: found.id };
  // It never served: Azure gives traffic only to what is up. The next update tries anew.
  await armDelete(place.id, place.apiVersion);
  return { kind: "forget", why: "Azure could not bring it up; it was deleted there" };
}

const LONGEST_WAIT_MS = 60 * 60_000;

type Settled = { readonly id: string; readonly state: string };

/** A resource's id as Azure writes it, and its `provisioningState` in lower case once Azure has ended its work. */
async function settled(id: string, apiVersion: string, say: (line: string) => void): Promise<Settled | undefined> {
  for (let waited = 0, pause = 500; ; waited += pause, pause = Math.min(pause * 1.5, 15_000)) {
    const found = await armGet<{ id?: string; properties?: { provisioningState?: string } }>(id, apiVersion).catch(
      (error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      },
    );
    if (found === undefined) return undefined;
    const state = (found.properties?.provisioningState ?? "Succeeded").toLowerCase();
    if (["succeeded", "failed", "canceled"].includes(state)) return { id: found.id ?? id, state };
    if (waited > LONGEST_WAIT_MS) throw new DeliveryError("surroundings", `${id} is still ${state} after an hour`);
    if (waited === 0) say(`waiting for Azure: ${id.split("/").at(-1)} is ${state}`);
    await delay(pause);
  }
}

async function fateOfBucket(bucket: string): Promise<Fate> {
  const { HeadBucketCommand, S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({ maxAttempts: 5 });
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
    return { kind: "adopt", id: bucket };
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return { kind: "forget", why: "AWS does not have it" };
    throw error;
  } finally {
    client.destroy();
  }
}

async function fateOfVariable(inputs: Readonly<Record<string, unknown>>): Promise<Fate> {
  const [owner, token] = [process.env["GITHUB_OWNER"], process.env["GITHUB_TOKEN"]];
  if (!owner || !token) throw new DeliveryError("input", "`GITHUB_OWNER` and `GITHUB_TOKEN` are needed to look it up");
  const { repository, environment, variableName } = inputs;
  const base = (process.env["GITHUB_API_URL"] ?? "https://api.github.com").replace(/\/+$/, "");
  const path = [owner, repository, "environments", environment, "variables", variableName].map((part) =>
    encodeURIComponent(String(part)),
  );
  const url = `${base}/repos/${path.join("/")}`;
  const headers = { authorization: `Bearer ${token}`, accept: "application/vnd.github+json" };
  const { status } = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
  if (status === 200) return { kind: "adopt", id: `${repository}:${environment}:${variableName}` };
  if (status === 404) return { kind: "forget", why: "GitHub does not have it" };
  throw new DeliveryError("surroundings", `GitHub answered ${status} when asked for ${variableName}`);
}
