import { z } from "zod";
import { invalidRequest } from "./errors.ts";

/** A field that holds a text. */
export const text = z.string("is not a string");

/**
 * The body as `schema` describes it. A field the schema does not know is refused: taking it without acting on it would
 * let a rehearsal pass that proves less than it seems to.
 * @throws GithubError 422 naming the first field that is wrong.
 */
export function checkBody<T>(schema: z.ZodType<T>, body: Readonly<Record<string, unknown>>): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue === undefined) throw invalidRequest("The body is not valid.");
  throw invalidRequest(describe(issue, body));
}

function describe(issue: z.core.$ZodIssue, body: unknown): string {
  if (issue.code === "unrecognized_keys") return `"${issue.keys[0]}" is not a permitted key.`;
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], body);
  if (value === undefined) return `"${issue.path.join(".")}" wasn't supplied.`;
  return `For 'properties/${issue.path.join("/")}', ${issue.message}.`;
}
