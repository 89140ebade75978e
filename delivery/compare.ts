import type { Prediction } from "./predictions.ts";
import { bootstrapMeanInterval } from "./statistics/bootstrap.ts";
import { type Interval, mcnemarExact } from "./statistics.ts";

export type ComparisonVerdict = "better" | "worse" | "no difference shown" | "cannot decide" | "no champion yet";

/** A figure of both models. */
export type Contrast = {
  readonly current: number;
  readonly new: number;
  /** New minus current. */
  readonly difference: number;
};

/** How a new model did against the current one on the same pictures. */
export type Comparison = {
  readonly verdict: ComparisonVerdict;
  /** True for "better" and "no champion yet", and for nothing else. */
  readonly is_better: boolean;
  readonly reason: string;
  readonly samples?: number;
  /** Accuracy of each, and the 95 % interval of the difference by a paired bootstrap. */
  readonly accuracy?: Contrast & { readonly interval: Interval };
  readonly only_current_right?: number;
  readonly only_new_right?: number;
  /** McNemar's exact test, two-sided. */
  readonly p_value?: number;
  /** Mean milliseconds of a picture, and the 95 % interval of the difference. For information: the gate limits it. */
  readonly latency_ms?: Contrast & { readonly interval: Interval };
  /** Size of `model.onnx`, MB of 1,000,000 bytes. For information. */
  readonly model_size_mb?: Contrast;
};

export type ComparisonRules = {
  /** A difference counts when chance alone would show it in less than this share of comparisons. @default 0.05 */
  readonly alpha?: number;
  /** Fewer pictures decide nothing. @default 30 */
  readonly minSamples?: number;
  /** Of the bootstrap. @default 1 */
  readonly seed?: number;
};

/** A model by its answers and the size of its file. */
export type Compared = {
  readonly predictions: readonly Prediction[];
  /** Of `model.onnx`. @default - not known, and not told */
  readonly bytes?: number;
};

/** The answer where there is nothing to compare with: the first model is the best there is. */
export function noChampion(): Comparison {
  return { verdict: "no champion yet", is_better: true, reason: "there is no current model to compare with" };
}

/** Compares two models picture by picture; each is given by its predictions on the same test data. */
export function compareModels(current: Compared, candidate: Compared, rules: ComparisonRules = {}): Comparison {
  const { alpha = 0.05, minSamples = 30, seed = 1 } = rules;
  const samples = current.predictions.length;
  const mismatch = findMismatch(current.predictions, candidate.predictions);
  if (mismatch !== undefined) return undecided(mismatch);
  if (samples < minSamples) {
    return undecided(`${samples} pictures are too few to tell models apart; give at least ${minSamples}`, samples);
  }
  const pairs = pairUp(current.predictions, candidate.predictions);
  const count = (matches: (pair: Pair) => boolean) => pairs.filter(matches).length;
  const onlyCurrent = count(({ before, after }) => before.right && !after.right);
  const onlyNew = count(({ before, after }) => !before.right && after.right);
  const pValue = mcnemarExact(onlyCurrent, onlyNew);
  const verdict = pValue >= alpha ? "no difference shown" : onlyNew > onlyCurrent ? "better" : "worse";
  const reason =
    `of ${samples} pictures, ${onlyNew} only the new model got right and ${onlyCurrent} only the current one; ` +
    `p = ${pValue.toPrecision(3)} against ${alpha}`;
  const paired = (figure: (side: Side) => number) => {
    const differences = pairs.map(({ before, after }) => figure(after) - figure(before));
    const of = (side: (pair: Pair) => Side) => meanOf(pairs.map((pair) => figure(side(pair))));
    const contrast = { current: of(({ before }) => before), new: of(({ after }) => after) };
    const interval = bootstrapMeanInterval(differences, { seed });
    return { ...contrast, difference: meanOf(differences), interval };
  };
  return {
    verdict,
    is_better: verdict === "better",
    reason,
    samples,
    accuracy: paired(({ right }) => (right ? 1 : 0)),
    only_current_right: onlyCurrent,
    only_new_right: onlyNew,
    p_value: pValue,
    latency_ms: paired(({ ms }) => ms),
    ...sizes(current.bytes, candidate.bytes),
  };
}

type Side = { readonly right: boolean; readonly ms: number };
type Pair = { readonly before: Side; readonly after: Side };

function pairUp(current: readonly Prediction[], candidate: readonly Prediction[]): Pair[] {
  const sideOf = (p: Prediction): Side => ({ right: p.prediction === p.label, ms: p.latency_ms });
  const answers = new Map(candidate.map((p) => [p.path, sideOf(p)]));
  return current.flatMap((p) => {
    const after = answers.get(p.path);
    return after === undefined ? [] : [{ before: sideOf(p), after }];
  });
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sizes(current: number | undefined, next: number | undefined): Pick<Comparison, "model_size_mb"> {
  if (current === undefined || next === undefined) return {};
  return { model_size_mb: { current: current / 1e6, new: next / 1e6, difference: (next - current) / 1e6 } };
}

function undecided(reason: string, samples?: number): Comparison {
  return { verdict: "cannot decide", is_better: false, reason, ...(samples !== undefined && { samples }) };
}

/** Why two lists of predictions are not about the same pictures with the same labels, if so. */
function findMismatch(current: readonly Prediction[], candidate: readonly Prediction[]): string | undefined {
  if (current.length !== candidate.length) {
    return `the models were run on ${current.length} and ${candidate.length} pictures; both need the same test data`;
  }
  const labels = new Map(current.map((p) => [p.path, p.label]));
  if (labels.size !== current.length) return "a picture comes twice among the predictions";
  if (new Set(candidate.map((p) => p.path)).size !== candidate.length) {
    return "a picture comes twice among the new model's predictions";
  }
  const stranger = candidate.find((p) => labels.get(p.path) !== p.label);
  return (
    stranger && `picture \`${stranger.path}\` is missing, or labelled otherwise, in the current model's predictions`
  );
}
