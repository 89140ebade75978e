import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { mapConcurrent } from "./concurrency.ts";
import { sha256OfStream } from "./digest.ts";
import { DeliveryError, inputError, messageOf } from "./errors.ts";
import { formatLocation, type Location, lastSegment, parseLocation, within } from "./location.ts";
import { openLocalFolder } from "./objects-local.ts";
import { openBucket } from "./objects-s3.ts";
import { retrying } from "./retry.ts";
import { type Source, verified } from "./source.ts";

/** Requests in flight at once: enough to hide latency, few enough for one machine's sockets. */
export const CONCURRENCY = 16;

/** One object of a folder. */
export type ObjectInfo = {
  /** Path below the folder, with `/` between segments. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Changes whenever the content does. */
  readonly etag: string;
  /** S3 version id, in buckets that keep versions. */
  readonly version?: string;
  /** True for a symbolic link in a local folder. Links are listed and never followed. */
  readonly link?: true;
};

/** Conditions of a write. A condition that does not hold leaves the object as it was. */
export type PutOptions = {
  /** `*`: only if nothing is there. */
  readonly ifNoneMatch?: "*";
  /** Only if the object still has this etag. */
  readonly ifMatch?: string;
};

/** What a copy must hold to. */
export type CopyOptions = {
  /** What the source must be at; a `ChangedError` when it is not. @default - what it is at now */
  readonly etag?: string;
  /** SHA-256 of the content; a `ChangedError` when it is other. */
  readonly sha256?: string;
  /** Write over what is there. @default - only if nothing is there */
  readonly replace?: true;
};

/** A folder of objects: local, or a prefix of an S3 bucket. Keys are relative to it. */
export type ObjectFolder = {
  readonly location: Location;
  /** Objects whose key starts with `prefix`, in no promised order. A folder that is not there has none. */
  list(prefix?: string): AsyncIterable<ObjectInfo>;
  /** Size and etag of one object, or undefined. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** The content with its etag, or undefined when nothing is there. */
  get(key: string): Promise<{ content: Buffer; etag: string } | undefined>;
  /**
   * The content as a stream; an error of kind `input` when nothing is there.
   *
   * @param etag What the object must be at, as {@link list} and {@link head} gave it; a `ChangedError` when it is not.
   */
  stream(key: string, etag?: string): Promise<Readable>;
  /** Writes whole or not at all, a source as a stream. Gives false when the condition did not hold. */
  put(key: string, content: Uint8Array | string | Source, options?: PutOptions): Promise<boolean>;
  /** Removes one object; nothing there is no error. */
  remove(key: string): Promise<void>;
  /** Copy inside S3, as {@link copyObject}; only folders in S3 have it. */
  copyFrom?(source: Location, sourceKey: string, key: string, options: CopyOptions): Promise<boolean>;
};

/** Opens a folder given as `s3://bucket/prefix`, a local path, or a parsed location. Makes no request. */
export function openFolder(path: string | Location): ObjectFolder {
  const location = typeof path === "string" ? parseLocation(path) : path;
  return location.kind === "s3" ? openBucket(location) : openLocalFolder(location);
}

/** One file by its folder and name. */
export type ObjectFile = { readonly folder: ObjectFolder; readonly key: string };

/** Opens the folder of a file given as `s3://bucket/prefix/name` or a local path. Makes no request. */
export function openFile(path: string): ObjectFile {
  const location = parseLocation(path);
  const key = lastSegment(location);
  if (key === "") throw inputError(`\`${path}\` names no file; give one, such as s3://bucket/metadata/last_check.txt`);
  return { folder: openFolder(within(location, "..")), key };
}

/** The path of a file, as {@link openFile} takes it. */
export function pathOf({ folder, key }: ObjectFile): string {
  return `${formatLocation(folder.location)}${key}`;
}

/** Files that start with a dot, or lie in such a folder, are a system's own, such as `.DS_Store`. */
export function isHidden(key: string): boolean {
  return key.split("/").some((segment) => segment.startsWith("."));
}

/** Refuses symbolic links: what they lead to may change or lie outside. */
export function refuseLinks(objects: readonly ObjectInfo[]): void {
  const link = objects.find((object) => object.link);
  if (link === undefined) return;
  throw inputError(`\`${link.key}\` is a symbolic link; links are refused, copy the file instead`);
}

/** Everything below `prefix`, sorted by key. */
export async function listAll(folder: ObjectFolder, prefix?: string): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const object of folder.list(prefix)) objects.push(object);
  return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Whether an object is there. */
export async function exists(folder: ObjectFolder, key: string): Promise<boolean> {
  return (await folder.head(key)) !== undefined;
}

/**
 * Copies one object, streamed, if nothing is at the target, and says whether it did. Between two places in S3 the bytes
 * stay there.
 */
export async function copyObject(
  source: ObjectFolder,
  sourceKey: string,
  target: ObjectFolder,
  key: string,
  options: CopyOptions = {},
): Promise<boolean> {
  if (source.location.kind === "s3" && target.copyFrom !== undefined) {
    return target.copyFrom(source.location, sourceKey, key, options);
  }
  const content = await objectSource(source, sourceKey, options.etag);
  const name = pathOf({ folder: source, key: sourceKey });
  const checked = options.sha256 === undefined ? content : verified(content, options.sha256, `\`${name}\``);
  return target.put(key, checked, options.replace ? {} : { ifNoneMatch: "*" });
}

/** An object as content that can be sent elsewhere. It must stay as it is: at `etag`, or at what it is at now. */
export async function objectSource(folder: ObjectFolder, key: string, etag?: string): Promise<Source> {
  const object = await folder.head(key);
  if (object === undefined) throw inputError(`\`${pathOf({ folder, key })}\` does not exist`);
  return { bytes: object.size, open: () => folder.stream(key, etag ?? object.etag) };
}

/** SHA-256 and size of one object, streamed; tried again when the connection breaks off. */
export async function digestObject(
  folder: ObjectFolder,
  key: string,
  etag?: string,
): Promise<{ sha256: string; bytes: number }> {
  return reading(folder, key, async () => sha256OfStream(await folder.stream(key, etag)));
}

/**
 * Downloads objects into a local folder, each as it was when it was listed; a file appears only when it is complete.
 *
 * @param onProgress Called after each object with how many are done.
 */
export async function download(
  folder: ObjectFolder,
  objects: readonly ObjectInfo[],
  into: string,
  onProgress?: (done: number) => void,
): Promise<void> {
  let done = 0;
  await mapConcurrent(objects, CONCURRENCY, async ({ key, etag }) => {
    const target = join(into, key);
    await mkdir(dirname(target), { recursive: true });
    const part = `${target}.${randomBytes(6).toString("hex")}.part`;
    try {
      await reading(folder, key, async () => pipeline(await folder.stream(key, etag), createWriteStream(part)));
      await rename(part, target);
    } finally {
      await rm(part, { force: true });
    }
    onProgress?.(++done);
  });
}

/** The SDK repeats requests, not bodies that break off half-way; a whole read can be repeated safely. */
async function reading<Result>(folder: ObjectFolder, key: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await retrying(read);
  } catch (error) {
    if (error instanceof DeliveryError || folder.location.kind === "local") throw error;
    const what = pathOf({ folder, key });
    throw new DeliveryError("surroundings", `could not read \`${what}\`: ${messageOf(error)}`, { cause: error });
  }
}
