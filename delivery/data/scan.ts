import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { inputError } from "../errors.ts";
import { formatLocation } from "../location.ts";
import {
  download,
  isHidden,
  listAll,
  type ObjectFolder,
  type ObjectInfo,
  openFile,
  openFolder,
  refuseLinks,
} from "../objects.ts";
import { ChangedError } from "../source.ts";
import { openEngine } from "./engine.ts";

import type { DataSchema } from "./schema.ts";
import { groupTables, isTable, type TableFile } from "./table-files.ts";
import type { TablePart } from "./table-merge.ts";
import { scanGroup } from "./table-scan.ts";

/** A data set, listed. */
export type DataFiles = {
  readonly folder: ObjectFolder;
  /** As it was asked for. */
  readonly path: string;
  /** Sorted by key; nothing hidden. */
  readonly objects: readonly ObjectInfo[];
};

const ARCHIVE = /\.(zip|tar|tgz|gz|bz2|xz|zst|7z|rar)$/i;

/**
 * Lists a data set: a folder or prefix, or one file of a table.
 *
 * @throws DeliveryError of kind `input`: an archive, or more files than the schema allows
 */
export async function listData(path: string, schema: DataSchema): Promise<DataFiles> {
  if (ARCHIVE.test(path.replace(/\/+$/, "")))
    throw inputError(`\`${path}\` is an archive; archives are not opened, give the folder of what is in it`);
  if (isTable(path)) {
    const { folder, key } = openFile(path);
    const object = await folder.head(key);
    if (object === undefined) throw inputError(`\`${path}\` does not exist`);
    return { folder, path, objects: [object] };
  }
  const folder = openFolder(path);
  const { maxFiles } = schema["x-dataset"];
  const objects: ObjectInfo[] = [];
  for await (const object of folder.list()) {
    if (isHidden(object.key)) continue;
    objects.push(object);
    if (objects.length > maxFiles)
      throw inputError(`\`${path}\` has more than ${maxFiles} files; split it, or raise \`maxFiles\` in x-dataset`);
  }
  return { folder, path: formatLocation(folder.location), objects: objects.sort((a, b) => (a.key < b.key ? -1 : 1)) };
}

/** @throws ChangedError where a file of the set came, went or changed since it was listed. */
export async function requireUnchanged({ folder, objects }: DataFiles): Promise<void> {
  const [only] = objects;
  const single = objects.length === 1 && only !== undefined ? await folder.head(only.key) : undefined;
  const now = new Map<string, string>();
  if (single !== undefined && only !== undefined && isTable(only.key)) now.set(single.key, single.etag);
  else for (const { key, etag } of await listAll(folder)) if (!isHidden(key)) now.set(key, etag);
  const changed = objects.find(({ key, etag }) => now.get(key) !== etag);
  const known = new Set(objects.map(({ key }) => key));
  const added = [...now.keys()].find((key) => !known.has(key));
  const which = changed?.key ?? added;
  if (which !== undefined) throw new ChangedError(`\`${formatLocation(folder.location)}${which}\``);
}

/** Bytes of a bucket's tables that are on this machine at once, unless one file alone is larger. */
const BATCH_BYTES = 2 ** 30;

/**
 * Reads the tables of a set. Those of a bucket are brought to this machine some at a time and removed again.
 *
 * @param whole there is nothing to compare keys with but these files
 */
export async function scanTables(
  { folder, objects, path }: DataFiles,
  schema: DataSchema,
  scratch: string,
  whole: boolean,
  onProgress?: (done: number, total: number) => void,
): Promise<TablePart[]> {
  const tables = objects.filter(({ key }) => isTable(key));
  if (tables.length === 0)
    throw inputError(`no data set at \`${path}\`: give a .csv or .parquet file, or a folder of them`);
  refuseLinks(tables);
  const runs = join(scratch, "keys");
  await mkdir(runs, { recursive: true });
  const local = folder.location.kind === "local" ? folder.location.folder : join(scratch, "tables");
  const engine = await openEngine(scratch, [local]);
  const parts: TablePart[] = [];
  try {
    const batches = folder.location.kind === "local" ? [tables] : batchesOf(tables);
    let done = 0;
    for (const batch of batches) {
      if (folder.location.kind === "s3") await download(folder, batch, local);
      const files = batch.map(({ key }): TableFile => ({ name: key, path: join(local, key) }));
      const groups = await groupTables(engine, files);
      const alone = whole && batches.length === 1 && groups.length === 1;
      for (const group of groups) {
        parts.push({ summary: await scanGroup(engine, group, schema, runs, alone), folder: runs });
        done += group.files.length;
        onProgress?.(done, tables.length);
      }
      if (folder.location.kind === "s3") await rm(local, { recursive: true, force: true });
    }
  } finally {
    engine.close();
  }
  if (parts.every(({ summary }) => summary.rows === 0)) throw inputError(`\`${path}\` holds no records`);
  return parts;
}

function batchesOf(objects: readonly ObjectInfo[]): ObjectInfo[][] {
  const batches: ObjectInfo[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const object of objects) {
    if (size + object.size > BATCH_BYTES) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)?.push(object);
    size += object.size;
  }
  return batches;
}
