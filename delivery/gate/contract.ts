import type { Manifest } from "../manifest.ts";
import type { LoadedModel, TensorShape } from "./load-model.ts";

type Contract = Pick<Manifest, "input" | "output">;

/** Probabilities in float32, summed, are this close to 1. */
const SUM_TOLERANCE = 1e-3;

/** What a loaded model does otherwise than its manifest says; empty where it keeps to it. */
export function contractProblems(model: LoadedModel, { input, output }: Contract, labels: number): string[] {
  // The manifest may name the number of classes instead of giving it; the labels give it.
  const size = (value: number | string) => (value === "classes" ? labels : value);
  const wanted = { ...output, shape: output.shape.map(size) };
  const shapes = [...compare("takes", model.inputs, input), ...compare("gives", model.outputs, wanted)];
  return shapes.length > 0 ? shapes : trialProblems(model.trial, labels);
}

function compare(verb: string, actual: readonly TensorShape[], wanted: TensorShape): string[] {
  const [only] = actual;
  const fits =
    actual.length === 1 &&
    only?.name === wanted.name &&
    only.type === wanted.type &&
    only.shape.length === wanted.shape.length &&
    wanted.shape.every((size, i) => fitsSize(only.shape[i], size));
  if (fits) return [];
  const got = actual.map(describe).join("; ") || "nothing";
  const fixed = typeof wanted.shape[0] === "string" && typeof only?.shape[0] === "number" && only.name === wanted.name;
  const remedy = fixed ? "; export it with a dynamic batch" : "";
  return [`the model ${verb} \`${got}\`, but the contract is \`${describe(wanted)}\`${remedy}`];
}

/** A size that the contract names is free, and must be so in the model: a fixed batch takes one picture at a time. */
function fitsSize(actual: number | string | undefined, wanted: number | string): boolean {
  return typeof wanted === "number" ? actual === wanted : typeof actual === "string" || actual === -1;
}

function describe({ name, type, shape }: TensorShape): string {
  return `${name} ${type} [${shape.join(",")}]`;
}

/** A model may promise one thing in its file and do another. */
function trialProblems(trial: LoadedModel["trial"], labels: number): string[] {
  if ("error" in trial) return [`the model does not run on two blank pictures: ${trial.error}`];
  if (trial.dims.length !== 2 || trial.dims[0] !== 2 || trial.dims[1] !== labels) {
    return [`the model gives ${trial.dims.join("×")} numbers for two pictures and ${labels} labels`];
  }
  const rows = [trial.numbers.slice(0, labels), trial.numbers.slice(labels)];
  const odd = rows.find((row) => !row.every((p) => typeof p === "number" && p >= 0 && p <= 1 + SUM_TOLERANCE));
  if (odd !== undefined) return [`the model gives ${odd.slice(0, 5).join(", ")}, which are no probabilities`];
  const sums = rows.map((row) => row.reduce((sum, p) => sum + p, 0));
  const off = sums.find((sum) => !(Math.abs(sum - 1) <= SUM_TOLERANCE));
  return off === undefined ? [] : [`the model gives probabilities that add up to ${off}, not 1`];
}
