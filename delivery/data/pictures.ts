import { mapConcurrent } from "../concurrency.ts";
import { fingerprint } from "../digest.ts";
import type { ObjectFolder, ObjectInfo } from "../objects.ts";
import { ChangedError } from "../source.ts";
import type { AnomalyLog } from "./anomalies.ts";
import type { ImageProblem } from "./image-check.ts";
import { LEVELS } from "./image-hash.ts";
import { openImagePool } from "./image-pool.ts";
import { findNearCopies } from "./near-copies.ts";
import { addCounts, type Profile } from "./profile.ts";
import type { ImageRules, PictureSchema } from "./schema.ts";
import { percent } from "./table-merge.ts";

/** What is known of a file that should be a picture. One that was not read (a link, too large a file) has no digest. */
export type PictureFacts = {
  readonly path: string;
  readonly bytes: number;
  readonly sha256?: string;
  readonly hash?: string;
  readonly problem?: ImageProblem;
};

/** What is known of pictures, or of some of them; parts add up, see {@link mergePictures}. */
export type PictureSummary = {
  readonly pictures: readonly PictureFacts[];
  /** Colours of all usable pictures together, see `image-hash.ts`. */
  readonly colours: readonly number[];
};

/** Reads each picture once and checks it by itself, as many at a time as there are cores. */
export async function scanPictures(
  folder: ObjectFolder,
  objects: readonly ObjectInfo[],
  rules: ImageRules,
  onProgress?: (done: number, total: number) => void,
): Promise<PictureSummary> {
  const pool = openImagePool(rules, objects.length);
  const colours = new Array<number>(3 * LEVELS).fill(0);
  let done = 0;
  try {
    const pictures = await mapConcurrent(objects, pool.lanes, async (object): Promise<PictureFacts> => {
      const { key: path, size } = object;
      const refused = refusal(object, rules);
      let facts: PictureFacts;
      if (refused !== undefined) facts = { path, bytes: size, problem: refused };
      else {
        const read = await folder.get(path);
        if (read === undefined) throw new ChangedError(`\`${path}\``);
        const { colours: own, ...known } = await pool.check(read.content, path);
        own?.forEach((count, index) => {
          colours[index] = (colours[index] ?? 0) + count;
        });
        facts = { path, bytes: read.content.length, ...known };
      }
      onProgress?.(++done, objects.length);
      return facts;
    });
    return { pictures, colours };
  } finally {
    await pool.close();
  }
}

function refusal({ size, link }: ObjectInfo, { maxBytes }: ImageRules): ImageProblem | undefined {
  if (link) return { anomaly: "SYMBOLIC_LINK", rule: "no symbolic links", detail: "is a link" };
  if (size <= maxBytes) return undefined;
  return { anomaly: "IMAGE_TOO_LARGE", rule: `files have at most ${maxBytes} bytes`, detail: `${size} bytes` };
}

/** The summary of parts together, in the order of the paths. */
export function mergePictures(parts: readonly PictureSummary[]): PictureSummary {
  const pictures = parts.flatMap((part) => part.pictures).sort((a, b) => (a.path < b.path ? -1 : 1));
  const colours = Array.from({ length: 3 * LEVELS }, (_, i) =>
    parts.reduce((sum, part) => sum + (part.colours[i] ?? 0), 0),
  );
  return { pictures, colours };
}

/** A picture with what the set says of it. */
export type Picture = PictureFacts & { readonly label: string; readonly split: string };

/** The set of pictures as a whole. */
export type PictureSet = {
  readonly usable: readonly Picture[];
  readonly classes: Readonly<Record<string, number>>;
  readonly fingerprint: string;
};

/**
 * Judges pictures: those that cannot be used, copies, near copies, and what is in two splits.
 *
 * @param heldOut pictures of another split, which are only compared with
 */
export function judgePictures(
  pictures: readonly Picture[],
  heldOut: readonly Picture[],
  schema: PictureSchema,
  log: AnomalyLog,
): PictureSet {
  for (const { path, problem, sha256 } of pictures) {
    // Judged by their share of the set; unusable pictures within it are only told. What was not even read is refused.
    if (problem !== undefined)
      log.add(problem.anomaly, problem.rule, `${path}: ${problem.detail}`, sha256 === undefined ? "error" : "warning");
  }
  const usable = pictures.filter(({ problem }) => problem === undefined);
  const { maxUnusableShare } = schema["x-images"];
  const unusable = pictures.length - usable.length;
  if (unusable > maxUnusableShare * pictures.length) {
    const rule = `at most ${percent(maxUnusableShare)} of pictures are unusable`;
    log.add("LOW_SUPPORTED_IMAGE_FRACTION", rule, `${unusable} of ${pictures.length}`);
  }
  judgeCopies(usable, schema, log);
  const all = [...usable, ...heldOut.filter(({ problem }) => problem === undefined)];
  const leaked = judgeLeaks(all, log);
  judgeNearCopies(all, usable.length, leaked, schema, log);
  const counts = pictures.map(({ label, problem }) => ({ [label]: problem === undefined ? 1 : 0 }));
  return {
    usable,
    classes: addCounts(counts),
    fingerprint: fingerprint(
      pictures.flatMap(({ path: name, sha256 }) => (sha256 === undefined ? [] : [{ name, sha256 }])),
    ),
  };
}

/** How the colours of a set are spread, a channel each. */
export function colourProfile({ colours }: PictureSummary): Profile {
  return Object.fromEntries(
    ["red", "green", "blue"].map((name, channel) => {
      const levels = colours.slice(channel * LEVELS, (channel + 1) * LEVELS);
      // Named by the middle of the level, from 0 to 255.
      const counts = Object.fromEntries(levels.map((count, level) => [String(level * 16 + 8), count]));
      return [`image ${name}`, { kind: "level" as const, counts }];
    }),
  );
}

function judgeCopies(pictures: readonly Picture[], schema: PictureSchema, log: AnomalyLog): void {
  const { maxDuplicateShare = 1, maxLabelConflictShare = 1 } = schema["x-dataset"];
  const first = new Map<string, Picture>();
  const copies: string[] = [];
  const conflicts: string[] = [];
  for (const picture of pictures) {
    const digest = picture.sha256 ?? "";
    const earlier = first.get(digest);
    if (earlier === undefined) first.set(digest, picture);
    else (earlier.label === picture.label ? copies : conflicts).push(`${picture.path} is ${earlier.path}`);
  }
  const report = (name: string, what: string, found: readonly string[], most: number) => {
    const severity = found.length > most * pictures.length ? "error" : "warning";
    for (const example of found) log.add(name, `at most ${percent(most)} of pictures are ${what}`, example, severity);
  };
  report("DUPLICATE_IMAGE", "exact copies", copies, maxDuplicateShare);
  report("LABEL_CONFLICT", "copies under another label", conflicts, maxLabelConflictShare);
}

/** Always fatal: a model that is measured on what it learnt looks better than it is. Gives the digests that leaked. */
function judgeLeaks(pictures: readonly Picture[], log: AnomalyLog): Set<string> {
  const first = new Map<string, Picture>();
  const leaked = new Set<string>();
  for (const picture of pictures) {
    const digest = picture.sha256 ?? "";
    const earlier = first.get(digest);
    if (earlier === undefined) first.set(digest, picture);
    else if (earlier.split !== picture.split) {
      leaked.add(digest);
      log.add("SPLIT_LEAK", "no picture is in two splits", leak(picture, earlier));
    }
  }
  return leaked;
}

function leak(picture: Picture, earlier: Picture): string {
  return `${picture.path} (${picture.split}) is ${earlier.path} (${earlier.split})`;
}

function judgeNearCopies(
  pictures: readonly Picture[],
  count: number,
  leaked: ReadonlySet<string>,
  schema: PictureSchema,
  log: AnomalyLog,
): void {
  const { nearCopyDistance, maxNearCopyShare = 1 } = schema["x-images"];
  if (nearCopyDistance === undefined) return;
  const hashed = pictures.flatMap((picture) =>
    picture.hash === undefined ? [] : [{ ...picture, hash: picture.hash }],
  );
  const pairs = findNearCopies(hashed, nearCopyDistance).filter(({ item, like }) => item.sha256 !== like.sha256);
  const within = pairs.filter(({ item, like }) => item.split === like.split);
  const rule = `at most ${percent(maxNearCopyShare)} of pictures look like another (${nearCopyDistance} of 64 bits)`;
  const severity = within.length > maxNearCopyShare * count ? "error" : "warning";
  for (const { item, like, distance } of within)
    log.add("NEAR_DUPLICATE_IMAGE", rule, `${item.path} looks like ${like.path} (${distance} bits)`, severity);
  for (const { item, like } of pairs) {
    if (item.split === like.split || leaked.has(item.sha256 ?? "")) continue;
    const words = `no picture looks like one of another split (${nearCopyDistance} of 64 bits)`;
    log.add("SPLIT_NEAR_LEAK", words, leak(item, like).replace(") is ", ") looks like "));
  }
}
