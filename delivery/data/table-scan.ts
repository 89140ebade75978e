import { mapConcurrent } from "../concurrency.ts";
import { DeliveryError, inputError, messageOf } from "../errors.ts";
import { MAX_EXAMPLES, type Severity } from "./anomalies.ts";
import { type Engine, reasonOf } from "./engine.ts";
import { columnProfile, type Profile, readProfile } from "./profile.ts";
import type { DataSchema } from "./schema.ts";
import { createByteReader, type FileRecord } from "./table-bytes.ts";
import { ROW, relation, ruleColumns, type TableGroup } from "./table-files.ts";
import { contentRun, keyRules, keyRun, type RunKind } from "./table-keys.ts";
import { lookOver, rawOf, rowsOf } from "./table-look.ts";
import { fitsType, type RowRule, TYPE_ANOMALY } from "./table-rules.ts";
import { findShortcut, type Shortcut } from "./table-shortcut.ts";

/** A kind of problem of rows or columns, and the first of them by file and row; `row` is 0 for a whole column. */
export type Found = {
  readonly name: string;
  readonly severity: Severity;
  readonly rule: string;
  readonly count: number;
  readonly examples: readonly { readonly file: string; readonly row: number; readonly text: string }[];
};

/**
 * What is known of a table, or of a part of one. Made of counts and of files of sorted keys, so that the summaries of
 * parts add up to exactly the summary of the whole, see `table-merge.ts`.
 */
export type TableSummary = {
  readonly files: readonly FileRecord[];
  readonly rows: number;
  /** Rows without a value, by field. */
  readonly missing: Readonly<Record<string, number>>;
  /** Broken rules of rows and columns, in the schema's order. */
  readonly broken: readonly Found[];
  /** Rows of each class; absent where the table has no classes. */
  readonly classes?: Readonly<Record<string, number>>;
  /** How values are spread, by field. */
  readonly profile: Profile;
  /** Files of keys beside the summary, by what they are keys of. */
  readonly runs: readonly { readonly kind: RunKind; readonly file: string }[];
};

/** Files whose bytes are read at once; each takes a handle and a buffer. */
const FILES_AT_ONCE = 4;

/**
 * Reads files of the same columns: each byte once for its digest, each row once for the rules, once more where a row breaks
 * one, and key columns once more where keys are to be compared with those of other parts or are known to repeat.
 *
 * @param folder where files of keys are written
 * @param alone the group is the whole table: its keys need no file unless one repeats
 * @throws DeliveryError of kind `input`: a file cannot be read as a table
 */
export async function scanGroup(
  engine: Engine,
  group: TableGroup,
  schema: DataSchema,
  folder: string,
  alone: boolean,
): Promise<TableSummary> {
  const shortcut = await findShortcut({ group, schema });
  const reader = createByteReader(group.kind, shortcut?.sets);
  // Both read the files at the same time, so that the second finds them in the system's cache.
  const reading = mapConcurrent(group.files, FILES_AT_ONCE, reader.read);
  const kept = () => reading.then(reader.kept);
  const [bytes, rows] = await Promise.allSettled([
    reading,
    scanRows(engine, group, schema, folder, alone, shortcut, kept),
  ]);
  if (bytes.status === "rejected") throw bytes.reason;
  if (rows.status === "rejected") throw unreadable(rows.reason, group);
  return { files: bytes.value, ...rows.value };
}

/** What the engine says of a file, in our words; anything else is no fault of the file's. */
function unreadable(error: unknown, group: TableGroup): unknown {
  if (error instanceof DeliveryError || !/^[A-Z][\w-]*( [\w-]+)* Error: /.test(messageOf(error))) return error;
  const [file] = group.files;
  const names =
    group.files.length === 1 ? `\`${file?.name}\`` : `one of ${group.files.length} files like \`${file?.name}\``;
  const reason = reasonOf(error);
  const encoding = /unicode|utf-8/i.test(reason) ? " (ENUM_TYPE_INVALID_UTF8); save it as UTF-8" : "";
  return inputError(`${names} is not a ${group.kind === "csv" ? "CSV" : "Parquet"} table: ${reason}${encoding}`);
}

async function scanRows(
  engine: Engine,
  group: TableGroup,
  schema: DataSchema,
  folder: string,
  alone: boolean,
  shortcut: Shortcut | undefined,
  kept: () => Promise<ReadonlySet<number>>,
): Promise<Omit<TableSummary, "files">> {
  const fields = schema.fields.map(({ name }) => name).filter((name) => hasValue(group, schema, name));
  const keys = keyRules(schema).filter((rule) => rule.fields.every((name) => fields.includes(name)));
  const look = await lookOver(engine, group, schema, { fields, keys: alone ? keys : [] }, shortcut, kept);
  const broken: Found[] = [];
  for (const { rule, count } of look.broken) {
    const examples = await findExamples(engine, group, schema, rule);
    broken.push({ name: rule.anomaly, severity: "error", rule: rule.rule, count, examples });
  }
  const runs: { kind: RunKind; file: string }[] = [];
  for (const rule of keys) {
    if (look.unique.has(rule.id)) continue;
    runs.push({ kind: rule.id, file: await keyRun(engine, group, schema, rule, folder) });
  }
  const content = await contentRun(engine, group, schema, folder);
  if (content !== undefined) runs.push({ kind: "content", file: content });
  return {
    rows: look.rows,
    missing: Object.fromEntries(schema.fields.map(({ name }) => [name, look.missing[name] ?? look.rows])),
    broken: [...columnAnomalies(group, schema), ...broken],
    ...(look.classes && { classes: look.classes }),
    profile: await readProfile(engine, rowsOf(group, schema), columnProfile(schema, fields)),
    runs,
  };
}

function hasValue(group: TableGroup, schema: DataSchema, name: string): boolean {
  const column = group.columns.find((one) => one.name === name);
  const field = schema.fields.find((one) => one.name === name);
  return column !== undefined && field !== undefined && fitsType(column, field);
}

/** The first rows that break a rule, with their place and value. */
async function findExamples(
  engine: Engine,
  group: TableGroup,
  schema: DataSchema,
  rule: RowRule,
): Promise<Found["examples"]> {
  const examples: Found["examples"][number][] = [];
  for (const file of group.files) {
    const wanted = MAX_EXAMPLES - examples.length;
    if (wanted === 0) break;
    const from = `(SELECT ${ROW}, ${ruleColumns(group, schema)} FROM ${relation(group, schema, [file], true)})`;
    const shown = `left(${rawOf(group, rule.field)}::VARCHAR, 200)`;
    const rows = await engine.query(
      `SELECT ${ROW} AS at, ${shown} AS value FROM ${from} WHERE ${rule.broken} LIMIT ${wanted}`,
    );
    const text = (value: unknown) => (value === null ? "no value" : JSON.stringify(value));
    examples.push(...rows.map(({ at, value }) => ({ file: file.name, row: Number(at), text: text(value) })));
  }
  return examples;
}

/** Columns that are missing, new, in another order, or stored as another type; counted in each file. */
function columnAnomalies(group: TableGroup, schema: DataSchema): Found[] {
  const there = group.columns.map(({ name }) => name);
  const known = schema.fields.map(({ name }) => name);
  const about = (name: string, severity: Severity, rule: string, columns: readonly string[]): Found[] => {
    if (columns.length === 0) return [];
    const examples = group.files.flatMap(({ name: file }) => columns.map((text) => ({ file, row: 0, text })));
    return [{ name, severity, rule, count: examples.length, examples: examples.slice(0, MAX_EXAMPLES) }];
  };
  const columns = (names: readonly string[]) => names.map((name) => `column \`${name}\``);
  const shared = there.filter((name) => known.includes(name));
  const inOrder = known.filter((name) => there.includes(name));
  const [missing, added] = [
    known.filter((name) => !there.includes(name)),
    there.filter((name) => !known.includes(name)),
  ];
  const moved = shared.filter((name, index) => name !== inOrder[index]);
  return [
    ...about("SCHEMA_MISSING_COLUMN", "error", "every field of the schema is a column", columns(missing)),
    ...about("SCHEMA_NEW_COLUMN", "error", "every column is in the schema", columns(added)),
    ...about("SCHEMA_COLUMN_ORDER", "warning", "columns are in the schema's order", columns(moved)),
    ...schema.fields.flatMap((field) => {
      const column = group.columns.find(({ name }) => name === field.name);
      if (column === undefined || fitsType(column, field)) return [];
      const rule = `\`${field.name}\` is of type ${field.type}`;
      return about(TYPE_ANOMALY[field.type], "error", rule, [`column \`${field.name}\` is ${column.type}`]);
    }),
  ];
}
