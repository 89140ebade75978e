import { Tensor } from "onnxruntime-node";
import { encodeModel } from "../onnx/model.ts";
import { floats, openSession } from "../onnx/session.ts";
import { type Matrix, normalizeFeatures } from "../preprocessing.ts";
import { minimize } from "./lbfgs.ts";
import type { Classifier } from "./network.ts";

export interface Fit {
  /** Takes features as they are: the normalisation that the fit works in is folded in. */
  readonly classifier: Classifier;
  /** Share of the training pictures that the classifier gets right. */
  readonly accuracy: number;
  readonly loss: number;
  readonly steps: number;
}

export interface FitOptions {
  readonly penalty: number;
  readonly steps: number;
  readonly onStep?: (step: number, loss: number) => void;
}

/**
 * Multinomial logistic regression on normalised features: least mean cross-entropy plus `penalty`/2 times the squared
 * weights. `labels[row]` is the class of a row, 0 to `classes`-1.
 */
export async function fitClassifier(
  features: Matrix,
  labels: readonly number[],
  classes: number,
  options: FitOptions,
): Promise<Fit> {
  const { data, rows, columns, mean, deviation } = normalizeFeatures(features);
  const targets = new Float32Array(rows * classes);
  labels.forEach((label, row) => {
    targets[row * classes + label] = 1;
  });
  // The two large products of a step, features·weights and featuresᵀ·errors, are left to onnxruntime.
  const session = await openSession(gradientModel(columns, classes));
  const fixed = {
    features: new Tensor("float32", data, [rows, columns]),
    targets: new Tensor("float32", targets, [rows, classes]),
  };
  const weightCount = columns * classes;
  let logProbabilities = new Float32Array(0);

  const objective = async (point: Float64Array) => {
    const numbers = Float32Array.from(point);
    const found = await session.run({
      ...fixed,
      weights: new Tensor("float32", numbers.subarray(0, weightCount), [columns, classes]),
      bias: new Tensor("float32", numbers.subarray(weightCount), [classes]),
    });
    logProbabilities = floats(found["logProbabilities"]);
    const gradient = new Float64Array(point.length);
    gradient.set(floats(found["weightGradient"]));
    gradient.set(floats(found["biasGradient"]), weightCount);
    let value = 0;
    labels.forEach((label, row) => {
      value -= (logProbabilities[row * classes + label] ?? 0) / rows;
    });
    for (let index = 0; index < weightCount; index++) {
      const weight = point[index] ?? 0;
      value += (options.penalty / 2) * weight * weight;
      gradient[index] = (gradient[index] ?? 0) / rows + options.penalty * weight;
    }
    return { value, gradient };
  };

  const start = new Float64Array(weightCount + classes);
  const { point, value, steps } = await minimize(objective, start, options.steps, options.onStep);
  await objective(point);
  const accuracy =
    labels.filter((label, row) => largest(logProbabilities, row * classes, classes) === label).length / rows;
  await session.release();
  return { classifier: fold(point, columns, classes, mean, deviation), accuracy, loss: value, steps };
}

function gradientModel(columns: number, classes: number): Uint8Array {
  return encodeModel({
    name: "gradient",
    inputs: [
      { name: "features", dims: ["N", columns] },
      { name: "targets", dims: ["N", classes] },
      { name: "weights", dims: [columns, classes] },
      { name: "bias", dims: [classes] },
    ],
    outputs: [
      { name: "logProbabilities", dims: ["N", classes] },
      { name: "weightGradient", dims: [columns, classes] },
      { name: "biasGradient", dims: [classes] },
    ],
    constants: [],
    nodes: [
      { op: "Gemm", inputs: ["features", "weights", "bias"], outputs: ["scores"] },
      { op: "LogSoftmax", inputs: ["scores"], outputs: ["logProbabilities"], attributes: { axis: 1 } },
      { op: "Exp", inputs: ["logProbabilities"], outputs: ["probabilities"] },
      { op: "Sub", inputs: ["probabilities", "targets"], outputs: ["errors"] },
      { op: "Gemm", inputs: ["features", "errors"], outputs: ["weightGradient"], attributes: { transA: 1 } },
      // Operator set 17 has ReduceSum take its axes as an input, but ReduceMean still as an attribute.
      { op: "ReduceMean", inputs: ["errors"], outputs: ["biasGradient"], attributes: { axes: [0], keepdims: 0 } },
    ],
  });
}

function largest(data: Float32Array, start: number, count: number): number {
  let best = 0;
  for (let index = 1; index < count; index++) {
    if ((data[start + index] ?? 0) > (data[start + best] ?? 0)) best = index;
  }
  return best;
}

function fold(
  point: Float64Array,
  columns: number,
  classes: number,
  mean: Float64Array,
  deviation: Float64Array,
): Classifier {
  const weights = new Float32Array(columns * classes);
  const bias = point.slice(columns * classes);
  for (let column = 0; column < columns; column++) {
    for (let label = 0; label < classes; label++) {
      const weight = (point[column * classes + label] ?? 0) / (deviation[column] ?? 1);
      weights[column * classes + label] = weight;
      bias[label] = (bias[label] ?? 0) - weight * (mean[column] ?? 0);
    }
  }
  return { weights, bias: Float32Array.from(bias) };
}
