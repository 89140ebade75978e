import sharp, { type Metadata, type Sharp } from "sharp";

/** Width and height a model is shown, in pixels. */
export const imageSize = 224;

/** One picture as a model takes it: red, green and blue planes, rows from the top, values in [0,1]. */
export interface ImageTensor {
  readonly data: Float32Array<ArrayBuffer>;
  readonly dims: readonly [1, 3, 224, 224];
}

const formats = ["jpeg", "png", "webp"];
/** The largest picture taken, in pixels; beyond it a small file can fill the memory. */
const pixelLimit = 25_000_000;

/** Why a picture was not taken: its format is not one of ours, or its content does not decode. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  readonly code: "unsupported" | "bad_image";
  constructor(code: "unsupported" | "bad_image", message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Decodes a picture and brings it to `[1,3,224,224]` in [0,1]: turned upright by its EXIF orientation, transparency laid
 * on white, any colour space converted to sRGB, the middle square scaled to size. Training, evaluation and the server all
 * come through here, so a model meets in service what it learnt from.
 *
 * Takes JPEG, PNG and single-page WebP, told apart by content, of at most 25 million pixels. Throws `ImageError`.
 */
export async function preprocessImage(bytes: Uint8Array): Promise<ImageTensor> {
  const source = (): Sharp => sharp(bytes, { failOn: "warning", limitInputPixels: pixelLimit });
  checkMetadata(await decoded(() => source().metadata()));
  const pixels = await decoded(() =>
    source()
      .autoOrient()
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb")
      .resize(imageSize, imageSize, { fit: "cover" })
      .raw()
      .toBuffer(),
  );
  return { data: toPlanes(pixels), dims: [1, 3, imageSize, imageSize] };
}

function checkMetadata({ format, pages = 1 }: Metadata): void {
  if (!formats.includes(format)) {
    throw new ImageError("unsupported", `the picture is ${format}; send one of ${formats.join(", ")}`);
  }
  if (pages > 1) {
    throw new ImageError("unsupported", `the picture has ${pages} pages; send a single still picture`);
  }
}

async function decoded<T>(decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/unsupported image format/i.test(reason)) {
      throw new ImageError(
        "unsupported",
        `the file is no picture of a known format; send one of ${formats.join(", ")}`,
      );
    }
    throw new ImageError("bad_image", `the picture does not decode: ${reason.trim().replaceAll(/\s*\n\s*/g, "; ")}`);
  }
}

function toPlanes(pixels: Uint8Array): Float32Array<ArrayBuffer> {
  const plane = imageSize * imageSize;
  if (pixels.length !== plane * 3) {
    throw new ImageError("bad_image", `the picture decodes to ${pixels.length / plane} channels; 3 are needed`);
  }
  const data = new Float32Array(plane * 3);
  for (let index = 0; index < plane; index++) {
    data[index] = (pixels[index * 3] ?? 0) / 255;
    data[plane + index] = (pixels[index * 3 + 1] ?? 0) / 255;
    data[2 * plane + index] = (pixels[index * 3 + 2] ?? 0) / 255;
  }
  return data;
}

/** A matrix by rows: `rows`×`columns` numbers. */
export interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** A matrix whose columns have mean 0 and standard deviation 1, and what was taken off and divided by to get there. */
export interface NormalizedFeatures extends Matrix {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/**
 * Brings every column to mean 0 and standard deviation 1 (of the population). A constant column becomes 0 and its
 * deviation is reported as 1, so that the same step applied later does not divide by nothing.
 */
export function normalizeFeatures(features: Matrix): NormalizedFeatures {
  const { data, rows, columns } = features;
  const mean = columnMeans(features);
  const deviation = columnDeviations(features, mean);
  const normalized = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += columns) {
    for (let column = 0; column < columns; column++) {
      normalized[start + column] = ((data[start + column] ?? 0) - (mean[column] ?? 0)) / (deviation[column] ?? 1);
    }
  }
  return { data: normalized, rows, columns, mean, deviation };
}

// Both go along the rows, as the numbers lie in memory: a matrix of features is too large for the cache.

function columnMeans({ data, rows, columns }: Matrix): Float64Array {
  const sums = new Float64Array(columns);
  for (let start = 0; start < data.length; start += columns) {
    for (let column = 0; column < columns; column++) sums[column] = (sums[column] ?? 0) + (data[start + column] ?? 0);
  }
  return sums.map((sum) => sum / rows);
}

function columnDeviations({ data, rows, columns }: Matrix, mean: Float64Array): Float64Array {
  const squares = new Float64Array(columns);
  for (let start = 0; start < data.length; start += columns) {
    for (let column = 0; column < columns; column++) {
      const distance = (data[start + column] ?? 0) - (mean[column] ?? 0);
      squares[column] = (squares[column] ?? 0) + distance * distance;
    }
  }
  return squares.map((sum, column) => {
    const spread = Math.sqrt(sum / rows);
    // Below this a column differs only by the rounding of its own numbers.
    return spread > 1e-7 * Math.max(1, Math.abs(mean[column] ?? 0)) ? spread : 1;
  });
}
