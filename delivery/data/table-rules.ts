import { identifier, literal } from "./engine.ts";
import { type DataSchema, type FieldSchema, primaryKey } from "./schema.ts";

/** A rule for each row of a table, in words and in SQL over {@link castColumns}. */
export type RowRule = {
  readonly field: string;
  readonly anomaly: string;
  readonly rule: string;
  /** True for a row that breaks it; false or null for any other. */
  readonly broken: string;
};

/** A column of a table as it is stored: its name and the engine's type, `VARCHAR` for all of CSV. */
export type StoredColumn = { readonly name: string; readonly type: string };

/** Anomaly of a value, or a column, of another type than the schema says. */
export const TYPE_ANOMALY = {
  integer: "INT_TYPE_NOT_INT_STRING",
  number: "FLOAT_TYPE_STRING_NOT_FLOAT",
  boolean: "BOOL_TYPE_UNEXPECTED_STRING",
  string: "ENUM_TYPE_BYTES_NOT_STRING",
  date: "DATE_TYPE_NOT_DATE_STRING",
  datetime: "DATETIME_TYPE_NOT_DATETIME_STRING",
} as const satisfies Record<FieldSchema["type"], string>;

const SQL_TYPE = {
  integer: "BIGINT",
  number: "DOUBLE",
  boolean: "BOOLEAN",
  string: "VARCHAR",
  date: "DATE",
  datetime: "TIMESTAMP",
} as const satisfies Record<FieldSchema["type"], string>;

const STORED_AS: Readonly<Record<FieldSchema["type"], RegExp>> = {
  integer: /^U?(TINYINT|SMALLINT|INTEGER|BIGINT)$/,
  number: /^(FLOAT|DOUBLE|DECIMAL.*|U?(TINYINT|SMALLINT|INTEGER|BIGINT))$/,
  boolean: /^BOOLEAN$/,
  string: /^VARCHAR$/,
  date: /^DATE$/,
  datetime: /^TIMESTAMP/,
};

/** Whether a stored column can hold the field's values: in their own type, or written out as text. */
export function fitsType(column: StoredColumn, field: FieldSchema): boolean {
  return column.type === "VARCHAR" || STORED_AS[field.type].test(column.type);
}

/** The value of a field as its own type, null where it is missing or is none; and its text, where it is stored as one. */
export const typedColumn = (field: string) => identifier(`v:${field}`);
export const textColumn = (field: string) => identifier(`t:${field}`);

/**
 * The columns that rules are written over.
 *
 * @param missing texts that stand for no value and are not null yet
 */
export function castColumns(
  stored: readonly StoredColumn[],
  schema: DataSchema,
  missing: readonly string[] = schema.missingValues,
): string {
  const columns = schema.fields.flatMap((field) => {
    const column = stored.find(({ name }) => name === field.name);
    if (column === undefined || !fitsType(column, field)) return [];
    const text = missing.reduce((sql, one) => `nullif(${sql}, ${literal(one)})`, identifier(field.name));
    if (column.type !== "VARCHAR")
      return [`${identifier(field.name)}::${SQL_TYPE[field.type]} AS ${typedColumn(field.name)}`];
    const value = field.type === "string" ? text : `TRY_CAST(${text} AS ${SQL_TYPE[field.type]})`;
    return [`${text} AS ${textColumn(field.name)}`, `${value} AS ${typedColumn(field.name)}`];
  });
  return columns.join(", ");
}

/** The rules that each row is held to, in the schema's order. The same schema and columns give the same rules. */
export function rowRules(stored: readonly StoredColumn[], schema: DataSchema): RowRule[] {
  const key = primaryKey(schema);
  return schema.fields.flatMap((field) => {
    const column = stored.find(({ name }) => name === field.name);
    if (column === undefined || !fitsType(column, field)) return [];
    const asText = column.type === "VARCHAR";
    const raw = asText ? textColumn(field.name) : typedColumn(field.name);
    const rule = (anomaly: string, words: string, broken: string): RowRule[] => [
      { field: field.name, anomaly, rule: `\`${field.name}\` ${words}`, broken },
    ];
    const needed = field.constraints?.required || key.includes(field.name);
    return [
      ...(needed ? rule("FEATURE_TYPE_LOW_FRACTION_PRESENT", "is required", `${raw} IS NULL`) : []),
      ...(asText && field.type !== "string"
        ? rule(TYPE_ANOMALY[field.type], `is of type ${field.type}`, notOfType(field))
        : []),
      ...(field.type === "number" ? notFinite(field, rule) : []),
      ...constraintRules(field, rule),
    ];
  });
}

type MakeRule = (anomaly: string, words: string, broken: string) => RowRule[];

const INTEGER = "[+-]?[0-9]+";
const NUMBER = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?";
/** What the engine's casts pass over at the end of a number, as SQL writes it. */
const SPACES = ["' '", "E'\\t'", "E'\\n'", "E'\\r'", "E'\\f'", "E'\\v'"];
const DATETIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z?";

/**
 * The engine's casts take more than the standard does (` 12`, `1_000`, `12.5` for an integer). A cheap look tells the
 * usual spelling; only what looks unusual is held to the standard's own. `CASE`, since the engine evaluates the sides of
 * an `AND` in the order that it finds faster, and tries both to find out.
 */
function notOfType({ name, type }: FieldSchema): string {
  const [text, value] = [textColumn(name), typedColumn(name)];
  const unlike = (standard: string) => `NOT regexp_full_match(${text}, '${standard}')`;
  const blanks = SPACES.map((space) => `suffix(${text}, ${space})`).join(" OR ");
  const misspelled: Record<string, string> = {
    integer: `CASE WHEN ${value}::VARCHAR <> ${text} THEN ${unlike(INTEGER)} END`,
    // NaN and infinity have rules of their own, whatever their spelling.
    number: `CASE WHEN ${text} < '+' OR ${text} > ':' OR contains(${text}, '_') OR ${blanks} THEN isfinite(${value}) AND ${unlike(NUMBER)} END`,
    date: `strlen(${text}) <> 10 OR ${text} NOT LIKE '____-%'`,
    datetime: `CASE WHEN ${text} NOT LIKE '____-__-__T__:__:__Z' THEN ${unlike(DATETIME)} END`,
  };
  // All of these are values to the engine.
  if (type === "boolean")
    return `CASE WHEN ${text} <> 'true' AND ${text} <> 'false' THEN ${text} NOT IN ('True', 'TRUE', '1', 'False', 'FALSE', '0') END`;
  return `(${text} IS NULL) <> (${value} IS NULL) OR ${misspelled[type]}`;
}

function notFinite({ name }: FieldSchema, rule: MakeRule): RowRule[] {
  return [
    ...rule("FLOAT_TYPE_HAS_NAN", "is a number, not NaN", `isnan(${typedColumn(name)})`),
    ...rule("FLOAT_TYPE_HAS_INF", "is finite", `isinf(${typedColumn(name)})`),
  ];
}

function constraintRules(field: FieldSchema, rule: MakeRule): RowRule[] {
  const value = typedColumn(field.name);
  const given = field.constraints ?? {};
  const whole = (limit: number) => field.type === "integer" && Number.isSafeInteger(limit);
  const bound = (limit: string | number) =>
    typeof limit === "number"
      ? `${limit}::${SQL_TYPE[whole(limit) ? "integer" : "number"]}`
      : `${SQL_TYPE[field.type]} ${literal(limit)}`;
  // NaN is above every number to the engine, and has its own rule.
  const finite = (beyond: string) =>
    field.type === "number" ? `CASE WHEN ${beyond} THEN isfinite(${value}) END` : beyond;
  const range = (limit: string | number | undefined, words: string, sign: string) =>
    limit === undefined ? [] : rule("OUT_OF_RANGE", `is ${words} ${limit}`, finite(`${value} ${sign} ${bound(limit)}`));
  const unexpected = "ENUM_TYPE_UNEXPECTED_STRING_VALUES";
  const { enum: allowed, pattern, minLength, maxLength } = given;
  return [
    ...(allowed === undefined
      ? []
      : rule(
          unexpected,
          `is one of ${allowed.join(", ")}`,
          `${value} NOT IN (${allowed.map((one) => (typeof one === "number" || field.type === "string" || field.type === "boolean" ? literal(one) : bound(String(one)))).join(", ")})`,
        )),
    ...(pattern === undefined
      ? []
      : rule(unexpected, `matches ${pattern}`, `NOT regexp_full_match(${value}, ${literal(pattern)})`)),
    ...(minLength === undefined
      ? []
      : rule("VALUE_TOO_SHORT", `has at least ${minLength} characters`, `length(${value}) < ${minLength}`)),
    ...(maxLength === undefined
      ? []
      : rule(
          "VALUE_TOO_LONG",
          `has at most ${maxLength} characters`,
          `CASE WHEN strlen(${value}) > ${maxLength} THEN length(${value}) > ${maxLength} END`,
        )),
    ...range(given.minimum, "at least", "<"),
    ...range(given.maximum, "at most", ">"),
    ...range(given.exclusiveMinimum, "above", "<="),
    ...range(given.exclusiveMaximum, "below", ">="),
  ];
}
