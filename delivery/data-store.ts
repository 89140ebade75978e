import { join } from "node:path";
import type { ContainerClient } from "@azure/storage-blob";
import { z } from "zod";
import { namesByAge, readFrom, sendMissing } from "./blobs.ts";
import type { LocalData } from "./evaluation.ts";
import { fileSource, textSource, verified } from "./source.ts";

/** Folder of the lists: what each set that was sent whole holds. */
const LISTS = "data-lists/";
/** How many of the newest sets are asked whether they have a file. */
const SETS_ASKED = 10;

const DataList = z.record(z.string(), z.string());

/** Where a set of data lies in the workspace's store, and how many files were sent to get it there. */
export type StoredData = { readonly folder: string; readonly sent: number };

/**
 * Puts a set of data into the workspace's store, in a folder by its fingerprint. What an earlier set holds is not
 * sent again but copied inside the store. The folder is whole only once this returns; each file in it is whole at any time.
 *
 * @param onSent called with the files in place so far, of those that were missing
 * @throws DeliveryError of kind `surroundings`: the store could not be reached or refused, or a file was changed meanwhile
 */
export async function storeData(
  container: ContainerClient,
  { folder: from, files, fingerprint }: LocalData,
  onSent?: (done: number, total: number) => void,
): Promise<StoredData> {
  const id = fingerprint.slice(0, 32);
  const folder = `data/${id}/`;
  const list = `${id}.json`;
  const lists = await namesByAge(container, LISTS);
  // The list is written last: where it is, so was the whole set.
  const listed = lists.includes(LISTS + list);
  const known = listed ? new Map<string, string>() : await whatIsThere(container, lists, files);
  const outgoing = files.map(({ name, sha256 }) => {
    const source = async () => verified(await fileSource(join(from, name)), sha256, `\`${name}\``);
    return { name, copyOf: known.get(sha256), source };
  });
  const sent = await sendMissing(container, folder, outgoing, onSent);
  const text = JSON.stringify(Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256])));
  if (!listed) await sendMissing(container, LISTS, [{ name: list, source: async () => textSource(text) }]);
  return { folder, sent };
}

/** Names of blobs by the digest of their content, from the newest sets on until all `files` are found. */
async function whatIsThere(
  container: ContainerClient,
  lists: readonly string[],
  files: LocalData["files"],
): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (const list of lists.slice(0, SETS_ASKED)) {
    if (files.every(({ sha256 }) => known.has(sha256))) break;
    const folder = `data/${list.slice(LISTS.length, -".json".length)}/`;
    for (const [name, sha256] of Object.entries(await readList(container, list))) {
      if (!known.has(sha256)) known.set(sha256, folder + name);
    }
  }
  return known;
}

/** What a list says; one that cannot be read only costs the sending again. */
async function readList(container: ContainerClient, list: string): Promise<Record<string, string>> {
  try {
    return DataList.parse(JSON.parse((await readFrom(container, list, 0)).toString("utf8")));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return {};
    throw error;
  }
}
