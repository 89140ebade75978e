import { createReadStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { inputError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { describe } from "../manifest.ts";
import type { PictureFacts, PictureSummary } from "./pictures.ts";
import { scanPictures } from "./pictures.ts";
import { listData, scanTables } from "./scan.ts";
import type { DataSchema } from "./schema.ts";
import type { TablePart } from "./table-merge.ts";

/**
 * A part's summary as files, which a job leaves for whoever puts the parts together: `summary.json`, the files of keys
 * beside it, and `pictures.jsonl` with a line a picture.
 */
const SUMMARY = "summary.json";
const PICTURES = "pictures.jsonl";

const Counts = z.record(z.string(), z.int().nonnegative());
const Name = z.string().regex(/^[\w.-]+$/);
const Table = z.strictObject({
  files: z.array(z.strictObject({ name: z.string(), sha256: z.string(), bytes: z.int() })),
  rows: z.int().nonnegative(),
  missing: Counts,
  broken: z.array(
    z.strictObject({
      name: z.string(),
      severity: z.enum(["error", "warning"]),
      rule: z.string(),
      count: z.int().positive(),
      examples: z.array(z.strictObject({ file: z.string(), row: z.int(), text: z.string() })),
    }),
  ),
  classes: Counts.optional(),
  profile: z.record(z.string(), z.strictObject({ kind: z.enum(["number", "level", "value"]), counts: Counts })),
  runs: z.array(z.strictObject({ kind: z.string(), file: Name })),
});
const Summary = z.strictObject({
  schema: z.literal(1),
  tables: z.array(Table).default([]),
  colours: z.array(z.int().nonnegative()).default([]),
});
const Facts = z.strictObject({
  path: z.string(),
  bytes: z.int(),
  sha256: z.string().optional(),
  hash: z.string().optional(),
  problem: z.strictObject({ anomaly: z.string(), rule: z.string(), detail: z.string() }).optional(),
});

/**
 * Reads a part of a data set and leaves its summary in a folder. Nothing is judged: a part says little of the whole.
 *
 * @param data folder of the part's files: tables, or pictures where the schema has rules for them
 */
export async function summarisePart(
  data: string,
  schema: DataSchema,
  into: string,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  await mkdir(into, { recursive: true });
  const files = await listData(data, schema);
  const images = schema["x-images"];
  const parts = images === undefined ? await scanTables(files, schema, into, false, onProgress) : [];
  const { pictures, colours } =
    images === undefined
      ? { pictures: [], colours: [] }
      : await scanPictures(files.folder, files.objects, images, onProgress);
  await writeFile(join(into, PICTURES), pictures.map((facts) => `${JSON.stringify(facts)}\n`).join(""));
  const summary = { schema: 1, tables: parts.map(({ summary: table }) => table), colours };
  await writeFile(join(into, SUMMARY), JSON.stringify(summary));
}

/** Reads what {@link summarisePart} left. */
export async function readPart(folder: string): Promise<{ tables: TablePart[]; pictures: PictureSummary }> {
  const parsed = Summary.safeParse(parseJson(await readFile(join(folder, SUMMARY), "utf8"), `\`${SUMMARY}\``));
  if (!parsed.success) throw inputError(`\`${SUMMARY}\` of a job is no summary of data: ${describe(parsed.error)}`);
  const pictures: PictureFacts[] = [];
  for await (const line of createInterface({ input: createReadStream(join(folder, PICTURES)) })) {
    const facts = Facts.safeParse(parseJson(line, `\`${PICTURES}\``));
    if (!facts.success) throw inputError(`\`${PICTURES}\` of a job is no list of pictures: ${describe(facts.error)}`);
    pictures.push(facts.data as PictureFacts);
  }
  const keys = join(folder, "keys");
  const tables = parsed.data.tables.map((table) => ({ summary: table as TablePart["summary"], folder: keys }));
  return { tables, pictures: { pictures, colours: parsed.data.colours } };
}
