import { type Engine, identifier } from "./engine.ts";
import { type DataSchema, labelField } from "./schema.ts";
import { typedColumn } from "./table-rules.ts";

/**
 * How values are spread, by field. Counts alone, of values or of buckets that do not depend on the data, so that the
 * profiles of parts add up to that of the whole.
 */
export type Profile = Readonly<Record<string, Distribution>>;

export type Distribution = {
  /** `number`: counts are by {@link bucketOf}; `level`: by a number; `value`: by the value itself. */
  readonly kind: "number" | "level" | "value";
  readonly counts: Readonly<Record<string, number>>;
};

/** A field to profile, and what it is counted by, in SQL. */
export type ProfiledColumn = { readonly name: string; readonly kind: Distribution["kind"]; readonly sql: string };

/** Buckets for each doubling of a number: neighbours are 0.54 % apart. */
const PER_OCTAVE = 128;
/** Above the number of any bucket of a positive double, so that the sign of a bucket is the sign of its numbers. */
const OFFSET = 200_000;

/** The bucket of a number: 0 for 0, else by sign and logarithm. */
export function bucketOf(value: number): number {
  return value === 0 ? 0 : Math.sign(value) * (Math.floor(Math.log2(Math.abs(value)) * PER_OCTAVE) + OFFSET);
}

/** The number in the middle of a bucket. */
export function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : Math.sign(bucket) * 2 ** ((Math.abs(bucket) - OFFSET + 0.5) / PER_OCTAVE);
}

/**
 * The fields whose spread is compared: numbers, booleans, and texts that are one of a list or name the class. Free texts
 * and times are not: they are new in every set.
 */
export function columnProfile(schema: DataSchema, fields: readonly string[]): ProfiledColumn[] {
  if (schema["x-dataset"].drift === undefined) return [];
  const label = labelField(schema)?.name;
  return schema.fields.flatMap(({ name, type, constraints }): ProfiledColumn[] => {
    const value = typedColumn(name);
    if (!fields.includes(name) || constraints?.unique) return [];
    if (type === "integer" || type === "number") {
      const double = `${value}::DOUBLE`;
      const bucket = `CASE WHEN ${value} = 0 THEN 0 WHEN isfinite(${double}) THEN (sign(${double}) * (floor(log2(abs(${double})) * ${PER_OCTAVE}) + ${OFFSET}))::BIGINT END`;
      return [{ name, kind: "number", sql: bucket }];
    }
    const listed = type === "boolean" || (type === "string" && (constraints?.enum !== undefined || name === label));
    return listed ? [{ name, kind: "value", sql: `${value}::VARCHAR` }] : [];
  });
}

/** Counts all columns in one pass. */
export async function readProfile(engine: Engine, from: string, columns: readonly ProfiledColumn[]): Promise<Profile> {
  if (columns.length === 0) return {};
  const names = columns.map((_, index) => identifier(`p${index}`));
  const inner = columns.map(({ sql }, index) => `${sql} AS ${names[index]}`).join(", ");
  const sets = names.map((name) => `(${name})`).join(", ");
  const which = names.map((name, index) => `WHEN grouping(${name}) = 0 THEN ${index}`).join(" ");
  const value = names.map((name) => `WHEN grouping(${name}) = 0 THEN ${name}::VARCHAR`).join(" ");
  const rows = await engine.query(
    `SELECT CASE ${which} END AS field, CASE ${value} END AS value, count(*) AS n FROM (SELECT ${inner} FROM ${from}) GROUP BY GROUPING SETS (${sets})`,
  );
  const counts = columns.map((): Record<string, number> => ({}));
  for (const { field, value: name, n } of rows) {
    const own = counts[Number(field)];
    if (own !== undefined && name !== null) own[String(name)] = Number(n);
  }
  return Object.fromEntries(columns.map(({ name, kind }, index) => [name, { kind, counts: counts[index] ?? {} }]));
}

/** The profile of parts together. */
export function mergeProfiles(profiles: readonly Profile[]): Profile {
  const merged: Record<string, Distribution> = {};
  for (const [name, { kind, counts }] of profiles.flatMap((profile) => Object.entries(profile))) {
    merged[name] = { kind, counts: addCounts([merged[name]?.counts ?? {}, counts]) };
  }
  return merged;
}

/** Counts added up by name, in the order of the names. */
export function addCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [name, count] of all.flatMap(Object.entries<number>)) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}
