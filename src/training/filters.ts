import { Tensor } from "onnxruntime-node";
import { encodeModel } from "../onnx/model.ts";
import { openSession } from "../onnx/session.ts";
import type { Matrix } from "../preprocessing.ts";
import { type Random, randomFor } from "../random.ts";
import { symmetricEigen } from "./eigen.ts";
import type { Parameters, Scale } from "./parameters.ts";
import { openProducts } from "./products.ts";

/** Added to a patch's variance, so that flat patches are not blown up into noise. Pixels are in [0,1]. */
export const contrastFloor = 1e-3;
/** Added to the eigenvalues in whitening; patches have variance 1 by then (Coates, Lee & Ng 2011, section 4.2: 0.1). */
const whiteningFloor = 0.1;

/** The filters of one scale: a response is `weights · (patch / its deviation) + bias`. */
export interface Filters {
  /** `filters`×`3·patch·patch`, whitening and the removal of a patch's mean folded in. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/**
 * Learns filters from patches: contrast normalised, whitened (ZCA), then k-means with unit centroids and signed
 * assignment (Coates & Ng 2012, "Learning feature representations with k-means", section 2).
 */
export async function learnFilters(patches: Matrix, scale: Scale, parameters: Parameters): Promise<Filters> {
  const normalized = normalizeContrast(patches);
  const mean = takeMeanOff(normalized);
  const products = await openProducts();
  const covariance = await products.multiplyTransposed(normalized, normalized);
  const whitening = whiteningOf(covariance, normalized.rows);
  const whitened = await products.multiply(normalized, whitening);
  const random = randomFor("filters", parameters.seed, scale.shrink);
  const centroids = await signedKMeans(random, whitened, scale.filters, parameters.rounds);
  const weights = await products.multiply(centroids, whitening);
  await products.release();
  return foldMeans(weights, mean);
}

function normalizeContrast({ data, rows, columns }: Matrix): Matrix {
  const normalized = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += columns) {
    const patch = data.subarray(start, start + columns);
    let [sum, squares] = [0, 0];
    for (const value of patch) sum += value;
    const mean = sum / columns;
    for (const value of patch) squares += (value - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / columns + contrastFloor);
    for (let index = 0; index < columns; index++) normalized[start + index] = ((patch[index] ?? 0) - mean) * scale;
  }
  return { data: normalized, rows, columns };
}

/** Takes each column's mean off, in place; returns the means. */
function takeMeanOff({ data, rows, columns }: Matrix): Float64Array {
  const mean = new Float64Array(columns);
  for (let start = 0; start < data.length; start += columns) {
    for (let column = 0; column < columns; column++) {
      mean[column] = (mean[column] ?? 0) + (data[start + column] ?? 0) / rows;
    }
  }
  for (let start = 0; start < data.length; start += columns) {
    for (let column = 0; column < columns; column++) {
      data[start + column] = (data[start + column] ?? 0) - (mean[column] ?? 0);
    }
  }
  return mean;
}

/** V · (Λ + floor)^-½ · Vᵀ of the covariance, given as the sum over `count` patches: symmetric. */
function whiteningOf({ data, columns }: Matrix, count: number): Matrix {
  const covariance = Float64Array.from(data, (value) => value / count);
  const { values, vectors } = symmetricEigen(covariance, columns);
  const scales = values.map((value) => 1 / Math.sqrt(Math.max(0, value) + whiteningFloor));
  const whitening = new Float32Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) {
        sum += (vectors[i * columns + k] ?? 0) * (scales[k] ?? 0) * (vectors[j * columns + k] ?? 0);
      }
      whitening[i * columns + j] = sum;
    }
  }
  return { data: whitening, rows: columns, columns };
}

/** Unit centroids, a row each. */
async function signedKMeans(random: Random, patches: Matrix, count: number, rounds: number): Promise<Matrix> {
  const { data, rows, columns } = patches;
  const assign = await openSession(assignmentModel(columns));
  const points = new Tensor("float32", data, [rows, columns]);
  const centroids = Float32Array.from({ length: count * columns }, () => random.normal());
  normalizeRows(centroids, columns);
  for (let round = 0; round < rounds; round++) {
    const { nearest } = await assign.run({ points, centroids: new Tensor("float32", centroids, [count, columns]) });
    const chosen = nearest?.data as BigInt64Array;
    // The damped update of the paper: the old centroid stays in the sum, so an empty cluster keeps its place.
    const sums = Float64Array.from(centroids);
    for (let row = 0; row < rows; row++) {
      const cluster = Number(chosen[row]) * columns;
      let response = 0;
      for (let i = 0; i < columns; i++) response += (data[row * columns + i] ?? 0) * (centroids[cluster + i] ?? 0);
      for (let i = 0; i < columns; i++) {
        sums[cluster + i] = (sums[cluster + i] ?? 0) + response * (data[row * columns + i] ?? 0);
      }
    }
    centroids.set(sums);
    normalizeRows(centroids, columns);
  }
  await assign.release();
  return { data: centroids, rows: count, columns };
}

/** For each point, the centroid with which its product is largest, whatever the sign. */
function assignmentModel(columns: number): Uint8Array {
  return encodeModel({
    name: "assignment",
    inputs: [
      { name: "points", dims: ["N", columns] },
      { name: "centroids", dims: ["K", columns] },
    ],
    outputs: [{ name: "nearest", dims: ["N"], type: "int64" }],
    constants: [],
    nodes: [
      { op: "Gemm", inputs: ["points", "centroids"], outputs: ["responses"], attributes: { transB: 1 } },
      { op: "Abs", inputs: ["responses"], outputs: ["strengths"] },
      { op: "ArgMax", inputs: ["strengths"], outputs: ["nearest"], attributes: { axis: 1, keepdims: 0 } },
    ],
  });
}

function normalizeRows(matrix: Float32Array, columns: number): void {
  for (let start = 0; start < matrix.length; start += columns) {
    const row = matrix.subarray(start, start + columns);
    const length = Math.hypot(...row) || 1;
    for (let index = 0; index < columns; index++) row[index] = (row[index] ?? 0) / length;
  }
}

/** Moves the means into weights and bias: w · (p - mean(p)) = (w - mean(w)) · p, and w · (z - m) = w · z - w · m. */
function foldMeans({ data, rows, columns }: Matrix, mean: Float64Array): Filters {
  const weights = new Float32Array(data.length);
  const bias = new Float32Array(rows);
  for (let filter = 0; filter < rows; filter++) {
    const row = data.subarray(filter * columns, (filter + 1) * columns);
    let [sum, offset] = [0, 0];
    for (let index = 0; index < columns; index++) {
      sum += row[index] ?? 0;
      offset += (row[index] ?? 0) * (mean[index] ?? 0);
    }
    for (let index = 0; index < columns; index++) weights[filter * columns + index] = (row[index] ?? 0) - sum / columns;
    bias[filter] = -offset;
  }
  return { weights, bias };
}
