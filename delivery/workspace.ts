import { armGet } from "./azure.ts";
import { inputError } from "./errors.ts";

/** The API version that this project speaks to Azure ML, as the provider's SDK does. */
export const ML_API_VERSION = "2025-12-01";
const STORAGE_API_VERSION = "2024-01-01";

/** Which Azure ML workspace. */
export type WorkspaceName = {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly workspace: string;
};

/** A workspace and the blob container that its jobs read and write. */
export type Workspace = WorkspaceName & {
  /** ARM id. */
  readonly id: string;
  /** The blob service's URL, such as `https://account.blob.core.windows.net/`. */
  readonly blobUrl: string;
  /** Container of datastore `workspaceblobstore`. */
  readonly container: string;
};

/** The ARM id of a workspace. */
export function workspaceId({ subscription, resourceGroup, workspace }: WorkspaceName): string {
  const segments = ["subscriptions", subscription, "resourceGroups", resourceGroup];
  const provider = ["providers", "Microsoft.MachineLearningServices", "workspaces", workspace];
  return `/${[...segments, ...provider].map(encodeURIComponent).join("/")}`;
}

/**
 * Finds a workspace's storage. The account's address is asked for, not composed: it differs between clouds.
 */
export async function findWorkspace(name: WorkspaceName): Promise<Workspace> {
  const id = workspaceId(name);
  type Datastore = { properties?: { datastoreType?: string; accountName?: string; containerName?: string } };
  type Described = { properties?: { storageAccount?: string } };
  type Account = { properties?: { primaryEndpoints?: { blob?: string } } };
  const [datastore, described] = await Promise.all([
    armGet<Datastore>(`${id}/datastores/workspaceblobstore`, ML_API_VERSION),
    armGet<Described>(id, ML_API_VERSION),
  ]);
  const { containerName } = datastore.properties ?? {};
  const storageAccount = described.properties?.storageAccount;
  if (!containerName || !storageAccount) {
    throw inputError(
      `workspace \`${name.workspace}\` names no storage: container ${containerName}, account ${storageAccount}`,
    );
  }
  const account = await armGet<Account>(storageAccount, STORAGE_API_VERSION);
  const blobUrl = account.properties?.primaryEndpoints?.blob;
  if (!blobUrl) throw inputError(`storage account \`${storageAccount}\` has no blob endpoint`);
  return { ...name, id, blobUrl, container: containerName };
}

/** How a job names a folder of the workspace's own datastore. */
export function datastoreUri({ subscription, resourceGroup, workspace }: WorkspaceName, path: string): string {
  const scope = `subscriptions/${subscription}/resourcegroups/${resourceGroup}/workspaces/${workspace}`;
  return `azureml://${scope}/datastores/workspaceblobstore/paths/${path.replace(/\/*$/, "/")}`;
}
