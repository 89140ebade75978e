import { z } from "zod";
import { inputError } from "./errors.ts";
import { parseJson } from "./json.ts";
import { describe } from "./manifest.ts";

const Golden = z.strictObject({
  schema: z.literal(1),
  samples: z
    .array(
      z.strictObject({
        /** Bytes of a picture file, as a client would send it. */
        image: z.base64().min(1),
        /** What training got for it, one a label, in the order of `labels.json`. */
        probabilities: z.array(z.number().min(0).max(1.0001)),
      }),
    )
    .min(1)
    .max(100),
});

/**
 * What `golden.json` holds: a few pictures, and the probabilities that training itself computed for them. A server that
 * gives others does something else to a picture than training did.
 */
export type Golden = z.infer<typeof Golden>;

/** Two probabilities further apart than this are not the rounding of float32. */
export const GOLDEN_TOLERANCE = 1e-4;

/** Reads a `golden.json`. Throws an error of kind `input` where it is none, or not of these labels. */
export function parseGolden(text: string, labels: readonly string[], what: string): Golden {
  const parsed = Golden.safeParse(parseJson(text, what));
  if (!parsed.success) throw inputError(`${what} does not hold golden samples: ${describe(parsed.error)}`);
  const odd = parsed.data.samples.findIndex(({ probabilities }) => probabilities.length !== labels.length);
  if (odd >= 0) {
    const count = parsed.data.samples[odd]?.probabilities.length;
    throw inputError(`${what}: sample ${odd + 1} has ${count} probabilities for ${labels.length} labels`);
  }
  return parsed.data;
}
