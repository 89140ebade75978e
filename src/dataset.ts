import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "./command-line.ts";

export interface Picture {
  /** `<class>/<file>`, with a forward slash on every system. */
  readonly path: string;
  readonly label: string;
}

export interface Dataset {
  readonly folder: string;
  /** Class names in the order of a model's outputs: by code unit, the same in every locale. */
  readonly classes: readonly string[];
  readonly pictures: readonly Picture[];
  /** Entries of the class folders that are no pictures by their name, and were left out. */
  readonly ignored: readonly string[];
}

const pictureName = /\.(jpe?g|png|webp)$/i;

/**
 * Lists a data set: a folder with a sub-folder a class, pictures in it. Order is by name. Files beside the class folders
 * and hidden entries are passed over. Throws `InputError` where there is no folder, no class, or a class without pictures.
 */
export async function listDataset(folder: string): Promise<Dataset> {
  const root = await stat(folder).catch(() => undefined);
  if (!root?.isDirectory()) {
    throw new InputError(`\`${folder}\` is not a folder; give one with a sub-folder a class`);
  }
  const classes = (await visibleEntries(folder)).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  if (classes.length === 0) throw new InputError(`\`${folder}\` has no sub-folders; put each class's pictures in one`);

  const pictures: Picture[] = [];
  const ignored: string[] = [];
  for (const label of classes) {
    const before = pictures.length;
    for (const entry of await visibleEntries(join(folder, label))) {
      const path = `${label}/${entry.name}`;
      if (entry.isFile() && pictureName.test(entry.name)) pictures.push({ path, label });
      else ignored.push(path);
    }
    if (pictures.length === before) {
      throw new InputError(
        `class \`${label}\` in \`${folder}\` has no .jpg, .jpeg, .png or .webp file; add some or remove it`,
      );
    }
  }
  return { folder, classes, pictures, ignored };
}

async function visibleEntries(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter(({ name }) => !name.startsWith(".")).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What the data is, in one line: SHA-256 over the sorted lines `<class>/<file> <sha256 of its bytes>\n`. */
export async function fingerprint({ folder, pictures }: Dataset): Promise<string> {
  const lines: string[] = [];
  for (const { path } of pictures) {
    const digest = createHash("sha256").update(await readFile(join(folder, path)));
    lines.push(`${path} ${digest.digest("hex")}\n`);
  }
  // By the lines and not by class: `rose` comes before `rose-wild`, but `rose-wild/a.jpg` before `rose/a.jpg`.
  return createHash("sha256").update(lines.sort().join("")).digest("hex");
}
