import { statSync } from "node:fs";
import { inputError } from "../errors.ts";
import { type Engine, identifier, literal, type Row } from "./engine.ts";
import { type DataSchema, labelField } from "./schema.ts";
import { relation, ruleColumns, type TableGroup } from "./table-files.ts";
import type { KeyRule } from "./table-keys.ts";
import { type RowRule, rowRules, textColumn, typedColumn } from "./table-rules.ts";
import { easier, type Question, type Shortcut } from "./table-shortcut.ts";

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
 * Reads each row once and counts what is missing, what breaks a rule, classes and keys; once more where a shortcut leads
 * nowhere.
 *
 * @param shortcut a cheaper question, asked first
 * @param kept columns that keep to the shortcut's sets; known when all bytes have been read
 */
export async function lookOver(
  engine: Engine,
  group: TableGroup,
  schema: DataSchema,
  asked: Asked,
  shortcut: Shortcut | undefined,
  kept: () => Promise<ReadonlySet<number>>,
): Promise<Look> {
  const question = { group, schema };
  const windows = await Promise.all(asked.keys.map((rule) => keyWindow(engine, group, schema, rule)));
  const ask = (asking: Question, within: typeof windows) =>
    lookOnce(engine, asking.group, asking.schema, asked, within);
  // What is not of its type, or is outside its window, stops the engine.
  const attempt = (asking: Question, within: typeof windows) => ask(asking, within).catch(() => undefined);
  if (shortcut === undefined) {
    const guessed = windows.some((window) => window !== undefined);
    return (guessed ? await attempt(question, windows) : undefined) ?? ask(question, []);
  }
  const look = await attempt(shortcut, windows);
  const columns = await kept();
  if (look !== undefined && shortcut.sets.every((set, column) => set === undefined || columns.has(column))) return look;
  // Where no column is proven and no window holds, that is the question itself.
  const isAnother = look !== undefined || columns.size > 0;
  const within = look === undefined ? [] : windows;
  return (isAnother ? await attempt(easier(question, columns), within) : undefined) ?? ask(question, []);
}

type Aggregate = readonly [name: string, sql: string];

async function lookOnce(
  engine: Engine,
  group: TableGroup,
  schema: DataSchema,
  asked: Asked,
  windows: readonly (Window | undefined)[],
): Promise<Look> {
  const from = rowsOf(group, schema);
  const rules = rowRules(group.columns, schema);
  const label = asked.fields.find((name) => name === labelField(schema)?.name);
  const listed = label === undefined ? [] : listedClasses(schema);
  const counted = await one(engine, from, [
    ["rows", "count(*)"],
    ...asked.fields.map((name): Aggregate => [`missing ${name}`, `count(*) - count(${rawOf(group, name)})`]),
    ...rules.map(({ broken }, index): Aggregate => [`rule ${index}`, `count_if(${broken})`]),
    ...listed.map((name, index): Aggregate => {
      return [`class ${index}`, `count_if(${rawOf(group, label ?? "")}::VARCHAR = ${literal(name)})`];
    }),
    ...asked.keys.flatMap((rule, index) => keyCounts(rule, windows[index])),
  ]);
  const count = (name: string) => Number(counted[name] ?? 0);
  const unique = asked.keys.filter(({ id }) => count(`keys ${id}`) === count(`different ${id}`));
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
    unique: new Set(unique.map(({ id }) => id)),
  };
}

async function one(engine: Engine, from: string, aggregates: readonly Aggregate[]): Promise<Row> {
  const selected = aggregates.map(([name, sql]) => `${sql} AS ${identifier(name)}`);
  const [row] = await engine.query(`SELECT ${selected.join(", ")} FROM ${from}`);
  return row ?? {};
}

/** Where all values of a key are expected. */
type Window = { readonly from: number; readonly to: number };

/** Most bits of a {@link Window}, 32 MiB in each thread. */
const MAX_WINDOW = 2 ** 28;
/** Rows that show where keys are. */
const SAMPLE = 5000;
/** A row of a CSV has at least so many bytes, on average, where keys are numbers in a row. */
const ROW_BYTES = 8;

/**
 * Keys that number the rows are told apart by a bit each, which is faster than a table of all keys and takes far less
 * memory. Where they are is guessed from the first rows; a wrong guess costs a second look, no more.
 */
async function keyWindow(
  engine: Engine,
  group: TableGroup,
  schema: DataSchema,
  { fields: [field, ...more] }: KeyRule,
): Promise<Window | undefined> {
  const isInteger = schema.fields.some(({ name, type }) => name === field && type === "integer");
  if (field === undefined || more.length > 0 || !isInteger) return undefined;
  const rows = rowsOf({ ...group, files: group.files.slice(0, 1) }, schema);
  const { low, high } = await one(engine, `(SELECT ${typedColumn(field)} AS key FROM ${rows} LIMIT ${SAMPLE})`, [
    ["low", "min(key)"],
    ["high", "max(key)"],
  ]);
  if (typeof low !== "number" || typeof high !== "number") return undefined;
  const bytes = group.files.reduce((sum, { path }) => sum + statSync(path).size, 0);
  const size = Math.min(MAX_WINDOW, Math.max(2 * SAMPLE, Math.floor(bytes / ROW_BYTES)));
  const from = low >= 0 && high < size ? 0 : low;
  return high - from < size ? { from, to: from + size } : undefined;
}

function keyCounts({ id, fields }: KeyRule, window: Window | undefined): Aggregate[] {
  const columns = fields.map(typedColumn).join(", ");
  const key = fields.length === 1 ? columns : `(${columns})`;
  const different = window
    ? `bit_count(bitstring_agg(${key}, ${window.from}, ${window.to}))`
    : `count(DISTINCT ${key})`;
  return [
    [`keys ${id}`, `count(${key})`],
    [`different ${id}`, different],
  ];
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
