import { statSync } from "node:fs";
import { inputError } from "../errors.ts";
import { type Engine, identifier, literal, type Row } from "./engine.ts";
import { type DataSchema, labelField } from "./schema.ts";
import { relation, ruleColumns, startsWithPlainNumbers, type TableGroup } from "./table-files.ts";
import type { KeyRule } from "./table-keys.ts";
import { type RowRule, rowRules, textColumn, typedColumn } from "./table-rules.ts";

/** What one pass over a group tells. */
export type Look = {
  readonly rows: number;
  /** Rows without a value, by field. */
  readonly missing: Readonly<Record<string, number>>;
  /** Rules that rows break, in the schema's order, and how many rows do. */
  readonly broken: readonly { readonly rule: RowRule; readonly count: number }[];
  /** Rows of each class; absent where the table has no classes. */
  readonly classes?: Readonly<Record<string, number>>;
  /** Ids of the asked key rules whose keys are all different. */
  readonly unique: ReadonlySet<string>;
};

/** What to look at: the fields that have values, and the keys to compare. */
type Asked = { readonly fields: readonly string[]; readonly keys: readonly KeyRule[] };

/** A group as one table, with the columns that rules are written over. */
export function rowsOf(group: TableGroup, schema: DataSchema): string {
  return `(SELECT ${ruleColumns(group, schema) || "1"} FROM ${relation(group, schema)})`;
}

/** A column as it was read, whether or not its value is of the field's type. */
export function rawOf(group: TableGroup, name: string): string {
  const { type } = group.columns.find((column) => column.name === name) ?? {};
  return type === "VARCHAR" ? textColumn(name) : typedColumn(name);
}

/**
 * Reads each row once and counts what is missing, what breaks a rule, classes and keys. Numbers of a CSV are first read
 * as numbers, which spares their texts; that is enough where nothing is amiss and no byte of the file could have made
 * the engine take for a number what is none.
 *
 * @param plainNumbers whether that is so; known when all bytes have been read
 */
export async function lookOver(
  engine: Engine,
  group: TableGroup,
  schema: DataSchema,
  asked: Asked,
  plainNumbers: () => Promise<boolean>,
): Promise<Look> {
  const numbers = (await startsWithPlainNumbers(group)) ? withNumbers(group, schema) : undefined;
  // What cannot be read as a number stops the engine; read as text, it breaks a rule.
  const look = numbers && (await lookOnce(engine, numbers, schema, asked).catch(() => undefined));
  if (look !== undefined && look.broken.length === 0 && (await plainNumbers())) return look;
  return lookOnce(engine, group, schema, asked);
}

/** A group of CSV files whose fields of numbers are read as such; undefined where there are none. */
function withNumbers(group: TableGroup, schema: DataSchema): TableGroup | undefined {
  const label = labelField(schema)?.name;
  const isNumber = (column: string) =>
    column !== label && schema.fields.some(({ name, type }) => name === column && type === "number");
  if (group.kind !== "csv" || !group.columns.some(({ name }) => isNumber(name))) return undefined;
  return { ...group, columns: group.columns.map((one) => (isNumber(one.name) ? { ...one, type: "DOUBLE" } : one)) };
}

type Aggregate = readonly [name: string, sql: string];

async function lookOnce(engine: Engine, group: TableGroup, schema: DataSchema, asked: Asked): Promise<Look> {
  const from = rowsOf(group, schema);
  const rules = rowRules(group.columns, schema);
  const label = asked.fields.find((name) => name === labelField(schema)?.name);
  const listed = label === undefined ? [] : listedClasses(schema);
  const keys = await Promise.all(asked.keys.map((rule) => keyColumn(engine, group, schema, rule)));
  const counted = await one(engine, from, [
    ["rows", "count(*)"],
    ...asked.fields.map((name): Aggregate => [`missing ${name}`, `count(*) - count(${rawOf(group, name)})`]),
    ...rules.map(({ broken }, index): Aggregate => [`rule ${index}`, `count_if(${broken})`]),
    ...listed.map((name, index): Aggregate => {
      return [`class ${index}`, `count_if(${rawOf(group, label ?? "")}::VARCHAR = ${literal(name)})`];
    }),
    ...keys.flatMap(keyCounts),
  ]);
  const count = (name: string) => Number(counted[name] ?? 0);
  const unique = new Set<string>();
  for (const { id, sql, window } of keys) {
    const outside = window !== undefined && count(`within ${id}`) !== count(`keys ${id}`);
    const different = outside ? await one(engine, from, [["n", `count(DISTINCT ${sql})`]]) : undefined;
    if (count(`keys ${id}`) === Number(different?.["n"] ?? counted[`different ${id}`] ?? 0)) unique.add(id);
  }
  return {
    rows: count("rows"),
    missing: Object.fromEntries(asked.fields.map((name) => [name, count(`missing ${name}`)])),
    broken: rules.flatMap((rule, index) => {
      return count(`rule ${index}`) === 0 ? [] : [{ rule, count: count(`rule ${index}`) }];
    }),
    ...(label !== undefined && {
      classes: await countClasses(
        engine,
        from,
        rawOf(group, label),
        Object.fromEntries(listed.map((name, index) => [name, count(`class ${index}`)])),
        count("rows") - count(`missing ${label}`),
      ),
    }),
    unique,
  };
}

async function one(engine: Engine, from: string, aggregates: readonly Aggregate[]): Promise<Row> {
  const selected = aggregates.map(([name, sql]) => `${sql} AS ${identifier(name)}`);
  const [row] = await engine.query(`SELECT ${selected.join(", ")} FROM ${from}`);
  return row ?? {};
}

/** A key in SQL, and where its values are expected. */
type KeyColumn = {
  readonly id: string;
  readonly sql: string;
  readonly window?: { readonly from: number; readonly to: number };
};

/** Most bits of a {@link KeyColumn}'s window, 32 MiB in each thread. */
const MAX_WINDOW = 2 ** 28;
/** Rows that show where keys are. */
const SAMPLE = 5000;
/** A row of a CSV has at least so many bytes, on average, where keys are numbers in a row. */
const ROW_BYTES = 8;

/**
 * Keys that number the rows are told apart by a bit each, which is five times as fast as a table of all keys and takes a
 * hundredth of its memory. Where they are is guessed from the first rows; a wrong guess costs a second look, no more.
 */
async function keyColumn(engine: Engine, group: TableGroup, schema: DataSchema, rule: KeyRule): Promise<KeyColumn> {
  const { id, fields } = rule;
  const [field, ...more] = fields;
  const sql = more.length === 0 ? typedColumn(field ?? "") : `(${fields.map(typedColumn).join(", ")})`;
  if (more.length > 0 || schema.fields.find(({ name }) => name === field)?.type !== "integer") return { id, sql };
  const sample = `(SELECT ${sql} AS key FROM ${rowsOf({ ...group, files: group.files.slice(0, 1) }, schema)} LIMIT ${SAMPLE})`;
  const { low, high } = await one(engine, sample, [
    ["low", "min(key)"],
    ["high", "max(key)"],
  ]);
  if (typeof low !== "number" || typeof high !== "number") return { id, sql };
  const bytes = group.files.reduce((sum, { path }) => sum + statSync(path).size, 0);
  const size = Math.min(MAX_WINDOW, Math.max(2 * SAMPLE, Math.floor(bytes / ROW_BYTES)));
  const from = low >= 0 && high < size ? 0 : low;
  return high - from < size ? { id, sql, window: { from, to: from + size } } : { id, sql };
}

function keyCounts({ id, sql, window }: KeyColumn): Aggregate[] {
  const keys: Aggregate = [`keys ${id}`, `count(${sql})`];
  if (window === undefined) return [keys, [`different ${id}`, `count(DISTINCT ${sql})`]];
  const { from, to } = window;
  const within = `${sql} BETWEEN ${from} AND ${to}`;
  const bits = `bitstring_agg(CASE WHEN ${within} THEN ${sql} END, ${from}, ${to})`;
  return [keys, [`within ${id}`, `count_if(${within})`], [`different ${id}`, `bit_count(${bits})`]];
}

/** Most classes that are told apart; more are no classes. */
const MAX_CLASSES = 10_000;

/** The values that classes should have, which are counted with the rules; none where any value will do. */
function listedClasses(schema: DataSchema): string[] {
  const allowed = labelField(schema)?.constraints?.enum ?? schema["x-dataset"].classes ?? [];
  return allowed.length > 200 ? [] : [...new Set(allowed.map(String))];
}

/** Rows of each class; asks again only where there are others than {@link listedClasses}. */
async function countClasses(
  engine: Engine,
  from: string,
  label: string,
  listed: Readonly<Record<string, number>>,
  present: number,
): Promise<Record<string, number>> {
  const found = Object.entries(listed).filter(([, n]) => n > 0);
  if (found.reduce((sum, [, n]) => sum + n, 0) === present) return Object.fromEntries(found);
  const rows = await engine.query(
    `SELECT ${label}::VARCHAR AS label, count(*) AS n FROM ${from} WHERE ${label} IS NOT NULL GROUP BY ALL LIMIT ${MAX_CLASSES + 1}`,
  );
  if (rows.length > MAX_CLASSES)
    throw inputError(`the classes are more than ${MAX_CLASSES}, so they are none; check \`labelField\``);
  return Object.fromEntries(rows.map(({ label: name, n }) => [String(name), Number(n)]));
}
