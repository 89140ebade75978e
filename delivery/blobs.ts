import { randomBytes } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { BlobItem, BlobServiceClient, ContainerClient } from "@azure/storage-blob";
import { azureToken } from "./azure-credential.ts";
import { mapConcurrent } from "./concurrency.ts";
import { sha256OfStream } from "./digest.ts";
import { DeliveryError, messageOf } from "./errors.ts";
import { checkKey } from "./location.ts";
import { CONCURRENCY } from "./objects.ts";
import { isTransient, retrying, type Watch, watched } from "./retry.ts";
import type { Source } from "./source.ts";

const services = new Map<string, Promise<BlobServiceClient>>();

/** A container of a storage account; signs in as `azure-credential.ts` says. */
export async function openContainer(blobUrl: string, container: string): Promise<ContainerClient> {
  let service = services.get(blobUrl);
  if (service === undefined) {
    service = connect(blobUrl);
    services.set(blobUrl, service);
  }
  return (await service).getContainerClient(container);
}

async function connect(blobUrl: string): Promise<BlobServiceClient> {
  const { BlobServiceClient } = await import("@azure/storage-blob");
  const credential = { getToken: (scopes: string | string[]) => azureToken([scopes].flat().join(" ")) };
  // The SDK's own pauses start at 4 s; whole transfers are repeated below.
  const retryOptions = { maxTries: 2, retryDelayInMs: 300, maxRetryDelayInMs: 1_000 };
  return new BlobServiceClient(blobUrl, credential, { retryOptions });
}

/** One file to send: its path below the prefix, and its content. */
export type Outgoing = {
  readonly name: string;
  readonly source: () => Promise<Source>;
  /** A blob of the container that had the same content: it is copied there, unless it is gone or too large. */
  readonly copyOf?: string | undefined;
};

/** Bytes above which a file goes in blocks, and bytes of a block. At most two of them are in memory for each file. */
const BLOCK = 8 * 1024 ** 2;
/** Bytes above which Azure does not copy a blob at once (Copy Blob From URL). */
const COPY_LIMIT = 256 * 1024 ** 2;
const STORAGE_SCOPE = "https://storage.azure.com/.default";

/**
 * Sends files below `prefix`, leaving out names that are there already. The prefix must be made of the content's
 * digest: then a name that is there has the right content. Each file is there whole or not at all. Gives how many were
 * sent; those that were copied inside the container do not count.
 */
export async function sendMissing(
  container: ContainerClient,
  prefix: string,
  files: readonly Outgoing[],
  onProgress?: (done: number, total: number) => void,
): Promise<number> {
  const there = new Set(await listNames(container, prefix));
  const missing = files.filter(({ name }) => !there.has(prefix + name));
  let done = 0;
  let copied = 0;
  await mapConcurrent(missing, CONCURRENCY, async ({ name, source, copyOf }) => {
    checkKey(name);
    const content = await source();
    const copies = copyOf !== undefined && content.bytes <= COPY_LIMIT;
    if (copies && (await copy(container, copyOf, prefix + name))) copied += 1;
    else await send(container, content, prefix + name);
    onProgress?.(++done, missing.length);
  });
  return missing.length - copied;
}

async function send(container: ContainerClient, { bytes, open }: Source, to: string): Promise<void> {
  const blob = container.getBlockBlobClient(to);
  await transfer(`write ${to}`, async ({ signal, moved }) => {
    const options = { abortSignal: signal, onProgress: moved };
    const stream = await open();
    if (bytes <= BLOCK) await blob.uploadData(await buffer(stream), options);
    else await blob.uploadStream(stream, BLOCK, 2, options);
  });
}

/** Copies a blob inside its container; false where the store does not, since the blob is gone or may not be read. */
async function copy(container: ContainerClient, from: string, to: string): Promise<boolean> {
  return transfer(`copy ${from} to ${to}`, async ({ signal, moved }) => {
    const { token } = await azureToken(STORAGE_SCOPE);
    const sourceAuthorization = { scheme: "Bearer", value: token };
    const { url } = container.getBlobClient(from);
    try {
      const { copyStatus } = await container
        .getBlobClient(to)
        .syncCopyFromURL(url, { abortSignal: signal, sourceAuthorization });
      moved();
      return copyStatus === "success";
    } catch (error) {
      const status = (error as { statusCode?: number }).statusCode ?? 0;
      if (status >= 400 && status < 500 && !isTransient(error)) return false;
      throw error;
    }
  });
}

/** Downloads everything below `prefix` into a local folder; a file appears only when it is complete. Gives the names. */
export async function downloadPrefix(container: ContainerClient, prefix: string, into: string): Promise<string[]> {
  const names = (await listNames(container, prefix)).map((name) => name.slice(prefix.length));
  await mapConcurrent(names, CONCURRENCY, async (name) => {
    checkKey(name);
    const file = join(into, name);
    await mkdir(dirname(file), { recursive: true });
    const part = `${file}.${randomBytes(6).toString("hex")}.part`;
    const blob = container.getBlobClient(prefix + name);
    try {
      await transfer(`read ${prefix}${name}`, ({ signal, moved }) =>
        blob.downloadToFile(part, 0, undefined, { abortSignal: signal, onProgress: moved }),
      );
      await rename(part, file);
    } finally {
      await rm(part, { force: true });
    }
  });
  return names;
}

/** SHA-256 and size of a blob, or undefined where there is none. */
export async function digestBlob(
  container: ContainerClient,
  name: string,
): Promise<{ sha256: string; bytes: number } | undefined> {
  return transfer(`read ${name}`, ({ signal, moved }) =>
    absent(async () => {
      const options = { abortSignal: signal, onProgress: moved };
      const { readableStreamBody } = await container.getBlobClient(name).download(0, undefined, options);
      return readableStreamBody && (await sha256OfStream(readableStreamBody as Readable));
    }),
  );
}

/** The bytes of a growing blob from `offset` on; nothing where it is not there yet or no longer than that. */
export async function readFrom(container: ContainerClient, name: string, offset: number): Promise<Buffer> {
  const blob = container.getBlobClient(name);
  const read = await transfer(`read ${name}`, ({ signal, moved }) =>
    absent(async () => {
      const { contentLength = 0 } = await blob.getProperties({ abortSignal: signal });
      const options = { abortSignal: signal, onProgress: moved };
      return contentLength > offset ? blob.downloadToBuffer(offset, contentLength - offset, options) : undefined;
    }),
  );
  return read ?? Buffer.alloc(0);
}

async function listNames(container: ContainerClient, prefix: string): Promise<string[]> {
  return (await listBlobs(container, prefix)).map(({ name }) => name);
}

/** Names below `prefix`, the newest first. */
export async function namesByAge(container: ContainerClient, prefix: string): Promise<string[]> {
  const age = ({ properties }: BlobItem) => properties.lastModified.getTime();
  return (await listBlobs(container, prefix)).sort((a, b) => age(b) - age(a)).map(({ name }) => name);
}

async function listBlobs(container: ContainerClient, prefix: string): Promise<BlobItem[]> {
  return transfer(`list ${prefix}`, async ({ signal, moved }) => {
    const blobs: BlobItem[] = [];
    for await (const blob of container.listBlobsFlat({ prefix, abortSignal: signal })) {
      blobs.push(blob);
      moved();
    }
    return blobs;
  });
}

async function absent<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/** Does what can be done again from its start, again where the network failed or stood still. */
async function transfer<Result>(action: string, work: (watch: Watch) => Promise<Result>): Promise<Result> {
  try {
    return await retrying(() => watched(work));
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    throw new DeliveryError("surroundings", `could not ${action} in the workspace's storage: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
