import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../command-line.ts";
import type { Dataset } from "../dataset.ts";
import { ImageError, type ImageTensor, imageSize, type Matrix, preprocessImage } from "../preprocessing.ts";
import { type Random, randomFor } from "../random.ts";
import type { Parameters, Scale } from "./parameters.ts";

/** Filters are general; they need not have seen every picture. */
const mostPictures = 300;

/**
 * Patches for each scale, a patch a row (red, green, blue planes), drawn evenly from a sample of the pictures. Pictures that
 * do not decode are passed over: the features' stage names them all. Throws `InputError` if not one decodes.
 */
export async function samplePatches(dataset: Dataset, parameters: Parameters): Promise<Matrix[]> {
  const random = randomFor("patches", parameters.seed);
  const pictures = shuffled(random, dataset.pictures).slice(0, mostPictures);
  const share = Math.ceil(parameters.patches / pictures.length);
  const columns = parameters.scales.map(({ patch }) => 3 * patch * patch);
  const samples = columns.map((width) => new Float32Array(share * pictures.length * width));
  let rows = 0;
  for (const { path } of pictures) {
    const image = await decodeOrSkip(join(dataset.folder, path));
    if (!image) continue;
    for (const [place, scale] of parameters.scales.entries()) {
      const [width, sample] = [columns[place] ?? 0, samples[place] ?? new Float32Array(0)];
      const shrunk = shrink(image.data, scale.shrink);
      for (let patch = 0; patch < share; patch++) cutPatch(random, shrunk, scale, sample, (rows + patch) * width);
    }
    rows += share;
  }
  if (rows === 0) throw new InputError(`not one picture in \`${dataset.folder}\` decodes; are these pictures?`);
  return samples.map((data, place) => {
    const width = columns[place] ?? 0;
    return { data: data.subarray(0, rows * width), rows, columns: width };
  });
}

async function decodeOrSkip(file: string): Promise<ImageTensor | undefined> {
  try {
    return await preprocessImage(await readFile(file));
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

/** The same shrinking as the AveragePool that opens the network. */
export function shrink(image: Float32Array, factor: number): Float32Array {
  const size = imageSize / factor;
  const small = new Float32Array(3 * size * size);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        let sum = 0;
        for (let dy = 0; dy < factor; dy++) {
          const row = (channel * imageSize + y * factor + dy) * imageSize + x * factor;
          for (let dx = 0; dx < factor; dx++) sum += image[row + dx] ?? 0;
        }
        small[(channel * size + y) * size + x] = sum / (factor * factor);
      }
    }
  }
  return small;
}

function cutPatch(random: Random, image: Float32Array, scale: Scale, into: Float32Array, at: number): void {
  const size = imageSize / scale.shrink;
  const left = random.integer(0, size - scale.patch);
  const top = random.integer(0, size - scale.patch);
  let place = at;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < scale.patch; y++) {
      const row = (channel * size + top + y) * size + left;
      for (let x = 0; x < scale.patch; x++) into[place++] = image[row + x] ?? 0;
    }
  }
}
