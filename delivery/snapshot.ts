import { z } from "zod";
import { mapConcurrent } from "./concurrency.ts";
import { sha256 } from "./digest.ts";
import { DeliveryError, inputError } from "./errors.ts";
import { formatLocation } from "./location.ts";
import {
  CONCURRENCY,
  digestObject,
  isHidden,
  listAll,
  type ObjectFile,
  type ObjectFolder,
  type ObjectInfo,
  pathOf,
  refuseLinks,
} from "./objects.ts";

/** Key, bytes and identity of an object. The identity changes whenever the content does: ETag in S3, digest of a file. */
export type Pinned = readonly [key: string, bytes: number, identity: string];

/** What a data folder held at one time, object by object. */
export type Snapshot = {
  /** Folder of the data, `s3://bucket/prefix/` or local. */
  readonly dataPath: string;
  /** SHA-256 of the snapshot that it was compared with; null where there was none. */
  readonly base: string | null;
  /** Sorted by key; hidden files are left out. */
  readonly objects: readonly Pinned[];
};

const Head = z.strictObject({
  schema: z.literal(1),
  data_path: z.string().min(1),
  base: z.string().nullable(),
  /** Lines that follow: a file that was cut off is noticed. */
  count: z.int().nonnegative(),
});
const Line = z.tuple([z.string().min(1), z.int().nonnegative(), z.string().regex(/^(etag|sha256):.+$/)]);

/** Lists a folder; of a local one every byte is read. Objects that vanish meanwhile are left out. */
export async function takeSnapshot(
  folder: ObjectFolder,
  base: string | null,
  onProgress?: (done: number, total: number) => void,
): Promise<Snapshot> {
  const objects = (await listAll(folder)).filter(({ key }) => !isHidden(key));
  refuseLinks(objects);
  let done = 0;
  const pins = await mapConcurrent(objects, CONCURRENCY, async (object) => {
    const pin = await pinOf(folder, object);
    onProgress?.(++done, objects.length);
    return pin;
  });
  return { dataPath: formatLocation(folder.location), base, objects: pins.filter((pin) => pin !== undefined) };
}

/** Pins an object as it is now. */
async function pinOf(folder: ObjectFolder, { key, size, etag }: ObjectInfo): Promise<Pinned | undefined> {
  if (folder.location.kind === "s3") {
    if (etag === "") throw new DeliveryError("surroundings", `the store lists \`${key}\` without an ETag`);
    return [key, size, identityOf({ etag })];
  }
  try {
    const { sha256, bytes } = await digestObject(folder, key);
    return [key, bytes, identityOf({ sha256 })];
  } catch (error) {
    if ((await folder.head(key)) === undefined) return undefined;
    throw error;
  }
}

/** What an object's content is known by: the ETag that S3 lists, as it stands there with quotes, or the digest of a file. */
type Known = { readonly etag: string } | { readonly sha256: string };

function identityOf(content: Known): string {
  return "etag" in content ? `etag:${content.etag.replaceAll('"', "")}` : `sha256:${content.sha256}`;
}

/** What the identity of a {@link Pinned} object says about its content. */
export function contentOf(identity: string): Known {
  const value = identity.slice(identity.indexOf(":") + 1);
  return identity.startsWith("etag:") ? { etag: `"${value}"` } : { sha256: value };
}

/** Puts a snapshot into a folder under its own digest, where it is never overwritten. Gives the file's path. */
export async function saveSnapshot(snapshot: Snapshot, folder: ObjectFolder): Promise<string> {
  const text = formatSnapshot(snapshot);
  const key = `${sha256(text).slice(0, 16)}.jsonl`;
  await folder.put(key, text, { ifNoneMatch: "*" });
  return pathOf({ folder, key });
}

/** Reads the snapshot in a file. Throws an error of kind `input` where there is none. */
export async function readSnapshot(file: ObjectFile): Promise<Snapshot> {
  const found = await file.folder.get(file.key);
  const path = pathOf(file);
  if (found === undefined) throw inputError(`no snapshot at \`${path}\`; check-new-data --output-path makes one`);
  return parseSnapshot(found.content.toString("utf8"), `snapshot \`${path}\``);
}

/** A snapshot as text: a line of JSON about it, and one for each object. The same snapshot is always the same text. */
export function formatSnapshot({ dataPath, base, objects }: Snapshot): string {
  const head = { schema: 1, data_path: dataPath, base, count: objects.length };
  return [head, ...objects].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Reads what {@link formatSnapshot} wrote and nothing else. */
export function parseSnapshot(text: string, what: string): Snapshot {
  const [first = "", ...rest] = text.split("\n");
  const head = Head.safeParse(readJson(first));
  const objects = rest.slice(0, -1).map((line) => Line.safeParse(readJson(line)).data);
  const wrong = objects.findIndex((object, i) => object === undefined || object[0] <= (objects[i - 1]?.[0] ?? ""));
  if (!head.success || rest.at(-1) !== "" || wrong >= 0 || objects.length !== head.data.count) {
    const where =
      head.success && wrong >= 0 ? `line ${wrong + 2} is no object in order` : "it is another file, or cut off";
    throw inputError(`${what} is no snapshot of check-new-data: ${where}`);
  }
  return {
    dataPath: head.data.data_path,
    base: head.data.base,
    objects: objects.filter((object) => object !== undefined),
  };
}

/** A local folder may lie elsewhere on the next machine, its files are known by their bytes; a bucket does not move. */
export function requireSameData(snapshot: Snapshot, dataPath: string, what: string): void {
  const inS3 = [snapshot.dataPath, dataPath].some((path) => path.startsWith("s3://"));
  if (!inS3 || snapshot.dataPath === dataPath) return;
  throw inputError(`${what} is of \`${snapshot.dataPath}\`, not of \`${dataPath}\`; give the one that belongs to it`);
}

function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
