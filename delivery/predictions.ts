import { z } from "zod";
import { inputError } from "./errors.ts";
import { parseJson } from "./json.ts";
import { describe } from "./manifest.ts";

const Prediction = z.object({
  /** Path of the picture below the test data. */
  path: z.string().min(1),
  label: z.string().min(1),
  prediction: z.string().min(1),
  /** One a label, in the order of `labels.json`. Rounding may take one a little over 1. */
  probabilities: z.array(z.number().min(0).max(1.0001)).min(1),
  /** Decoding, preprocessing and inference of this one picture. */
  latency_ms: z.number().positive(),
});

/** One picture as a model's `evaluate` command answered it. Other fields of its line are passed over. */
export type Prediction = z.infer<typeof Prediction>;

/** Float32 probabilities, summed, are this close to 1. */
const SUM_TOLERANCE = 1e-3;
/** Of two classes this close, either may be named. */
const TIE = 1e-6;

/**
 * Reads the lines that `evaluate` writes. Refuses the whole file for one bad line: one that is no prediction, a picture
 * that comes twice, probabilities that are not those of `labels`, an answer that is not the likeliest of them.
 */
export function parsePredictions(text: string, what: string, labels: readonly string[]): Prediction[] {
  const seen = new Set<string>();
  const predictions = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, index) => {
      const at = `${what}, line ${index + 1}`;
      const parsed = Prediction.safeParse(parseJson(line, at));
      if (!parsed.success) throw inputError(`${at}: ${describe(parsed.error)}`);
      const { path } = parsed.data;
      if (seen.has(path)) throw inputError(`${at}: picture \`${path}\` comes twice`);
      seen.add(path);
      const problem = checkAnswer(parsed.data, labels);
      if (problem !== undefined) throw inputError(`${at}: ${problem}`);
      return parsed.data;
    });
  if (predictions.length === 0) throw inputError(`${what} holds no predictions`);
  return predictions;
}

function checkAnswer({ prediction, probabilities }: Prediction, labels: readonly string[]): string | undefined {
  if (probabilities.length !== labels.length) {
    return `${probabilities.length} probabilities for ${labels.length} labels; give one a label, in their order`;
  }
  const sum = probabilities.reduce((total, value) => total + value, 0);
  if (Math.abs(sum - 1) > SUM_TOLERANCE) return `the probabilities add up to ${sum}, not 1`;
  const answered = probabilities[labels.indexOf(prediction)];
  if (answered === undefined) return `\`${prediction}\` is none of the labels ${labels.join(", ")}`;
  const most = Math.max(...probabilities);
  if (answered < most - TIE) {
    return `\`${prediction}\` is answered with probability ${answered}, but \`${labels[probabilities.indexOf(most)]}\` has ${most}`;
  }
  return undefined;
}
