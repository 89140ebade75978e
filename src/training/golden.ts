import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Tensor } from "onnxruntime-node";
import sharp from "sharp";
import type { Dataset } from "../dataset.ts";
import { floats, openSession } from "../onnx/session.ts";
import { preprocessImage } from "../preprocessing.ts";
import { type Classifier, type Extractor, encodeExtractor } from "./network.ts";

/** What `golden.json` holds: pictures, and the probabilities that training computed for them. */
export interface Golden {
  readonly schema: 1;
  readonly samples: readonly { readonly image: string; readonly probabilities: readonly number[] }[];
}

const sampleCount = 8;
/** Width and height that a sample fits into, in pixels: larger than a model sees, so that serving has to scale it too. */
const sampleSize = 480;

/**
 * A few of the training pictures, spread over the set and so over its classes, with what training makes of them: the
 * features of its own extractor, and the classifier applied to them here, in double precision, without the network that
 * is delivered. A server that gets the same numbers prepares pictures as training did.
 */
export async function goldenSamples(dataset: Dataset, extractor: Extractor, classifier: Classifier): Promise<Golden> {
  const { pictures, folder } = dataset;
  const count = Math.min(sampleCount, pictures.length);
  const session = await openSession(encodeExtractor(extractor));
  const samples: Golden["samples"][number][] = [];
  for (let index = 0; index < count; index++) {
    const picture = pictures[Math.floor((index * pictures.length) / count)];
    if (!picture) continue;
    const image = await sharp(await readFile(join(folder, picture.path)))
      .autoOrient()
      .resize(sampleSize, sampleSize, { fit: "inside", withoutEnlargement: true })
      .flatten({ background: "#ffffff" })
      .jpeg({ quality: 90 })
      .toBuffer();
    const { data, dims } = await preprocessImage(image);
    const { features } = await session.run({ image: new Tensor("float32", data, dims) });
    samples.push({ image: image.toString("base64"), probabilities: softmax(scores(floats(features), classifier)) });
  }
  await session.release();
  return { schema: 1, samples };
}

function scores(features: Float32Array, { weights, bias }: Classifier): number[] {
  const classes = bias.length;
  return [...bias].map((start, column) =>
    features.reduce((sum, value, row) => sum + value * (weights[row * classes + column] ?? 0), start),
  );
}

function softmax(values: readonly number[]): number[] {
  const most = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - most));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
