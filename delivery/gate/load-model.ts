import { readFile } from "node:fs/promises";
import { InferenceSession, Tensor } from "onnxruntime-node";

/**
 * Loads a model, runs it once on two blank inputs, and prints what it takes and gives as JSON. A program of its own: the
 * gate runs it with a limit on memory and time, and whatever becomes of it becomes of nobody else.
 */

/** What this program prints. */
export type LoadedModel = {
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  /** Sizes and numbers of the first output for a batch of two; or why there are none. */
  readonly trial:
    | { readonly dims: readonly number[]; readonly numbers: readonly number[] }
    | { readonly error: string };
};

export type TensorShape = {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
};

/** Beyond this many numbers an output is no list of probabilities, and is not printed. */
const PRINTED_NUMBERS = 100_000;

async function load(path: string): Promise<LoadedModel> {
  // From memory: no file beside it can be meant.
  const session = await InferenceSession.create(await readFile(path), {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  const inputs = session.inputMetadata.map(shapeOf);
  const outputs = session.outputMetadata.map(shapeOf);
  return { inputs, outputs, trial: await tryOut(session, inputs, outputs) };
}

function shapeOf(value: InferenceSession.ValueMetadata): TensorShape {
  if (!value.isTensor) return { name: value.name, type: "no tensor", shape: [] };
  return { name: value.name, type: value.type, shape: value.shape };
}

async function tryOut(
  session: InferenceSession,
  [input, second]: readonly TensorShape[],
  [output]: readonly TensorShape[],
): Promise<LoadedModel["trial"]> {
  if (input?.type !== "float32" || second !== undefined || output === undefined) {
    return { error: "it takes something else than one float32 tensor" };
  }
  const dims = input.shape.map((size, index) => (index === 0 ? 2 : typeof size === "number" ? size : 1));
  const count = dims.reduce((product, size) => product * size, 1);
  try {
    const found = (await session.run({ [input.name]: new Tensor("float32", new Float32Array(count), dims) }))[
      output.name
    ];
    if (found?.type !== "float32" || found.data.length > PRINTED_NUMBERS) {
      return { error: `it gives ${found?.dims.join("×")} of ${found?.type}` };
    }
    return { dims: found.dims, numbers: [...(found.data as Float32Array)] };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

if (import.meta.main) {
  try {
    process.stdout.write(JSON.stringify(await load(process.argv[2] ?? "")));
  } catch (error) {
    process.stderr.write(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
