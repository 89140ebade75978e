import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { runCommand } from "./process.ts";
import type { Workplace } from "./stacks.ts";

/** One picture on disk and the class it shows. */
export interface Picture {
  readonly file: string;
  readonly label: string;
  readonly name: string;
}

const PICTURE = /\.(jpe?g|png|webp)$/i;
const UPLOADS_AT_ONCE = 16;

/**
 * The pictures of a folder with one sub-folder a class, in a fixed order that has nothing to do with their names.
 *
 * @throws when the folder is not such a folder: fewer than two classes, or a class with fewer than `minPerClass`.
 */
export async function readPictures(folder: string, minPerClass: number): Promise<Picture[]> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new Error(`--data names \`${folder}\`, which is not a folder; give a folder with one sub-folder a class`);
  }
  const labels = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const classes = await Promise.all(labels.map(({ name }) => picturesOf(folder, name)));
  const filled = classes.filter((pictures) => pictures.length > 0);
  if (filled.length < 2) {
    throw new Error(
      `\`${folder}\` has ${filled.length} sub-folders with pictures (.jpg, .png, .webp); a classifier needs at least 2 classes`,
    );
  }
  for (const pictures of filled) {
    if (pictures.length >= minPerClass) continue;
    const label = pictures[0]?.label;
    throw new Error(
      `class \`${label}\` has ${pictures.length} pictures; at least ${minPerClass} are needed to train and test`,
    );
  }
  return filled.flat();
}

/** What a rehearsal shows its models. */
export interface Pictures {
  readonly classes: number;
  /** There on the first day. */
  readonly first: readonly Picture[];
  /** Arrive later. */
  readonly later: readonly Picture[];
  /** A folder of pictures for requests to the endpoints; of generated leaves, ones that no model was trained on. */
  readonly fresh: string;
  /** One of those, to try an endpoint with by hand. */
  readonly sample: string;
}

/** So that the first lot, and the test pictures in it, have a few of each class: the data's schema asks for 10. */
export const MIN_PER_CLASS = 30;
/** Generated leaves a class: what a small team has after an afternoon in the park, and after a month. */
const LEAVES_PER_CLASS = 100;
const FRESH_PER_CLASS = 10;
const FIRST_SHARE = 0.4;

/**
 * Reads somebody's own pictures, or draws leaves into `folder`.
 *
 * @param data folder with one sub-folder a class. @default - generated leaves
 */
export async function preparePictures(
  data: string | undefined,
  folder: string,
  place: Workplace,
  note: (line: string) => void,
): Promise<Pictures> {
  const source = data ?? path.join(folder, "leaves");
  if (data === undefined) await generate(source, LEAVES_PER_CLASS, 1, place, note);
  const fresh = data ?? path.join(folder, "fresh");
  if (data === undefined) await generate(fresh, FRESH_PER_CLASS, 2, place, note);
  const pictures = await readPictures(source, MIN_PER_CLASS);
  const classes = new Set(pictures.map((picture) => picture.label)).size;
  const sample = (await readPictures(fresh, 1))[0]?.file ?? "";
  return { classes, fresh, sample, ...splitInTwo(pictures, FIRST_SHARE) };
}

async function generate(to: string, perClass: number, seed: number, place: Workplace, note: (line: string) => void) {
  const flags = ["--output-path", to, "--per-class", String(perClass), "--seed", String(seed)];
  const { code, tail } = await runCommand(["node", "src/generate.ts", ...flags], { ...place, cwd: place.clone, note });
  if (code !== 0) throw new Error(`pictures could not be drawn (exit ${code}):\n${tail}`);
}

/**
 * Divides pictures into what is there on the first day and what comes later, class by class.
 *
 * @param firstShare share of each class that is there on the first day, 0 to 1.
 */
export function splitInTwo(pictures: readonly Picture[], firstShare: number): { first: Picture[]; later: Picture[] } {
  const byClass = Map.groupBy(pictures, (picture) => picture.label);
  const first: Picture[] = [];
  const later: Picture[] = [];
  for (const group of byClass.values()) {
    const cut = Math.ceil(group.length * firstShare);
    first.push(...group.slice(0, cut));
    later.push(...group.slice(cut));
  }
  return { first, later };
}

/** Uploads pictures to `s3://<bucket>/data/raw/<class>/<name>`, several at once. */
export async function uploadPictures(
  pictures: readonly Picture[],
  bucket: string,
  env: Record<string, string>,
  note: (line: string) => void,
): Promise<void> {
  const s3 = new S3Client({
    endpoint: env["AWS_ENDPOINT_URL"] ?? "",
    region: env["AWS_REGION"] ?? "us-east-1",
    credentials: { accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "", secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "" },
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  const queue = pictures.values();
  let sent = 0;
  const worker = async () => {
    for (const { file, label, name } of queue) {
      await s3.send(
        new PutObjectCommand({ Bucket: bucket, Key: `data/raw/${label}/${name}`, Body: await readFile(file) }),
      );
      sent += 1;
      if (sent % 50 === 0) note(`${sent} of ${pictures.length} pictures uploaded`);
    }
  };
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, worker));
  s3.destroy();
}

async function picturesOf(folder: string, label: string): Promise<Picture[]> {
  const names = (await readdir(path.join(folder, label))).filter((name) => PICTURE.test(name)).sort();
  const pictures = await Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, label, name);
      return { file, label, name, digest: await digestOf(file) };
    }),
  );
  // Backwards, since `prepare-data` divides by how a digest begins: the first pictures would all be test pictures.
  return pictures
    .sort((a, b) => (reversed(a.digest) < reversed(b.digest) ? -1 : 1))
    .map(({ digest: _, ...picture }) => picture);
}

function reversed(text: string): string {
  return [...text].reverse().join("");
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
