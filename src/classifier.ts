import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type InferenceSession, Tensor } from "onnxruntime-node";
import { InputError } from "./command-line.ts";
import { floats, openSession } from "./onnx/session.ts";
import type { ImageTensor } from "./preprocessing.ts";

export interface Classifier {
  readonly labels: readonly string[];
  /** One probability a label, in the labels' order. Throws `OutputError` if the model gives anything else. */
  classify(image: ImageTensor): Promise<readonly number[]>;
}

/** The model answered with something that is no list of probabilities. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/** The files of a model as they were read, so that what is checked is what is loaded. */
export interface ModelFiles {
  readonly folder: string;
  readonly model: Uint8Array;
  readonly labels: Uint8Array;
}

/** Reads `model.onnx` and `labels.json`. Throws `InputError` where one is missing. */
export async function readModelFiles(folder: string): Promise<ModelFiles> {
  const read = (name: string): Promise<Uint8Array> =>
    readFile(join(folder, name)).catch((error: Error) => {
      throw new InputError(`the model cannot be read: ${error.message}`);
    });
  return { folder, model: await read("model.onnx"), labels: await read("labels.json") };
}

/** Loads a model. Throws `InputError` where it does not load or the files do not fit one another. */
export async function openClassifier(files: ModelFiles): Promise<Classifier> {
  const labels = parseLabels(files);
  const path = join(files.folder, "model.onnx");
  const session = await openSession(files.model).catch((error: Error) => {
    throw new InputError(`\`${path}\` does not load: ${error.message}`);
  });
  checkContract(session, path, labels.length);
  return {
    labels,
    async classify({ data, dims }) {
      const { probabilities } = await session.run({ image: new Tensor("float32", data, dims) });
      return checkProbabilities([...floats(probabilities)], labels.length);
    },
  };
}

/**
 * The folder of a model: the one given if `model.onnx` is in it, else the only one just below that holds it. Azure ML
 * mounts a registered folder one level below `AZUREML_MODEL_DIR`.
 */
export async function findModelFolder(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: Error) => {
    throw new InputError(`the model's folder cannot be read: ${error.message}`);
  });
  if (entries.some(({ name }) => name === "model.onnx")) return folder;
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isDirectory())) {
    const below = join(folder, entry.name);
    if ((await readdir(below)).includes("model.onnx")) found.push(below);
  }
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new InputError(
      `\`${folder}\` has ${found.length === 0 ? "no" : `${found.length} folders with a`} model.onnx; ` +
        "name the folder that holds it, or one with a single such folder below",
    );
  }
  return only;
}

/** The class names in `labels.json`, in the order of the model's outputs. */
export function parseLabels(files: ModelFiles): readonly string[] {
  const path = join(files.folder, "labels.json");
  let labels: unknown;
  try {
    labels = JSON.parse(new TextDecoder().decode(files.labels));
  } catch (error) {
    throw new InputError(`\`${path}\` is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  const isNames = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((label) => typeof label === "string" && label !== "");
  if (!isNames(labels) || labels.length < 2 || new Set(labels).size !== labels.length) {
    throw new InputError(`\`${path}\` must be a JSON array of at least two different class names`);
  }
  return labels;
}

/** Input `image` float32 [N,3,224,224], output `probabilities` float32 [N,classes]. */
function checkContract(session: InferenceSession, path: string, classes: number): void {
  const describe = (values: readonly InferenceSession.ValueMetadata[]): string =>
    values
      .map((value) => (value.isTensor ? `${value.name} ${value.type} [${value.shape.join(",")}]` : value.name))
      .join("; ");
  const input = describe(session.inputMetadata);
  const output = describe(session.outputMetadata);
  if (!/^image float32 \[[^,]+,3,224,224\]$/.test(input)) {
    throw new InputError(`\`${path}\` takes \`${input}\`; it must take \`image float32 [N,3,224,224]\``);
  }
  if (!new RegExp(`^probabilities float32 \\[[^,]+,${classes}\\]$`).test(output)) {
    throw new InputError(
      `\`${path}\` gives \`${output}\`; with its labels it must give \`probabilities float32 [N,${classes}]\``,
    );
  }
}

function checkProbabilities(probabilities: readonly number[], classes: number): readonly number[] {
  const sum = probabilities.reduce((total, value) => total + value, 0);
  // Written so that NaN fails every comparison.
  const sound = probabilities.every((value) => value >= 0 && value <= 1.0001) && Math.abs(sum - 1) < 1e-3;
  if (!sound || probabilities.length !== classes) {
    throw new OutputError(
      `the model gave ${probabilities.length} numbers with sum ${sum}, not ${classes} probabilities`,
    );
  }
  return probabilities;
}

/** The place of the largest number; of equals, the first. */
export function argmax(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > (values[best] ?? Number.NEGATIVE_INFINITY) ? index : best), 0);
}
