import { readFile } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { floats, openSession } from "../onnx/session.ts";
import { ImageError, preprocessImage } from "../preprocessing.ts";
import { randomFor } from "../random.ts";
import type { FeatureReport, FeatureTask } from "./features.ts";
import { anotherView } from "./views.ts";

const { model, files, shared, featureCount, views, seed, first, stride }: FeatureTask = workerData;
const rows = new Float32Array(shared);
sharp.concurrency(1);
const session = await openSession(model);

for (let index = first; index < files.length; index += stride) {
  parentPort?.postMessage(await extract(index));
}

async function extract(index: number): Promise<FeatureReport> {
  try {
    const picture = await preprocessImage(await readFile(files[index] ?? ""));
    for (let view = 0; view < views; view++) {
      const { data, dims } = view === 0 ? picture : anotherView(randomFor("view", seed, index, view), picture);
      const { features } = await session.run({ image: new Tensor("float32", data, dims) });
      rows.set(floats(features), (index * views + view) * featureCount);
    }
    return { index };
  } catch (error) {
    if (error instanceof ImageError) return { index, problem: error.message };
    throw error;
  }
}
