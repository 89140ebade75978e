import { mapConcurrent } from "./concurrency.ts";
import { inputError } from "./errors.ts";
import { formatLocation } from "./location.ts";
import {
  CONCURRENCY,
  copyObject,
  digestObject,
  isHidden,
  listAll,
  type ObjectFolder,
  type ObjectInfo,
  openFolder,
  pathOf,
  refuseLinks,
} from "./objects.ts";
import { listPictures, type Picture, pinnedBy, type RawObject, sideTable, TABLE } from "./raw-data.ts";
import type { Snapshot } from "./snapshot.ts";
import { ChangedError } from "./source.ts";
import { SIDES, type Side, sideOf } from "./split.ts";

/** Where a split reads and writes. */
export type SplitFolders = {
  readonly raw: ObjectFolder;
  readonly processed: ObjectFolder;
  readonly test: ObjectFolder;
};

/** What a split came to. */
export type PreparedData = {
  /** Pictures of each class on each side. */
  readonly classes: Readonly<Record<string, Record<Side, number>>>;
  readonly written: number;
  /** Pictures that were in their place already. */
  readonly unchanged: number;
  /** Files on either side that the raw data does not have, and that were left alone. */
  readonly stale: readonly string[];
  /** Files that were taken off a side: they belong to the other one, or are not in the snapshot. */
  readonly removed: number;
};

export type SplitOptions = {
  /** Use what it pins, exactly that, and have nothing else on either side. @default - what the raw data holds now */
  readonly snapshot?: Snapshot;
  readonly onProgress?: (done: number, total: number) => void;
};

/** {@link splitData} on folders given by path. */
export async function prepareData(
  paths: { readonly raw: string; readonly processed: string; readonly test: string },
  testShare: number,
  options: SplitOptions = {},
): Promise<PreparedData> {
  requireApart(Object.values(paths).map((path) => formatLocation(openFolder(path).location)));
  const [raw, processed, test] = [openFolder(paths.raw), openFolder(paths.processed), openFolder(paths.test)];
  return splitData({ raw, processed, test }, testShare, options);
}

/**
 * Splits raw data into a side to train on and a side to test on, each with a sub-folder a class, and with the rows of
 * the table where the data has one. Which side a picture goes to follows from its content alone (see `split.ts`). Run
 * again it writes only what is new or changed. What would be on a wrong side is taken off before anything is added, so
 * that a run that breaks off leaves no picture on both sides.
 *
 * @throws ChangedError an object is not, or no longer, what was listed or pinned. Nothing of it was written.
 */
export async function splitData(
  folders: SplitFolders,
  testShare: number,
  { snapshot, onProgress }: SplitOptions = {},
): Promise<PreparedData> {
  const { raw } = folders;
  const objects = snapshot === undefined ? await listRaw(raw) : pinnedBy(snapshot, raw);
  const { pictures, table } = await listPictures(raw, objects);
  if (pictures.length === 0) {
    throw inputError(`no pictures at \`${formatLocation(raw.location)}\`: give a folder with a sub-folder a class`);
  }
  const placed = await mapConcurrent(pictures, CONCURRENCY, async (picture) => {
    const sha256 = await digestPicture(raw, picture);
    return { ...picture, sha256, side: sideOf(sha256, testShare) };
  });
  const there = { processed: await indexOf(folders.processed), test: await indexOf(folders.test) };
  const cleared = await clearSides(folders, there, placed, testShare, snapshot !== undefined);
  let [done, written] = [0, 0];
  await mapConcurrent(placed, CONCURRENCY, async (picture) => {
    if (await place(raw, picture, folders[picture.side], there[picture.side].get(picture.key))) written++;
    onProgress?.(++done, placed.length);
  });
  if (table !== undefined) {
    for (const side of SIDES) await writeTable(folders[side], sideTable(table, placed, side));
  }
  return { classes: countClasses(placed), written, unchanged: placed.length - written, ...cleared };
}

type Placed = Picture & { readonly sha256: string; readonly side: Side };
type Sides = Readonly<Record<Side, ReadonlyMap<string, ObjectInfo>>>;

async function listRaw(raw: ObjectFolder): Promise<RawObject[]> {
  const objects = (await listAll(raw)).filter(({ key }) => !isHidden(key));
  refuseLinks(objects);
  return objects;
}

async function indexOf(folder: ObjectFolder): Promise<Map<string, ObjectInfo>> {
  return new Map((await listAll(folder)).map((object) => [object.key, object]));
}

async function digestPicture(raw: ObjectFolder, { object }: Picture): Promise<string> {
  const { sha256 } = await digestObject(raw, object.key, object.etag);
  if (object.sha256 === undefined || object.sha256 === sha256) return sha256;
  throw new ChangedError(`\`${pathOf({ folder: raw, key: object.key })}\``);
}

/** Takes off either side what belongs to the other one by its name or, where raw data no longer has it, by its content. */
async function clearSides(
  folders: SplitFolders,
  there: Sides,
  placed: readonly Placed[],
  testShare: number,
  everythingElse: boolean,
): Promise<{ stale: string[]; removed: number }> {
  const sides = new Map(placed.map(({ key, side }) => [key, side]));
  const [stale, wrong]: [string[], { side: Side; key: string }[]] = [[], []];
  for (const side of SIDES) {
    const pictures = [...there[side].keys()].filter((key) => key.split("/").length === 2);
    await mapConcurrent(pictures, CONCURRENCY, async (key) => {
      const goesTo = sides.get(key);
      if (goesTo === side) return;
      const leave = goesTo === undefined && !everythingElse;
      if (leave && sideOf((await digestObject(folders[side], key)).sha256, testShare) === side) stale.push(key);
      else wrong.push({ side, key });
    });
  }
  await mapConcurrent(wrong, CONCURRENCY, ({ side, key }) => folders[side].remove(key));
  return { stale: stale.sort(), removed: wrong.length };
}

/** Puts one picture in its place; false where the same content is there already. */
async function place(
  raw: ObjectFolder,
  { object, key, sha256 }: Placed,
  target: ObjectFolder,
  there: ObjectInfo | undefined,
): Promise<boolean> {
  const pinned = { sha256, ...(object.etag !== undefined && { etag: object.etag }) };
  if (there === undefined && (await copyObject(raw, object.key, target, key, pinned))) return true;
  // Something is there, maybe only since a moment ago.
  if ((there?.size ?? object.size) === object.size && (await isSame(target, key, object, there, sha256))) return false;
  return copyObject(raw, object.key, target, key, { ...pinned, replace: true });
}

async function isSame(
  target: ObjectFolder,
  key: string,
  object: RawObject,
  there: ObjectInfo | undefined,
  sha256: string,
): Promise<boolean> {
  // In S3 the etag of an object written in one part follows from its content.
  const inS3 = target.location.kind === "s3" && object.etag !== undefined && !object.etag.includes("-");
  if (inS3 && there?.etag === object.etag) return true;
  return (await digestObject(target, key)).sha256 === sha256;
}

/** The table is small beside the pictures; it is written whole, and only where it differs. */
async function writeTable(side: ObjectFolder, text: string): Promise<void> {
  const now = await side.get(TABLE);
  if (now?.content.toString("utf8") !== text) await side.put(TABLE, text);
}

function countClasses(placed: readonly Placed[]): Record<string, Record<Side, number>> {
  const classes = new Map<string, Record<Side, number>>();
  for (const { label, side } of placed) {
    const count = classes.get(label) ?? { processed: 0, test: 0 };
    count[side]++;
    classes.set(label, count);
  }
  return Object.fromEntries(classes);
}

function requireApart(paths: readonly string[]): void {
  for (const [i, path] of paths.entries()) {
    const inside = paths.find((other, j) => i !== j && other.startsWith(path));
    if (inside !== undefined)
      throw inputError(`\`${inside}\` lies inside \`${path}\`; raw, processed and test data need folders apart`);
  }
}
