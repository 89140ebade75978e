import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { link, lstat, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { DeliveryError, inputError } from "./errors.ts";
import { checkKey, type Location } from "./location.ts";
import type { ObjectFolder, ObjectInfo, PutOptions } from "./objects.ts";
import { retrying } from "./retry.ts";
import { ChangedError, type Source } from "./source.ts";

/** Names of files still being written; never listed. */
const PART = /\.[0-9a-f]{12}\.part$/;

/** A folder on this machine with the manners of a bucket: whole writes, conditional writes, no following of links. */
export function openLocalFolder(location: Extract<Location, { kind: "local" }>): ObjectFolder {
  const pathOf = (key: string) => {
    checkKey(key);
    return join(location.folder, key);
  };
  return {
    location,
    list: (prefix = "") => listFiles(location.folder, prefix),
    head: async (key) => infoOf(pathOf(key), key),
    async get(key) {
      const content = await absent(readFile(pathOf(key)));
      return content && { content, etag: etagOf(content) };
    },
    async stream(key, etag) {
      const path = pathOf(key);
      const info = await infoOf(path, key);
      if (info === undefined && etag !== undefined) throw new ChangedError(`\`${path}\``);
      if (info === undefined) throw inputError(`file \`${path}\` does not exist`);
      if (info.link) throw inputError(`\`${path}\` is a symbolic link; links are refused, copy the file instead`);
      if (etag !== undefined && etag !== info.etag) throw new ChangedError(`\`${path}\``);
      return createReadStream(path);
    },
    put: (key, content, options = {}) => put(pathOf(key), content, options),
    remove: (key) => rm(pathOf(key), { force: true }),
  };
}

async function* listFiles(root: string, prefix: string): AsyncIterable<ObjectInfo> {
  const entries = (await absent(readdir(root, { withFileTypes: true, recursive: true }))) ?? [];
  for (const entry of entries) {
    if (entry.isDirectory() || PART.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const key = path
      .slice(root.length + 1)
      .split(sep)
      .join("/");
    if (!key.startsWith(prefix)) continue;
    const info = await infoOf(path, key);
    if (info !== undefined) yield info;
  }
}

async function infoOf(path: string, key: string): Promise<ObjectInfo | undefined> {
  const stat = await absent(lstat(path, { bigint: true }));
  if (stat === undefined || stat.isDirectory()) return undefined;
  const info = { key, size: Number(stat.size), etag: `"${stat.mtimeNs.toString(16)}-${stat.size.toString(16)}"` };
  return stat.isSymbolicLink() ? { ...info, link: true } : info;
}

/** `get` reads the bytes anyway, so its etag is their digest: exact where a compare-and-set depends on it. */
function etagOf(content: Uint8Array): string {
  return `"${createHash("md5").update(content).digest("hex")}"`;
}

async function put(path: string, content: Uint8Array | string | Source, options: PutOptions): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    if (typeof content === "string" || content instanceof Uint8Array) {
      await writeFile(part, content, { flag: "wx", flush: true });
    } else {
      // Opened anew for each try; what a broken one left is cut off.
      await retrying(async () => pipeline(await content.open(), createWriteStream(part, { flush: true })));
      const { size } = await lstat(part);
      if (size !== content.bytes) throw new ChangedError(`what was to be \`${path}\``);
    }
    if (options.ifNoneMatch === "*") return await linkIfAbsent(part, path);
    if (options.ifMatch !== undefined) return await renameIfMatching(part, path, options.ifMatch);
    await rename(part, path);
    return true;
  } finally {
    await rm(part, { force: true });
  }
}

/** A hard link is the one atomic "create if absent" of a file that is already whole. */
async function linkIfAbsent(part: string, path: string): Promise<boolean> {
  try {
    await link(part, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** The lock file makes compare and rename one step among writers that use this module. */
async function renameIfMatching(part: string, path: string, etag: string): Promise<boolean> {
  const lock = `${path}.000000000000.part`;
  try {
    await (await open(lock, "wx")).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new DeliveryError("surroundings", `\`${path}\` is being written; if no command runs, remove \`${lock}\``);
  }
  try {
    const current = await absent(readFile(path));
    if (current === undefined || etagOf(current) !== etag) return false;
    await rename(part, path);
    return true;
  } finally {
    await rm(lock, { force: true });
  }
}

async function absent<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
