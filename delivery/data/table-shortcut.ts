import { type ByteSets, canScan } from "./csv-columns.ts";
import { type DataSchema, type FieldSchema, labelField } from "./schema.ts";
import { columnsAtStart } from "./table-bytes.ts";
import type { TableGroup } from "./table-files.ts";

/**
 * A question about a group of CSV files that is cheaper than the one that is asked. Where nothing is amiss by it, and no
 * column holds a byte that is not of its set, nothing is amiss by the question that is asked either.
 */
export type Shortcut = {
  /** The same files, with columns read as integers and numbers instead of texts. */
  readonly group: TableGroup;
  /** The same schema, without the patterns that the bytes alone can break. */
  readonly schema: DataSchema;
  readonly sets: ByteSets;
};

/** A shortcut through a group of files, by what the first of them begins with; undefined where there is none. */
export async function findShortcut(group: TableGroup, schema: DataSchema): Promise<Shortcut | undefined> {
  const [first] = group.files;
  if (group.kind !== "csv" || first === undefined) return undefined;
  const fields = group.columns.map((column) => schema.fields.find(({ name }) => name === column.name));
  // Classes are counted by their texts.
  const label = labelField(schema)?.name;
  const wanted = fields.map((field) => (field?.name === label ? undefined : field && provingSet(field, schema)));
  if (!canScan(wanted)) return undefined;
  const proven = await columnsAtStart(first, wanted);
  if (proven.size === 0) return undefined;
  const easier = new Set([...proven].map((column) => fields[column]));
  return {
    group: {
      ...group,
      columns: group.columns.map((column, index) => {
        return proven.has(index)
          ? { ...column, type: READ_AS[fields[index]?.type ?? "string"] ?? column.type }
          : column;
      }),
    },
    schema: { ...schema, fields: schema.fields.map((field) => (easier.has(field) ? withoutPattern(field) : field)) },
    sets: wanted.map((set, column) => (proven.has(column) ? set : undefined)),
  };
}

const READ_AS: Partial<Record<FieldSchema["type"], string>> = { integer: "BIGINT", number: "DOUBLE" };

/** What the engine reads for a value beyond the standard's spelling: `12.5`, `1e3`, `0x1F`, `1_000`, ` 12`, `"12"`. */
const SPELLINGS: Partial<Record<FieldSchema["type"], string>> = { integer: "0123456789+-", number: "0123456789+-.eE" };
/** Whatever stands in these may make a number of it. */
const NEVER = /[^!-~]|[",._eExXbBoO]/g;

/** The bytes that a column has to keep to, so that reading it is cheaper; undefined where no bytes make it so. */
function provingSet(field: FieldSchema, { missingValues }: DataSchema): string | undefined {
  const spelling = SPELLINGS[field.type];
  if (spelling !== undefined) return spelling + missingValues.join("").replaceAll(NEVER, "");
  const { pattern } = field.constraints ?? {};
  return pattern === undefined ? undefined : membersOf(pattern, missingValues.includes(""));
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
