import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { argmax, openClassifier, readModelFiles } from "../../../src/classifier.ts";
import { evaluate } from "../../../src/evaluate.ts";
import { preprocessImage } from "../../../src/preprocessing.ts";
import { train } from "../../../src/train.ts";
import { scratchFolder, tinyParameters, trainTinyModel } from "./tiny-model.ts";

const { model, data } = await trainTinyModel();
const leaf = await readFile(new URL("../../data/leaf.jpg", import.meta.url));

function trainAgain(dataPath: string, outputPath: string, seed = tinyParameters.seed) {
  return train({ dataPath, outputPath, experimentName: "tiny", parameters: { ...tinyParameters, seed } });
}

test("a forward pass gives one row of ten probabilities with sum 1", async () => {
  const { labels, classify } = await openClassifier(await readModelFiles(model));
  const probabilities = await classify(await preprocessImage(leaf));
  assert.equal(labels.length, 10);
  assert.equal(probabilities.length, 10);
  assert.ok(Math.abs(probabilities.reduce((sum, value) => sum + value, 0) - 1) < 1e-5);
});

test("the prediction is one of the ten classes", async () => {
  const { classify } = await openClassifier(await readModelFiles(model));
  const prediction = argmax(await classify(await preprocessImage(leaf)));
  assert.ok([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].includes(prediction), `${prediction}`);
});

test("the same data and seed give the same bytes, wherever the data lies", async () => {
  const folder = await scratchFolder();
  await cp(data, join(folder, "moved"), { recursive: true });
  await trainAgain(join(folder, "moved"), join(folder, "again"));
  for (const name of ["model.onnx", "labels.json"]) {
    assert.deepEqual(await readFile(join(folder, "again", name)), await readFile(join(model, name)), name);
  }
  await trainAgain(data, join(folder, "other"), 2);
  assert.notDeepEqual(await readFile(join(folder, "other", "model.onnx")), await readFile(join(model, "model.onnx")));
});

test("training learns: it gets most of the pictures right that it was shown", async () => {
  const {
    trainingAccuracy,
    data: summary,
    parameters,
  } = JSON.parse(await readFile(join(model, "training.json"), "utf8"));
  assert.ok(trainingAccuracy >= 0.8, `${trainingAccuracy}`);
  assert.equal(summary.count, 20);
  assert.match(summary.fingerprint, /^[0-9a-f]{64}$/);
  assert.equal(summary.classes.willow, 2);
  assert.deepEqual(parameters, tinyParameters);
});

test("pictures that do not decode are all named, and no model is written", async () => {
  const folder = await scratchFolder();
  await cp(data, folder, { recursive: true });
  await writeFile(join(folder, "oak", "cut.jpg"), leaf.subarray(0, 3000));
  await writeFile(join(folder, "fern", "text.jpg"), "no picture");
  await assert.rejects(trainAgain(folder, join(folder, "out")), {
    name: "InputError",
    message:
      /^2 of 22 pictures in .* cannot be used.*\n {2}fern\/text\.jpg: .*\n {2}oak\/cut\.jpg: the picture does not decode: .+$/,
  });
  await assert.rejects(readFile(join(folder, "out", "model.onnx")), { code: "ENOENT" });
});

test("a single class is refused", async () => {
  const folder = await scratchFolder();
  await cp(join(data, "oak"), join(folder, "oak"), { recursive: true });
  await assert.rejects(trainAgain(folder, join(folder, "out")), /has the one class `oak`; at least 2 are needed/);
});

test("evaluation has a line a picture in the order of names", async () => {
  const lines = await evaluate(model, data);
  assert.deepEqual(
    lines.slice(0, 3).map(({ path, label }) => [path, label]),
    [
      ["birch/birch-5-00001.jpg", "birch"],
      ["birch/birch-5-00002.jpg", "birch"],
      ["fern/fern-5-00001.jpg", "fern"],
    ],
  );
  assert.equal(lines.length, 20);
  const right = lines.filter(({ label, prediction }) => label === prediction).length;
  assert.ok(right >= 14, `${right} of 20 training pictures right`);
  for (const line of lines) {
    assert.deepEqual(Object.keys(line), ["path", "label", "prediction", "probabilities", "latency_ms"]);
    assert.ok(line.latency_ms > 0);
    assert.equal(line.probabilities.length, 10);
  }
});

test("a test class that the model does not know is refused", async () => {
  const folder = await scratchFolder();
  await cp(join(data, "oak"), join(folder, "elm"), { recursive: true });
  await assert.rejects(evaluate(model, folder), /the model knows no elm; it knows birch, fern/);
});

test("a model that does not keep the contract is refused", async () => {
  const folder = await scratchFolder();
  await cp(model, folder, { recursive: true });
  await writeFile(join(folder, "labels.json"), '["a","b"]');
  await assert.rejects(openClassifier(await readModelFiles(folder)), /must give `probabilities float32 \[N,2\]`/);
  await writeFile(join(folder, "labels.json"), '["a","a"]');
  await assert.rejects(openClassifier(await readModelFiles(folder)), /at least two different class names/);
  await writeFile(join(folder, "model.onnx"), "no model");
  await writeFile(join(folder, "labels.json"), '["a","b"]');
  await assert.rejects(openClassifier(await readModelFiles(folder)), /model\.onnx` does not load/);
});
