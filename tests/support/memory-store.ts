import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { ObjectFolder, ObjectInfo, PutOptions } from "../../delivery/objects.ts";
import { ChangedError } from "../../delivery/source.ts";

/** A bucket in this process, with S3's manners where they matter: pages, ETags, conditions, whole writes. */
export interface MemoryStore {
  readonly folder: ObjectFolder;
  /** What is there now, by key. */
  readonly objects: ReadonlyMap<string, string>;
  write(key: string, content: string): void;
  delete(key: string): void;
}

/** Keys a page of a listing; S3 has 1,000. */
const PAGE = 2;

/**
 * @param step Called before each request that the folder answers: other things may happen meanwhile, and an error it
 *   throws is the answer. @default - nothing happens
 */
export function createMemoryStore(
  bucket: string,
  step: (request: string) => Promise<void> = async () => {},
): MemoryStore {
  const objects = new Map<string, string>();
  const info = (key: string): ObjectInfo | undefined => {
    const content = objects.get(key);
    return content === undefined ? undefined : { key, size: Buffer.byteLength(content), etag: etagOf(content) };
  };
  const holds = (key: string, { ifNoneMatch, ifMatch }: PutOptions) =>
    (ifNoneMatch === undefined || !objects.has(key)) && (ifMatch === undefined || info(key)?.etag === ifMatch);
  const folder: ObjectFolder = {
    location: { kind: "s3", bucket, prefix: "" },
    async *list(prefix = "") {
      let last = "";
      for (;;) {
        await step(`list after ${last}`);
        const below = [...objects.keys()].filter((key) => key > last && key.startsWith(prefix)).sort();
        // What a page says is what was true when it was asked for.
        const page = below.slice(0, PAGE).map((key) => info(key) as ObjectInfo);
        yield* page;
        if (below.length <= PAGE) return;
        last = page.at(-1)?.key ?? "";
      }
    },
    async head(key) {
      await step(`head ${key}`);
      return info(key);
    },
    async get(key) {
      await step(`get ${key}`);
      const content = objects.get(key);
      return content === undefined ? undefined : { content: Buffer.from(content), etag: etagOf(content) };
    },
    async stream(key, etag) {
      await step(`stream ${key}`);
      const content = objects.get(key);
      if (content === undefined || (etag !== undefined && etag !== etagOf(content)))
        throw new ChangedError(`\`${key}\``);
      return Readable.from([Buffer.from(content)]);
    },
    async put(key, content, options = {}) {
      const plain = typeof content === "string" || content instanceof Uint8Array;
      const bytes = plain ? Buffer.from(content) : await buffer(await content.open());
      await step(`put ${key}`);
      if (!holds(key, options)) return false;
      objects.set(key, bytes.toString());
      return true;
    },
    async remove(key) {
      await step(`remove ${key}`);
      objects.delete(key);
    },
  };
  return {
    folder,
    objects,
    write: (key, content) => void objects.set(key, content),
    delete: (key) => void objects.delete(key),
  };
}

function etagOf(content: string): string {
  return `"${createHash("md5").update(content).digest("hex")}"`;
}
