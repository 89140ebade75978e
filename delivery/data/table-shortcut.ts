import { type ByteSets, canScan } from "./csv-columns.ts";
import { type DataSchema, type FieldSchema, labelField } from "./schema.ts";
import { columnsAtStart } from "./table-bytes.ts";
import type { TableGroup } from "./table-files.ts";

/** What a table is asked: whether these files keep to this schema. */
export type Question = { readonly group: TableGroup; readonly schema: DataSchema };

/** A question that is {@link easier}, with the sets of the columns that make it so. */
export type Shortcut = Question & { readonly sets: ByteSets };

/** The shortcut that the beginning of a group's first file promises; undefined where it promises none. */
export async function findShortcut({ group, schema }: Question): Promise<Shortcut | undefined> {
  const [first] = group.files;
  if (group.kind !== "csv" || first === undefined) return undefined;
  const sets = fieldsOf({ group, schema }).map((field) => field && provingSet(field, schema));
  if (!canScan(sets) || sets.every((set) => set === undefined)) return undefined;
  const columns = await columnsAtStart(first, sets);
  if (columns.size === 0) return undefined;
  return {
    ...easier({ group, schema }, columns),
    sets: sets.map((set, column) => (columns.has(column) ? set : undefined)),
  };
}

/**
 * A question about CSV files that is cheaper than the one that is asked, and has the same answer where these columns hold no
 * byte that is not of their set: they are read as integers and numbers instead of texts, and the patterns that the bytes
 * alone can break are left out.
 */
export function easier({ group, schema }: Question, columns: ReadonlySet<number>): Question {
  const fields = fieldsOf({ group, schema }).map((field, column) => (columns.has(column) ? field : undefined));
  const typed = group.columns.map((column, index) => {
    return { ...column, type: READ_AS[fields[index]?.type ?? "string"] ?? column.type };
  });
  return {
    group: { ...group, columns: typed },
    schema: {
      ...schema,
      fields: schema.fields.map((field) => (fields.includes(field) ? withoutPattern(field) : field)),
    },
  };
}

/** The field of each column. */
function fieldsOf({ group, schema }: Question): (FieldSchema | undefined)[] {
  return group.columns.map((column) => schema.fields.find(({ name }) => name === column.name));
}

const READ_AS: Partial<Record<FieldSchema["type"], string>> = { integer: "BIGINT", number: "DOUBLE" };

/**
 * Beyond these the engine takes more for a value than the standard does: `12.5`, `1e3` and `0x1F` for an integer, `1_000` and
 * ` 12` for a number. Quotes around a value change nothing, and inside one they are refused.
 */
const SPELLINGS: Partial<Record<FieldSchema["type"], string>> = {
  integer: '0123456789+-"',
  number: '0123456789+-.eE"',
};
/** Not allowed for being in a missing value: with these a number can be spelled. */
const SPELLS_A_NUMBER = /[^!-~]|[",._eExXbBoO]/g;

/** The bytes that a column has to keep to, so that reading it is cheaper; undefined where no bytes make it so. */
function provingSet({ name, type, constraints }: FieldSchema, schema: DataSchema): string | undefined {
  const { missingValues } = schema;
  if (type === "string" && constraints?.pattern !== undefined)
    return membersOf(constraints.pattern, missingValues.includes(""));
  const spelling = SPELLINGS[type];
  // Classes are counted by their texts.
  if (spelling === undefined || name === labelField(schema)?.name) return undefined;
  return spelling + missingValues.join("").replaceAll(SPELLS_A_NUMBER, "");
}

/**
 * The characters of a pattern that asks for them and nothing else, like `[a-z0-9-]+`.
 *
 * @param someThere a value has at least one character
 */
function membersOf(pattern: string, someThere: boolean): string | undefined {
  const [, members, times] = /^(\[[a-zA-Z0-9 ./:;@#%=_+-]+\])([+*])$/.exec(pattern) ?? [];
  if (members === undefined || (times === "+" && !someThere)) return undefined;
  const member = new RegExp(members);
  const ascii = Array.from({ length: 128 }, (_, byte) => String.fromCharCode(byte));
  return ascii.filter((character) => member.test(character)).join("");
}

function withoutPattern({ constraints, ...field }: FieldSchema): FieldSchema {
  if (constraints === undefined) return field;
  const { pattern: _, ...others } = constraints;
  return { ...field, constraints: others };
}
