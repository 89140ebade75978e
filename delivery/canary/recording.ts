import { z } from "zod";
import { inputError } from "../errors.ts";
import { parseJson } from "../json.ts";

const Latency = z.strictObject({
  average: z.number().nullable(),
  p50: z.number().nullable(),
  p90: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});

const Sample = z.strictObject({
  /** Start of the minute, ISO 8601. */
  minute: z.iso.datetime(),
  /** `<status>` or `<status>/<the container's own status>` → requests; null where the source gave no number. */
  requests: z.record(z.string().regex(/^\d{3}(\/\d{3})?$/), z.number().nullable()),
  /** Milliseconds; null where the source gave no number. */
  latency: Latency,
});

const Labels = z.strictObject({
  canary: z.record(z.string(), z.int().nonnegative()),
  baseline: z.record(z.string(), z.int().nonnegative()),
});

/** What a shadow predicted for requests that it got copies of, against what was answered. */
const Agreement = z.strictObject({
  /** Requests with one label on both sides. */
  pairs: z.int().nonnegative(),
  agreed: z.int().nonnegative(),
  /** Requests answered on both sides, and not with a label on both. */
  unlabelled: z.int().nonnegative(),
  /** Copies of which no live answer is known, or more than one. */
  unpaired: z.int().nonnegative(),
  /** `<answered> => <the shadow's>` → pairs. */
  differences: z.record(z.string(), z.int().positive()),
});

const Recording = z.strictObject({
  schema: z.literal(1),
  endpoint: z.string(),
  /** What is watched: minutes that start in `[from, to)`, ISO 8601. */
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  canary: z.strictObject({ deployment: z.string(), minutes: z.array(Sample) }),
  baseline: z.strictObject({ deployment: z.string(), minutes: z.array(Sample) }),
  /** How often each label was predicted, where predictions are collected. */
  labels: Labels.optional(),
  /** Where the canary is a shadow. */
  agreement: Agreement.optional(),
});

/** One deployment's figures in one minute. */
export type Sample = z.infer<typeof Sample>;
export type Agreement = z.infer<typeof Agreement>;
export type LatencyName = keyof Sample["latency"];
/** All that a verdict is made of: what a canary and its baseline did, minute by minute. */
export type Recording = z.infer<typeof Recording>;

/** Reads a recording from JSON. @param what names it in errors */
export function parseRecording(text: string, what: string): Recording {
  const parsed = Recording.safeParse(parseJson(text, what));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw inputError(`${what} is no recording of a canary: \`${issue?.path.join(".")}\`: ${issue?.message}`);
}
