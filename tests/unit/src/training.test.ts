import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Tensor } from "onnxruntime-node";
import { listDataset } from "../../../src/dataset.ts";
import { generate } from "../../../src/generate.ts";
import { floats, openSession } from "../../../src/onnx/session.ts";
import { preprocessImage } from "../../../src/preprocessing.ts";
import { randomFor } from "../../../src/random.ts";
import { symmetricEigen } from "../../../src/training/eigen.ts";
import { extractFeatures } from "../../../src/training/features.ts";
import { contrastFloor, learnFilters } from "../../../src/training/filters.ts";
import { minimize } from "../../../src/training/lbfgs.ts";
import { buildExtractor, encodeExtractor } from "../../../src/training/network.ts";
import { shrink } from "../../../src/training/patches.ts";
import { fitClassifier } from "../../../src/training/regression.ts";
import { anotherView } from "../../../src/training/views.ts";
import { scratchFolder, tinyParameters } from "./tiny-model.ts";

test("eigenvectors diagonalise a symmetric matrix", () => {
  const size = 12;
  const random = randomFor("symmetric");
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) matrix[i * size + j] = matrix[j * size + i] = random.normal();
  }
  const { values, vectors } = symmetricEigen(matrix, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++)
        sum += (vectors[i * size + k] ?? 0) * (values[k] ?? 0) * (vectors[j * size + k] ?? 0);
      assert.ok(Math.abs(sum - (matrix[i * size + j] ?? 0)) < 1e-10, `${i},${j}`);
    }
  }
});

test("the optimiser finds the minimum of a badly scaled bowl", async () => {
  const target = [3, -2, 0.5, 8];
  const scales = [1, 100, 0.1, 10];
  const { point } = await minimize(
    async (at) => ({
      value: target.reduce((sum, want, i) => sum + (scales[i] ?? 0) * ((at[i] ?? 0) - want) ** 2, 1e-9),
      gradient: Float64Array.from(target, (want, i) => 2 * (scales[i] ?? 0) * ((at[i] ?? 0) - want)),
    }),
    new Float64Array(4),
    200,
  );
  target.forEach((want, index) => {
    assert.ok(Math.abs((point[index] ?? Number.NaN) - want) < 1e-3, `${[...point]}`);
  });
});

test("the classifier takes features as they are, though it was fitted on normalised ones", async () => {
  const random = randomFor("blobs");
  const labels = Array.from({ length: 90 }, (_, row) => row % 3);
  const data = Float32Array.from(
    labels.flatMap((label) => [500 + label * 2 + random.normal() * 0.3, label === 1 ? 0.01 : 0, 7]),
  );
  const { classifier, accuracy } = await fitClassifier({ data, rows: 90, columns: 3 }, labels, 3, {
    penalty: 0.001,
    steps: 100,
  });
  assert.equal(accuracy, 1);
  const right = labels.filter((label, row) => {
    const scores = [0, 1, 2].map((to) =>
      [0, 1, 2].reduce(
        (sum, i) => sum + (data[row * 3 + i] ?? 0) * (classifier.weights[i * 3 + to] ?? 0),
        classifier.bias[to] ?? 0,
      ),
    );
    return scores.indexOf(Math.max(...scores)) === label;
  });
  assert.equal(right.length, 90);
});

test("the network's features are those of the method, computed by hand", async () => {
  const { data, dims } = await preprocessImage(await readFile(new URL("../../data/leaf.jpg", import.meta.url)));
  const [scale] = tinyParameters.scales;
  assert.ok(scale);
  const random = randomFor("patches");
  const columns = 3 * scale.patch ** 2;
  const sample = { data: Float32Array.from({ length: 400 * columns }, () => random.next()), rows: 400, columns };
  const filters = await learnFilters(sample, scale, tinyParameters);
  const extractor = buildExtractor([filters], tinyParameters);
  const session = await openSession(encodeExtractor(extractor));
  const { features } = await session.run({ image: new Tensor("float32", data, dims) });
  assert.equal(extractor.featureCount, 2 * scale.filters * tinyParameters.grid ** 2);
  assert.deepEqual(features?.dims, [1, extractor.featureCount]);

  // The first region of the first filter: 28×28 shrunk pixels, 23×23 patches, the first 12×12 of them.
  const size = 28;
  const small = shrink(data, scale.shrink);
  let sum = 0;
  for (let top = 0; top < 12; top++) {
    for (let left = 0; left < 12; left++) {
      const patch = Array.from({ length: columns }, (_, at) => {
        const [channel, y, x] = [Math.floor(at / 36), Math.floor((at % 36) / 6), at % 6];
        return small[(channel * size + top + y) * size + left + x] ?? Number.NaN;
      });
      const mean = patch.reduce((total, value) => total + value, 0) / columns;
      const variance = patch.reduce((total, value) => total + (value - mean) ** 2, 0) / columns;
      const dot = patch.reduce((total, value, at) => total + value * (filters.weights[at] ?? 0), 0);
      const response = dot / Math.sqrt(variance + contrastFloor) + (filters.bias[0] ?? 0);
      sum += Math.max(0, response - tinyParameters.threshold);
    }
  }
  const byHand = Math.sqrt(sum / 144);
  const byNetwork = floats(features)[0] ?? Number.NaN;
  assert.ok(byHand > 0, "the filter answers somewhere");
  assert.ok(Math.abs(byHand - byNetwork) < 1e-4, `${byHand} by hand, ${byNetwork} by the network`);
  await session.release();
});

test("another view is near the picture, in range, and the same for the same draw", async () => {
  const picture = await preprocessImage(await readFile(new URL("../../data/leaf.jpg", import.meta.url)));
  const view = anotherView(randomFor("view", 1), picture);
  assert.deepEqual(view.dims, picture.dims);
  assert.ok(view.data.every((value) => value >= 0 && value <= 1));
  assert.notDeepEqual(view.data, picture.data);
  assert.deepEqual(anotherView(randomFor("view", 1), picture), view);
  const mean = (data: Float32Array): number => data.reduce((sum, value) => sum + value, 0) / data.length;
  assert.ok(Math.abs(mean(view.data) - mean(picture.data)) < 0.05);
});

test("features do not depend on how many workers share the pictures", async () => {
  const folder = await scratchFolder();
  await generate(folder, 1, 4);
  const dataset = await listDataset(folder);
  const [scale] = tinyParameters.scales;
  assert.ok(scale);
  const weights = Float32Array.from({ length: scale.filters * 3 * scale.patch ** 2 }, (_, at) => Math.sin(at));
  const extractor = buildExtractor([{ weights, bias: new Float32Array(scale.filters) }], tinyParameters);
  const run = async (workers: number) => {
    let pictures = 0;
    const matrix = await extractFeatures(encodeExtractor(extractor), dataset, {
      featureCount: extractor.featureCount,
      views: 2,
      seed: 1,
      workers,
      onPicture: (done) => {
        pictures = done;
      },
    });
    assert.deepEqual([matrix.rows, pictures], [20, 10]);
    return matrix.data;
  };
  const alone = await run(1);
  assert.deepEqual(await run(3), alone);
  assert.ok(alone.every(Number.isFinite) && alone.some((value) => value > 0));
});
