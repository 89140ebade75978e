import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { type BlobPath, folderPrefix } from "./blob-paths.ts";

// Azurite answers one request after another: more at once only fill its queue.
const AT_ONCE = 8;

/**
 * Copies a blob, or all blobs of a folder, below a local folder, and returns how many.
 *
 * @throws when there is none, or a name would leave the folder.
 */
export async function download({ container, path }: BlobPath, folder: string): Promise<number> {
  const names: { readonly blob: string; readonly file: string }[] = [];
  const prefix = folderPrefix(path);
  for await (const { name } of container.listBlobsFlat({ prefix }))
    names.push({ blob: name, file: name.slice(prefix.length) });
  if (names.length === 0 && path !== "" && (await container.getBlobClient(path).exists())) {
    names.push({ blob: path, file: path.split("/").at(-1) ?? path });
  }
  if (names.length === 0)
    throw new Error(`There is no blob at or below '${path}' in container '${container.containerName}'.`);
  await mkdir(folder, { recursive: true });
  await eachOf(names, async ({ blob, file }) => {
    const target = resolve(folder, file);
    if (!target.startsWith(`${resolve(folder)}${sep}`))
      throw new Error(`The blob '${blob}' has a name that leads out of its folder.`);
    await mkdir(dirname(target), { recursive: true });
    await container.getBlobClient(blob).downloadToFile(target);
  });
  return names.length;
}

/** Copies a folder whole: after an interruption there is either nothing or everything. */
export async function downloadWhole(source: BlobPath, folder: string): Promise<void> {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await download(source, partial);
  await rename(partial, folder);
}

/** Copies the files below a local folder to blobs, and returns how many. */
export async function upload(folder: string, { container, path }: BlobPath): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  await eachOf(files, async (file) => {
    const name = relative(folder, file).split(sep).join("/");
    await container.getBlockBlobClient(`${folderPrefix(path)}${name}`).uploadFile(file);
  });
  return files.length;
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
