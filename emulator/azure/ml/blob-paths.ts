import type { ContainerClient } from "@azure/storage-blob";
import { type Arm, propertiesOf } from "../arm.ts";
import { badArgument } from "../errors.ts";
import type { Stored } from "../store.ts";

/** A blob or a folder of blobs. */
export interface BlobPath {
  readonly container: ContainerClient;
  /** No slash at either end; empty for the whole container. */
  readonly path: string;
}

const SHORT = /^azureml:\/\/datastores\/([^/]+)\/paths\/(.*)$/i;
const LONG =
  /^azureml:\/\/subscriptions\/([^/]+)\/resource[gG]roups\/([^/]+)\/(?:providers\/Microsoft\.MachineLearningServices\/)?workspaces\/([^/]+)\/datastores\/([^/]+)\/paths\/(.*)$/i;

/**
 * Where a data address of Azure ML points to: `azureml://datastores/…`, `azureml://subscriptions/…` or the https URL of
 * a blob in an account of the emulator.
 *
 * @throws BadArgument where it points to nothing, or has another form.
 */
export function resolveBlobPath(arm: Arm, workspace: Stored, uri: string): BlobPath {
  const short = SHORT.exec(uri);
  if (short !== null) return inDatastore(arm, `${workspace.id}/datastores/${short[1]}`, short[2] ?? "");
  const long = LONG.exec(uri);
  if (long !== null) {
    const [, subscription, group, name, datastore, path = ""] = long;
    const scope = `/subscriptions/${subscription}/resourceGroups/${group}`;
    return inDatastore(
      arm,
      `${scope}/providers/Microsoft.MachineLearningServices/workspaces/${name}/datastores/${datastore}`,
      path,
    );
  }
  if (uri.startsWith("https://")) return inAccount(arm, new URL(uri));
  throw badArgument(
    `'${uri}' is not an address the emulator reads. Use azureml://datastores/<name>/paths/<path>, its long form from azureml://subscriptions/, or the https URL of a blob.`,
  );
}

/** Whether there is a blob at the path or below it. */
export async function blobExists({ container, path }: BlobPath): Promise<boolean> {
  if (path !== "" && (await container.getBlobClient(path).exists())) return true;
  for await (const _ of container.listBlobsFlat({ prefix: folderPrefix(path) })) return true;
  return false;
}

/** The prefix of the names of the blobs in a folder. */
export function folderPrefix(path: string): string {
  return path === "" ? "" : `${path}/`;
}

function inDatastore(arm: Arm, id: string, path: string): BlobPath {
  const datastore = arm.store.get(id);
  if (datastore === undefined) throw badArgument(`There is no datastore '${id}'.`);
  const { accountName, containerName } = propertiesOf(datastore);
  return within(arm, String(accountName), String(containerName), path);
}

function inAccount(arm: Arm, url: URL): BlobPath {
  const [account = "", container = "", ...path] = url.pathname.slice(1).split("/").map(decodeURIComponent);
  const known = arm.storage.account(account);
  // The account tells; the port may be another one since the address was written.
  if (known === undefined || new URL(known.blobEndpoint).hostname !== url.hostname) {
    throw badArgument(`'${url.href}' is in no storage account of the emulator.`);
  }
  return within(arm, account, container, path.join("/"));
}

function within(arm: Arm, accountName: string, containerName: string, path: string): BlobPath {
  const account = arm.storage.account(accountName);
  if (account === undefined) throw badArgument(`There is no storage account '${accountName}'.`);
  return { container: arm.blobs(account).getContainerClient(containerName), path: path.replace(/^\/+|\/+$/g, "") };
}
