import { createReadStream } from "node:fs";
import { CsvError, parseCsv } from "../csv.ts";
import { inputError } from "../errors.ts";
import { type Engine, identifier, literal, reasonOf } from "./engine.ts";
import type { DataSchema } from "./schema.ts";
import { castColumns, type StoredColumn } from "./table-rules.ts";

/** A table's file on this machine, under the name that reports give it. */
export type TableFile = { readonly name: string; readonly path: string };

/** Files with the same columns, read as one table. */
export type TableGroup = {
  readonly kind: "csv" | "parquet";
  readonly files: readonly TableFile[];
  readonly columns: readonly StoredColumn[];
};

/** Whether a name is one of a table's file. */
export function isTable(name: string): boolean {
  return /\.(csv|parquet)$/i.test(name);
}

/** Sorts files by what they hold. @throws DeliveryError of kind `input`: a file is no table. */
export async function groupTables(engine: Engine, files: readonly TableFile[]): Promise<TableGroup[]> {
  const groups = new Map<string, { kind: TableGroup["kind"]; files: TableFile[]; columns: StoredColumn[] }>();
  for (const file of files) {
    // The engine would take these as wildcards.
    if (/[*?[\]{}]/.test(file.path)) throw inputError(`\`${file.name}\` has one of * ? [ ] { } in its path; rename it`);
    const kind = /\.csv$/i.test(file.name) ? "csv" : "parquet";
    const columns = kind === "csv" ? await csvColumns(file) : await parquetColumns(engine, file);
    const names = columns.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      throw inputError(
        `\`${file.name}\` has two columns named \`${twice}\` (SCHEMA_DUPLICATE_COLUMN); which one counts is not known`,
      );
    const id = JSON.stringify([kind, columns]);
    const group = groups.get(id) ?? { kind, files: [], columns };
    group.files.push(file);
    groups.set(id, group);
  }
  return [...groups.values()];
}

/** Longest header that is looked for. */
const HEADER_BYTES = 1 << 20;

async function csvColumns({ name, path }: TableFile): Promise<StoredColumn[]> {
  let head = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { end: HEADER_BYTES - 1 })) {
    head = Buffer.concat([head, chunk as Buffer]);
    if (endOfRecord(head) !== undefined) break;
  }
  if (head.length === 0) throw inputError(`\`${name}\` holds no records: it is empty`);
  const what = `\`${name}\` is not a CSV table`;
  if (head[0] === 0xff || head[0] === 0xfe || head.subarray(0, 2).includes(0))
    throw inputError(`${what}: not UTF-8 (ENUM_TYPE_INVALID_UTF8); save it as UTF-8`);
  const end = endOfRecord(head);
  if (end === undefined && head.length >= HEADER_BYTES)
    throw inputError(`${what}: line 1: the header does not end within ${HEADER_BYTES} bytes`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(head.subarray(0, end));
    const cells = parseCsv(text)[0]?.cells ?? [];
    return cells.map((cell) => ({ name: cell, type: "VARCHAR" }));
  } catch (error) {
    if (error instanceof CsvError) throw inputError(`${what}: ${error.message}`);
    throw inputError(`${what}: not UTF-8 (ENUM_TYPE_INVALID_UTF8); save it as UTF-8`);
  }
}

/** Where the first record ends: at a line feed with as many quotes before it as close. */
function endOfRecord(content: Buffer): number | undefined {
  let quotes = 0;
  for (const [index, byte] of content.entries()) {
    if (byte === 0x22) quotes++;
    if (byte === 0x0a && quotes % 2 === 0) return content[index - 1] === 0x0d ? index - 1 : index;
  }
  return undefined;
}

async function parquetColumns(engine: Engine, { name, path }: TableFile): Promise<StoredColumn[]> {
  try {
    const rows = await engine.query(`DESCRIBE SELECT * FROM read_parquet([${literal(path)}])`);
    return rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }));
  } catch (error) {
    throw inputError(`\`${name}\` is not a Parquet file: ${reasonOf(error)}`);
  }
}

/** A cell longer than this is taken for a quote that never closes, or worse. Bytes. */
const MAX_LINE = 2_000_000;

/**
 * The group, or one file of it, as SQL reads it: with columns of the stored names, null where a value is missing.
 *
 * @param numbered adds `row`, counted as a spreadsheet does: from 1, a CSV file's header included
 */
export function relation(group: TableGroup, schema: DataSchema, files = group.files, numbered = false): string {
  const paths = `[${files.map(({ path }) => literal(path)).join(", ")}]`;
  if (group.kind === "parquet") {
    const from = `read_parquet(${paths}${numbered ? ", file_row_number = true" : ""})`;
    return numbered ? `(SELECT *, file_row_number + 1 AS "#row" FROM ${from})` : from;
  }
  const options = [
    "header = true, auto_detect = false, strict_mode = true, delim = ',', quote = '\"', escape = '\"'",
    `max_line_size = ${MAX_LINE}`,
    `nullstr = [${schema.missingValues.map(literal).join(", ")}]`,
    `columns = {${group.columns.map(({ name, type }) => `${literal(name)}: ${literal(type)}`).join(", ")}}`,
  ];
  const from = `read_csv(${paths}, ${options.join(", ")})`;
  return numbered ? `(SELECT *, row_number() OVER () + 1 AS "#row" FROM ${from})` : from;
}

/** The columns that rules are written over, of a {@link relation}: in CSV it has made missing values null already. */
export function ruleColumns(group: TableGroup, schema: DataSchema): string {
  return castColumns(group.columns, schema, group.kind === "csv" ? [] : schema.missingValues);
}

/** `row` of a numbered {@link relation}. */
export const ROW = identifier("#row");
