import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";

/** A picture that differs from every other `seed`. */
export async function drawPicture(seed: number, format: "jpeg" | "png" | "gif" = "jpeg", size = 80): Promise<Buffer> {
  const pixels = Buffer.alloc(size * size * 3, seed % 251);
  for (let i = 0; i < 300; i++) pixels[i] = (seed * 31 + i * 7) % 256;
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}

/** Writes a file below a folder, and the folders on the way. */
export async function put(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
}

/** A data set with `perClass` different pictures of each class. */
export async function drawDataset(folder: string, classes: readonly string[], perClass: number): Promise<void> {
  for (const [c, label] of classes.entries()) {
    for (let i = 0; i < perClass; i++) await put(folder, `${label}/${i}.jpg`, await drawPicture(1000 * c + i));
  }
}
