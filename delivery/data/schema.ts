import { z } from "zod";
import { inputError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { describe } from "../manifest.ts";

// Strict objects throughout: a rule that is not understood must not pass as one that holds.

/** A bound of a range: a number, or a date or time as the field writes it. */
const Bound = z.union([z.number(), z.string().min(1)]);

const Constraints = z.strictObject({
  required: z.boolean().optional(),
  unique: z.boolean().optional(),
  minLength: z.int().nonnegative().optional(),
  maxLength: z.int().nonnegative().optional(),
  minimum: Bound.optional(),
  maximum: Bound.optional(),
  exclusiveMinimum: Bound.optional(),
  exclusiveMaximum: Bound.optional(),
  /** A regular expression that the whole value matches; without look-around and back-references. */
  pattern: z.string().optional(),
  enum: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(1)
    .optional(),
});

const Field = z.strictObject({
  name: z.string().min(1),
  /** Integers have 64 bits. `date` is YYYY-MM-DD, `datetime` YYYY-MM-DDThh:mm:ss with or without a fraction and Z. */
  type: z.enum(["string", "integer", "number", "boolean", "date", "datetime"]),
  title: z.string().optional(),
  description: z.string().optional(),
  constraints: Constraints.optional(),
  /** Share of rows that may have no value, 0 to 1. Any where it is absent and the field is not required. */
  "x-maxMissingShare": z.number().min(0).max(1).optional(),
});

const Images = z.strictObject({
  /** Formats by content, as sharp names them. */
  formats: z.array(z.enum(["jpeg", "png", "webp", "tiff", "gif"])).min(1),
  /** Least width and height, pixels. */
  minWidth: z.int().positive(),
  minHeight: z.int().positive(),
  /** Most pixels of one picture; guards against pictures that are small files and huge in memory. */
  maxPixels: z.int().positive(),
  /** Most bytes of one file. */
  maxBytes: z.int().positive(),
  /** Share of pictures that may be unusable, 0 to 1. */
  maxUnusableShare: z.number().min(0).max(1),
  /**
   * Pictures whose perceptual hashes (64 bits) differ in at most so many count as near copies, 0 to 7. Near copies are
   * not looked for where it is absent.
   */
  nearCopyDistance: z.int().min(0).max(7).optional(),
  /** Share of pictures that may be near copies of another, 0 to 1. @default 1: they are only told */
  maxNearCopyShare: z.number().min(0).max(1).optional(),
});

const Drift = z.strictObject({
  /** Most Jensen-Shannon divergence (bits, 0 to 1) of numbers, times, and the colours of pictures. */
  maxDivergence: z.number().min(0).max(1),
  /** Most difference of any value's share (0 to 1), of texts, booleans and classes. */
  maxShareDifference: z.number().min(0).max(1),
  /** Fewer values than this on either side decide nothing. @default 100 */
  minCount: z.int().positive().default(100),
});

const DatasetRules = z.strictObject({
  /** The field that names a row's class. @default `label`, where there is one */
  labelField: z.string().min(1).optional(),
  /** The field that says which split (train, test, …) a row belongs to. What is in two of them fails the set. */
  splitField: z.string().min(1).optional(),
  /** The classes that must be there, and no others. Any where it is absent. */
  classes: z.array(z.string().min(1)).min(1).optional(),
  minClasses: z.int().positive().default(1),
  /** Usable pictures, or rows, that each class needs. */
  minPerClass: z.int().positive().default(1),
  /** Most pictures or rows of a class for each of the smallest class. Any where it is absent. */
  maxImbalance: z.number().min(1).optional(),
  /** Classes too small or out of balance are told, and do not fail the set. */
  imbalanceIsWarning: z.boolean().default(false),
  /** Share of pictures or rows that may be exact copies of another of their class, 0 to 1. */
  maxDuplicateShare: z.number().min(0).max(1).optional(),
  /** Share of rows that may equal another but for case and spacing, 0 to 1. */
  maxNearDuplicateShare: z.number().min(0).max(1).optional(),
  /** Share of pictures or rows that may be exact copies of one with another label, 0 to 1. */
  maxLabelConflictShare: z.number().min(0).max(1).optional(),
  minRows: z.int().positive().default(1),
  maxRows: z.int().positive().optional(),
  /** Most files of the set; guards memory. */
  maxFiles: z.int().positive().default(1_000_000),
  /** How far the set may be from the one of an earlier report. Not compared where it is absent. */
  drift: Drift.optional(),
});

const DataSchema = z.strictObject({
  $schema: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  fields: z.array(Field).min(1),
  primaryKey: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  missingValues: z.array(z.string()).default([""]),
  /** Rules for each picture. Where it is absent the set is a table alone, and `path` and `label` are no special fields. */
  "x-images": Images.optional(),
  "x-dataset": DatasetRules.prefault({}),
});

/**
 * What a data set must satisfy: a Frictionless Table Schema (https://datapackage.org/standard/table-schema/) for the
 * table, with `x-images` for each picture and `x-dataset` for the set as a whole.
 */
export type DataSchema = z.infer<typeof DataSchema>;
export type FieldSchema = z.infer<typeof Field>;
export type ImageRules = z.infer<typeof Images>;
export type DatasetRules = z.infer<typeof DatasetRules>;
export type DriftRules = z.infer<typeof Drift>;

/** A schema of pictures. */
export type PictureSchema = DataSchema & { readonly "x-images": ImageRules };

/** Reads a schema; refuses one with a part that is not understood, or whose parts contradict each other. */
export function parseDataSchema(text: string, what: string): DataSchema {
  const parsed = DataSchema.safeParse(parseJson(text, what));
  if (!parsed.success) throw inputError(`${what} is not a data schema: ${describe(parsed.error)}`);
  const schema = parsed.data;
  const names = schema.fields.map((field) => field.name);
  if (new Set(names).size !== names.length) throw inputError(`${what} names a field twice`);
  for (const name of fieldsInUse(schema)) {
    if (!names.includes(name)) throw inputError(`${what} needs a field \`${name}\`; it has ${names.join(", ")}`);
  }
  for (const field of schema.fields) checkField(field, what);
  return schema;
}

/** The field that names a row's class, where there is one. */
export function labelField(schema: DataSchema): FieldSchema | undefined {
  const name = schema["x-dataset"].labelField ?? "label";
  return schema.fields.find((field) => field.name === name);
}

/** The primary key's fields; none where there is no key. */
export function primaryKey(schema: DataSchema): readonly string[] {
  return [schema.primaryKey ?? []].flat();
}

function fieldsInUse(schema: DataSchema): string[] {
  const { labelField, splitField } = schema["x-dataset"];
  const pictures = schema["x-images"] === undefined ? [] : ["path", "label"];
  return [...pictures, ...primaryKey(schema), ...[labelField ?? [], splitField ?? []].flat()];
}

const BOUNDS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] as const;
const LENGTHS = ["minLength", "maxLength", "pattern"] as const;

function checkField({ name, type, constraints = {} }: FieldSchema, what: string): void {
  try {
    if (constraints.pattern !== undefined) new RegExp(constraints.pattern, "u");
  } catch {
    throw inputError(`${what}: pattern of field \`${name}\` is no regular expression: ${constraints.pattern}`);
  }
  const numeric = type === "integer" || type === "number";
  for (const bound of BOUNDS) {
    const value = constraints[bound];
    const fits = type === "date" || type === "datetime" ? isTime(value) : numeric && typeof value === "number";
    if (value !== undefined && !fits)
      throw inputError(
        `${what}: \`${bound}\` of field \`${name}\` is ${JSON.stringify(value)}, but its type is ${type}`,
      );
  }
  const text = LENGTHS.find((constraint) => constraints[constraint] !== undefined);
  if (text !== undefined && type !== "string")
    throw inputError(`${what}: \`${text}\` of field \`${name}\` is for texts, but its type is ${type}`);
  const kind = { string: "string", integer: "number", number: "number", boolean: "boolean" } as Record<string, string>;
  const foreign = constraints.enum?.find((value) => typeof value !== (kind[type] ?? "string"));
  if (foreign !== undefined)
    throw inputError(`${what}: \`enum\` of field \`${name}\` has ${JSON.stringify(foreign)}, but its type is ${type}`);
}

const TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z?)?$/;

function isTime(value: unknown): boolean {
  return typeof value === "string" && TIME.test(value) && !Number.isNaN(Date.parse(value.slice(0, 10)));
}
