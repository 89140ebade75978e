import { fingerprint } from "../digest.ts";
import { inputError } from "../errors.ts";
import { withTemporaryFolder } from "../evaluation.ts";
import { TABLE } from "../raw-data.ts";
import { type Anomaly, type AnomalyLog, createAnomalyLog } from "./anomalies.ts";
import { compareProfiles, type Drift } from "./drift.ts";
import { openEngine } from "./engine.ts";
import { type Entry, findPictures } from "./labels.ts";
import { colourProfile, judgePictures, type Picture, type PictureSummary, scanPictures } from "./pictures.ts";
import type { Profile } from "./profile.ts";
import { type DataFiles, listData, requireUnchanged, scanTables } from "./scan.ts";
import { type DataSchema, labelField, type PictureSchema } from "./schema.ts";
import { mergeTables, percent, type TableFacts, type TablePart } from "./table-merge.ts";

/** What was found out about a data set. The same data and schema give the same report. */
export type DatasetReport = {
  readonly schema: 1;
  readonly verdict: "pass" | "fail";
  readonly data_path: string;
  /** Rows of the table; 0 for a set of pictures alone. */
  readonly rows: number;
  /** Pictures that were looked at, and those that can be used. */
  readonly images: number;
  readonly usable: number;
  readonly bytes: number;
  /** Rows, or usable pictures, of each class. */
  readonly classes: Readonly<Record<string, number>>;
  /** Share of rows without a value, by field. */
  readonly missing: Readonly<Record<string, number>>;
  /** Names and digests of all files that were read, in one digest, see `digest.ts`. */
  readonly fingerprint: string;
  readonly anomalies: readonly Anomaly[];
  /** How far the set is from the reference; empty where none was given. */
  readonly drift: readonly Drift[];
  /** How values are spread, for the next comparison; empty where the schema asks for none. */
  readonly profile: Profile;
};

/** Where a data set is, and what it is compared with. */
export type Question = {
  readonly data: string;
  /** Another split of the same data: what is in both fails the set. Pictures only. */
  readonly heldOut?: string;
  /** `profile` of an earlier report, see `x-dataset.drift`. */
  readonly reference?: Profile;
};

/** How files are read: here, or by jobs on a cluster. */
export type Scanner = {
  pictures(files: DataFiles, objects: DataFiles["objects"]): Promise<PictureSummary>;
  tables(files: DataFiles, scratch: string): Promise<TablePart[]>;
};

/** Reads files on this machine. @param onProgress Called after each file. */
export function localScanner(schema: DataSchema, onProgress?: (done: number, total: number) => void): Scanner {
  return {
    pictures: ({ folder }, objects) => scanPictures(folder, objects, (schema as PictureSchema)["x-images"], onProgress),
    tables: (files, scratch) => scanTables(files, schema, scratch, true, onProgress),
  };
}

/**
 * Checks a data set, local or `s3://…`: each row and each picture, and the set as a whole. With `x-images` in the schema
 * it is a folder of pictures, with or without a table of labels; without, it is a table in one or more files.
 *
 * @throws DeliveryError of kind `input`: there is no data set there, so nothing can be decided; ChangedError: it changed
 *   while it was read
 */
export async function validateDataset(
  question: Question,
  schema: DataSchema,
  scanner: Scanner = localScanner(schema),
): Promise<DatasetReport> {
  const log = createAnomalyLog();
  const files = await listData(question.data, schema);
  const found = await withTemporaryFolder((scratch) =>
    schema["x-images"] === undefined
      ? validateTable(files, question, schema, scanner, scratch, log)
      : validatePictures(files, question, { ...schema, "x-images": schema["x-images"] }, scanner, scratch, log),
  );
  await requireUnchanged(files);
  judgeClasses(found.classes, schema, log);
  const { drift: rules } = schema["x-dataset"];
  const compared = question.reference !== undefined && rules !== undefined;
  if (question.reference !== undefined && rules === undefined)
    throw inputError(
      "there is a reference to compare with, but the schema has no `drift` in x-dataset; add its limits",
    );
  const drift = compared ? compareProfiles(found.profile, question.reference, rules, log) : [];
  const anomalies = log.all();
  return {
    schema: 1,
    verdict: anomalies.some((anomaly) => anomaly.severity === "error") ? "fail" : "pass",
    data_path: files.path,
    ...found,
    anomalies,
    drift,
  };
}

type Findings = Omit<DatasetReport, "schema" | "verdict" | "data_path" | "anomalies" | "drift">;

async function validateTable(
  files: DataFiles,
  question: Question,
  schema: DataSchema,
  scanner: Scanner,
  scratch: string,
  log: AnomalyLog,
): Promise<Findings> {
  if (question.heldOut !== undefined)
    throw inputError("held-out data is compared for pictures only; for a table name its `splitField` in x-dataset");
  const parts = await scanner.tables(files, scratch);
  const engine = await openEngine(scratch, [...new Set(parts.map(({ folder }) => folder))]);
  let facts: TableFacts;
  try {
    facts = await mergeTables(engine, parts, schema, log);
  } finally {
    engine.close();
  }
  const missing = Object.fromEntries(
    Object.entries(facts.missing).map(([name, count]) => [name, facts.rows === 0 ? 0 : count / facts.rows]),
  );
  judgeRows(facts.rows, missing, schema, log);
  const label = labelField(schema)?.name;
  return {
    rows: facts.rows,
    images: 0,
    usable: 0,
    bytes: facts.files.reduce((sum, file) => sum + file.bytes, 0),
    classes: facts.classes ?? {},
    missing,
    fingerprint: fingerprint(facts.files),
    profile: profileOf(schema, facts.profile, label === undefined ? undefined : facts.classes),
  };
}

async function validatePictures(
  files: DataFiles,
  question: Question,
  schema: PictureSchema,
  scanner: Scanner,
  scratch: string,
  log: AnomalyLog,
): Promise<Findings> {
  const entries = await findPictures(files, schema, scratch, log);
  if (entries.length === 0) {
    throw inputError(
      `no data set at \`${files.path}\`: give a folder with a sub-folder of pictures for each class, or a ${TABLE}`,
    );
  }
  const summary = await scanner.pictures(files, [...new Set(entries.map(({ object }) => object))]);
  const pictures = withEntries(entries, summary, "data");
  const heldOut = question.heldOut === undefined ? [] : await readHeldOut(question.heldOut, schema, scanner, scratch);
  const { usable, classes, fingerprint: digest } = judgePictures(pictures, heldOut, schema, log);
  return {
    rows: 0,
    images: pictures.length,
    usable: usable.length,
    bytes: pictures.reduce((sum, picture) => sum + picture.bytes, 0),
    classes: withExpected(classes, schema),
    missing: {},
    fingerprint: digest,
    profile: profileOf(schema, colourProfile(summary), classes),
  };
}

/** Only compared with, so what is wrong with it by itself is not told here. */
async function readHeldOut(path: string, schema: PictureSchema, scanner: Scanner, scratch: string): Promise<Picture[]> {
  const files = await listData(path, schema);
  const entries = await findPictures(files, schema, scratch, createAnomalyLog());
  if (entries.length === 0) throw inputError(`no held-out data at \`${files.path}\``);
  const summary = await scanner.pictures(
    files,
    entries.map(({ object }) => object),
  );
  await requireUnchanged(files);
  return withEntries(entries, summary, "held out");
}

function withEntries(entries: readonly Entry[], { pictures }: PictureSummary, name: string): Picture[] {
  const facts = new Map(pictures.map((picture) => [picture.path, picture]));
  return entries.flatMap(({ object, label, split = name }) => {
    const known = facts.get(object.key);
    if (known === undefined) throw new Error(`no facts of ${object.key}`);
    return [{ ...known, label, split }];
  });
}

function profileOf(
  schema: DataSchema,
  profile: Profile,
  classes: Readonly<Record<string, number>> | undefined,
): Profile {
  if (schema["x-dataset"].drift === undefined) return {};
  return classes === undefined ? profile : { ...profile, class: { kind: "value", counts: classes } };
}

function judgeRows(rows: number, missing: Readonly<Record<string, number>>, schema: DataSchema, log: AnomalyLog): void {
  const { minRows, maxRows } = schema["x-dataset"];
  if (rows < minRows) log.add("DATASET_LOW_NUM_EXAMPLES", `at least ${minRows} rows`, `${rows}`);
  if (maxRows !== undefined && rows > maxRows)
    log.add("DATASET_HIGH_NUM_EXAMPLES", `at most ${maxRows} rows`, `${rows}`);
  for (const { name, "x-maxMissingShare": most } of schema.fields) {
    const share = missing[name] ?? 0;
    if (most === undefined || share <= most) continue;
    const rule = `\`${name}\` is missing in at most ${percent(most)} of rows`;
    log.add("FEATURE_TYPE_LOW_FRACTION_PRESENT", rule, `missing in ${percent(share)}`);
  }
}

function withExpected(classes: Readonly<Record<string, number>>, schema: DataSchema): Record<string, number> {
  const expected = (schema["x-dataset"].classes ?? []).map((label) => [label, 0]);
  return { ...Object.fromEntries(expected), ...classes };
}

function judgeClasses(found: Readonly<Record<string, number>>, schema: DataSchema, log: AnomalyLog): void {
  const rules = schema["x-dataset"];
  if (labelField(schema) === undefined) return;
  const counts = Object.entries(withExpected(found, schema));
  const severity = rules.imbalanceIsWarning ? "warning" : "error";
  if (counts.length < rules.minClasses) {
    log.add("DATASET_LOW_NUM_CLASSES", `at least ${rules.minClasses} classes`, `${counts.length}`);
  }
  for (const [label, count] of counts) {
    if (rules.classes !== undefined && !rules.classes.includes(label)) {
      const example = `\`${label}\`: ${count}`;
      log.add("ENUM_TYPE_UNEXPECTED_STRING_VALUES", `classes are ${rules.classes.join(", ")}`, example);
    }
    if (count < rules.minPerClass) {
      const rule = `at least ${rules.minPerClass} of each class`;
      // A class that is not there at all cannot be learnt, whatever balance is asked for.
      log.add("DATASET_LOW_NUM_EXAMPLES", rule, `\`${label}\`: ${count}`, count === 0 ? "error" : severity);
    }
  }
  const [least, most] = [Math.min(...counts.map(([, n]) => n)), Math.max(...counts.map(([, n]) => n))];
  if (rules.maxImbalance !== undefined && counts.length > 1 && most > rules.maxImbalance * least) {
    const rule = `at most ${rules.maxImbalance} of a class for each of another`;
    log.add("CLASS_IMBALANCE", rule, `${most} against ${least}`, severity);
  }
}
