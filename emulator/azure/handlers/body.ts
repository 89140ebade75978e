import { z } from "zod";
import type { ArmRequest } from "../arm.ts";
import { armErrors } from "../errors.ts";
import type { Stored } from "../store.ts";

const Tags = z.record(z.string(), z.string().nullable());

const Body = z.looseObject({
  location: z.string().optional(),
  tags: Tags.nullish(),
});

// The fields that Azure's resources have at the top. Any other is a mistake that a rehearsal should show.
const TOP_FIELDS = new Set(
  "properties sku kind identity zones plan managedBy extendedLocation etag eTag systemData".split(" "),
);
const READ_ONLY = new Set(["id", "name", "type", "location", "tags", "systemData"]);

/** What a PUT or PATCH asks for. */
export interface ResourceBody {
  readonly location: string | undefined;
  readonly tags: Stored["tags"];
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Reads the body of a PUT or PATCH. @throws InvalidRequestContent naming the field. */
export function readResourceBody({ body }: ArmRequest): ResourceBody {
  const parsed = Body.safeParse(body ?? {});
  if (!parsed.success) throw armErrors.invalidContent(z.prettifyError(parsed.error));
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(parsed.data)) {
    if (READ_ONLY.has(name)) continue;
    if (!TOP_FIELDS.has(name))
      throw armErrors.invalidContent(`Could not find member '${name}' on object of type 'ResourceDefinition'.`);
    if (value !== undefined && value !== null) fields[name] = value;
  }
  return { location: parsed.data.location, tags: definedTags(parsed.data.tags), fields };
}

/** Merges a PATCH into what there is, objects member by member; null removes (RFC 7396). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/** Checks a value against a schema. @throws BadArgument-like error that names each field. */
export function checked<T extends z.ZodType>(schema: T, value: unknown, where: string): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${[where, ...issue.path].join(".")}: ${issue.message}`);
  throw armErrors.invalidContent(problems.join("; "));
}

function definedTags(tags: z.infer<typeof Tags> | null | undefined): Stored["tags"] {
  if (tags === undefined || tags === null) return undefined;
  return Object.fromEntries(Object.entries(tags).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
