import { join } from "node:path";
import { type Engine, identifier, literal } from "./engine.ts";
import { type DataSchema, labelField, primaryKey } from "./schema.ts";
import { ROW, relation, ruleColumns, type TableGroup } from "./table-files.ts";
import { typedColumn } from "./table-rules.ts";

/** A key that no two rows may share. */
export type KeyRule = {
  readonly id: string;
  readonly fields: readonly string[];
  readonly anomaly: string;
  readonly rule: string;
};

/** What a file of keys is of: the id of a key rule, or `content`: the rows themselves. */
export type RunKind = string;

export function keyRules(schema: DataSchema): KeyRule[] {
  const key = primaryKey(schema);
  const primary: KeyRule = {
    id: "primary-key",
    fields: key,
    anomaly: "DUPLICATE_PRIMARY_KEY",
    rule: `\`${key.join(", ")}\` is unique`,
  };
  const unique = schema.fields
    .filter(({ name, constraints }) => constraints?.unique && !(key.length === 1 && key[0] === name))
    .map(({ name }): KeyRule => {
      return { id: `unique-${name}`, fields: [name], anomaly: "DUPLICATE_VALUE", rule: `\`${name}\` is unique` };
    });
  return key.length > 0 ? [primary, ...unique] : unique;
}

/** Bits for a row's number; above them stands its file's place in the summary. */
export const ROW_BITS = 40;

/** The group's rows with their place, file and row in one number. */
function placed(group: TableGroup, schema: DataSchema, files: readonly string[]): string {
  const parts = group.files.map((file) => {
    const place = `(${files.indexOf(file.name)}::BIGINT << ${ROW_BITS}) + ${ROW}`;
    return `SELECT ${place} AS place, ${ruleColumns(group, schema)} FROM ${relation(group, schema, [file], true)}`;
  });
  return `(${parts.join(" UNION ALL ")})`;
}

/** Writes every key of a rule once, with how often it occurs and where first and last; gives the file's name. */
export async function keyRun(
  engine: Engine,
  group: TableGroup,
  schema: DataSchema,
  rule: KeyRule,
  folder: string,
): Promise<string> {
  const keys = rule.fields.map((name, index) => `${typedColumn(name)}::VARCHAR AS k${index}`);
  const there = rule.fields.map((name) => `${typedColumn(name)} IS NOT NULL`);
  const from = placed(group, schema, namesOf(group));
  const by = rule.fields.map((_, index) => `k${index}`).join(", ");
  return writeRun(
    engine,
    folder,
    `SELECT ${by}, count(*) AS n, min(place) AS first, max(place) AS last FROM (SELECT place, ${keys.join(", ")} FROM ${from} WHERE ${there.join(" AND ")}) GROUP BY ${by}`,
  );
}

/**
 * Writes a digest of every different row, and of what is left of it without case and spacing, for what a row says of its
 * subject: keys, the split and the class stand beside it. Undefined where no rule asks for it.
 */
export async function contentRun(
  engine: Engine,
  group: TableGroup,
  schema: DataSchema,
  folder: string,
): Promise<string | undefined> {
  const { maxDuplicateShare, maxNearDuplicateShare, maxLabelConflictShare, splitField } = schema["x-dataset"];
  const rules = [maxDuplicateShare, maxNearDuplicateShare, maxLabelConflictShare, splitField];
  const fields = contentFields(schema).filter((name) => group.columns.some((column) => column.name === name));
  if (rules.every((rule) => rule === undefined) || fields.length === 0) return undefined;
  const optional = (name: string | undefined) =>
    name !== undefined && group.columns.some((column) => column.name === name)
      ? `${typedColumn(name)}::VARCHAR`
      : "NULL";
  const exact = fields.map((name) => `${typedColumn(name)}::VARCHAR`);
  const loose = exact.map((text) => `lower(trim(regexp_replace(${text}, '\\s+', ' ', 'g')))`);
  // The length before each text keeps ("ab", "c") and ("a", "bc") apart.
  const digest = (texts: readonly string[]) =>
    `md5(concat(${texts.map((text) => `coalesce(strlen(${text})::VARCHAR || ':' || ${text}, '-')`).join(", ")}))`;
  const columns = [
    `${digest(exact)} AS exact`,
    `${digest(loose)} AS loose`,
    `${optional(labelField(schema)?.name)} AS label`,
    `${optional(splitField)} AS split`,
  ];
  const from = placed(group, schema, namesOf(group));
  return writeRun(
    engine,
    folder,
    `SELECT exact, loose, label, split, count(*) AS n, min(place) AS first, max(place) AS last FROM (SELECT place, ${columns.join(", ")} FROM ${from}) GROUP BY ALL`,
  );
}

function contentFields(schema: DataSchema): string[] {
  const beside = [...primaryKey(schema), labelField(schema)?.name, schema["x-dataset"].splitField];
  return schema.fields
    .filter(({ name, constraints }) => !constraints?.unique && !beside.includes(name))
    .map(({ name }) => name);
}

function namesOf(group: TableGroup): string[] {
  return group.files.map(({ name }) => name);
}

let written = 0;

async function writeRun(engine: Engine, folder: string, sql: string): Promise<string> {
  const file = `keys-${process.pid}-${++written}.parquet`;
  await engine.run(`COPY (${sql}) TO ${literal(join(folder, file))} (FORMAT parquet)`);
  return file;
}

/** A file of keys to be merged: where it is, and the place of each of its files among all, by its own order. */
export type Run = { readonly path: string; readonly places: readonly number[] };

/** Keys that occur more than once, over all files of keys of one rule. */
export async function repeatedKeys(
  engine: Engine,
  runs: readonly Run[],
  fields: number,
  limit: number,
): Promise<{ count: number; examples: { key: string[]; first: number; last: number }[] }> {
  const keys = Array.from({ length: fields }, (_, index) => identifier(`k${index}`));
  const by = keys.join(", ");
  const from = union(runs);
  await engine.run(
    `CREATE OR REPLACE TEMP TABLE repeated AS SELECT ${by}, sum(n) AS n, min(first) AS first, max(last) AS last FROM ${from} GROUP BY ${by} HAVING sum(n) > 1`,
  );
  const [total] = await engine.query("SELECT coalesce(sum(n - 1), 0)::BIGINT AS n FROM repeated");
  const rows = await engine.query(`SELECT * FROM repeated ORDER BY first LIMIT ${limit}`);
  await engine.run("DROP TABLE repeated");
  const examples = rows.map((row) => ({
    key: keys.map((_, index) => String(row[`k${index}`])),
    first: Number(row["first"]),
    last: Number(row["last"]),
  }));
  return { count: Number(total?.["n"] ?? 0), examples };
}

/** What rows have in common with each other. */
export type ContentCounts = {
  /** Rows that say the same as an earlier one of their class. */
  readonly copies: number;
  /** Forms of rows that equal another but for case and spacing. */
  readonly nearCopies: number;
  /** Further classes that the same content was given. */
  readonly conflicts: number;
  /** Contents that are in more than one split. */
  readonly leaks: number;
  /** First and last place of some of each. */
  readonly places: Readonly<Record<"copies" | "nearCopies" | "conflicts" | "leaks", readonly [number, number][]>>;
};

/** Compares rows by content, over all files of content. */
export async function compareContent(engine: Engine, runs: readonly Run[], limit: number): Promise<ContentCounts> {
  await engine.run(`CREATE OR REPLACE TEMP TABLE content AS SELECT * FROM ${union(runs)}`);
  const ask = async (counted: string, by: string, having: string): Promise<[number, [number, number][]]> => {
    const groups = `(SELECT min(first) AS first, max(last) AS last, ${counted} AS found FROM content GROUP BY ${by} HAVING ${having})`;
    const [total] = await engine.query(`SELECT coalesce(sum(found), 0)::BIGINT AS n FROM ${groups}`);
    const rows = await engine.query(`SELECT first, last FROM ${groups} ORDER BY first LIMIT ${limit}`);
    return [Number(total?.["n"] ?? 0), rows.map((row) => [Number(row["first"]), Number(row["last"])])];
  };
  const [copies, copyPlaces] = await ask("sum(n) - 1", "exact, label", "sum(n) > 1");
  const [nearCopies, nearPlaces] = await ask("count(DISTINCT exact) - 1", "loose", "count(DISTINCT exact) > 1");
  const [conflicts, conflictPlaces] = await ask("count(DISTINCT label) - 1", "exact", "count(DISTINCT label) > 1");
  const [leaks, leakPlaces] = await ask("1", "loose", "count(DISTINCT split) > 1");
  await engine.run("DROP TABLE content");
  const places = { copies: copyPlaces, nearCopies: nearPlaces, conflicts: conflictPlaces, leaks: leakPlaces };
  return { copies, nearCopies, conflicts, leaks, places };
}

/** All files of keys as one, places counted over all of them. */
function union(runs: readonly Run[]): string {
  const parts = runs.map(({ path, places }) => {
    const moved = (column: string) =>
      `(([${places.join(", ")}])[(${column} >> ${ROW_BITS}) + 1]::BIGINT << ${ROW_BITS}) + (${column} & ${2 ** ROW_BITS - 1}) AS ${column}`;
    return `SELECT * REPLACE (${moved("first")}, ${moved("last")}) FROM read_parquet(${literal(path)})`;
  });
  return `(${parts.join(" UNION ALL ")})`;
}
