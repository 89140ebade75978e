import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import sharp from "sharp";
import { imageSize, normalizeFeatures, preprocessImage } from "../../../src/preprocessing.ts";

const plane = imageSize * imageSize;
const leaf = await readFile(new URL("../../data/leaf.jpg", import.meta.url));

/** Red, green and blue of the pixel at x, y, rounded to two digits. */
async function pixel(bytes: Uint8Array, x: number, y: number): Promise<number[]> {
  const { data } = await preprocessImage(bytes);
  return [0, 1, 2].map((channel) => Math.round((data[channel * plane + y * imageSize + x] ?? Number.NaN) * 100) / 100);
}

function flat(width: number, height: number, background: string | { r: number; g: number; b: number; alpha: number }) {
  const channels = typeof background === "string" ? 3 : 4;
  return sharp({ create: { width, height, channels, background } });
}

test("a photograph becomes 1×3×224×224 values in [0,1]", async () => {
  const { data, dims } = await preprocessImage(leaf);
  assert.deepEqual(dims, [1, 3, 224, 224]);
  assert.equal(data.length, 3 * 224 * 224);
  assert.ok(data.every((value) => value >= 0 && value <= 1));
  assert.ok(new Set(data).size > 100, "the picture is not flat");
});

test("channels are planes in the order red, green, blue", async () => {
  assert.deepEqual(await pixel(await flat(50, 80, "#ff3300").png().toBuffer(), 100, 100), [1, 0.2, 0]);
});

test("the middle square of an oblong picture is kept", async () => {
  const side = await flat(100, 100, "#000000").png().toBuffer();
  const oblong = await flat(300, 100, "#ffffff")
    .composite([{ input: side, left: 100, top: 0 }])
    .png()
    .toBuffer();
  assert.deepEqual(await pixel(oblong, 4, 112), [0, 0, 0]);
  assert.deepEqual(await pixel(oblong, 219, 112), [0, 0, 0]);
});

test("EXIF orientation is honoured", async () => {
  const top = await flat(100, 50, "#ff0000").png().toBuffer();
  const upright = flat(100, 100, "#0000ff").composite([{ input: top, left: 0, top: 0 }]);
  // Orientation 3: the camera was upside down, so the red half belongs below.
  const turned = await upright.withMetadata({ orientation: 3 }).png().toBuffer();
  assert.deepEqual(await pixel(turned, 112, 200), [1, 0, 0]);
  assert.deepEqual(await pixel(turned, 112, 20), [0, 0, 1]);
});

test("transparency is laid on white", async () => {
  const clear = await flat(60, 60, { r: 0, g: 0, b: 0, alpha: 0 }).png().toBuffer();
  assert.deepEqual(await pixel(clear, 10, 10), [1, 1, 1]);
});

test("grey, CMYK, 16-bit and WebP pictures come out as RGB", async () => {
  const grey = await flat(60, 60, "#808080").toColourspace("b-w").jpeg().toBuffer();
  assert.deepEqual(await pixel(grey, 10, 10), [0.5, 0.5, 0.5]);
  const cmyk = await flat(60, 60, "#ffffff").toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
  assert.equal((await sharp(cmyk).metadata()).space, "cmyk");
  assert.deepEqual(await pixel(cmyk, 10, 10), [1, 1, 1]);
  const deep = await flat(60, 60, "#ffffff").toColourspace("rgb16").png().toBuffer();
  assert.deepEqual(await pixel(deep, 10, 10), [1, 1, 1]);
  const webp = await flat(60, 60, "#000000").webp({ lossless: true }).toBuffer();
  assert.deepEqual(await pixel(webp, 10, 10), [0, 0, 0]);
});

test("what is no picture, or no picture of ours, is refused with a code", async () => {
  const still = await flat(20, 20, "#123456").png().toBuffer();
  const moving = await sharp([still, await flat(20, 20, "#654321").png().toBuffer()], { join: { animated: true } })
    .webp()
    .toBuffer();
  const huge = await sharp({ create: { width: 5001, height: 5000, channels: 3, background: "#000" } })
    .png()
    .toBuffer();
  const refused: [string, Uint8Array, object][] = [
    ["text", Buffer.from("a leaf, honestly"), { code: "unsupported" }],
    ["nothing", Buffer.alloc(0), { code: "bad_image" }],
    ["a GIF", await flat(20, 20, "#123456").gif().toBuffer(), { code: "unsupported" }],
    ["an SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), { code: "unsupported" }],
    ["two pages", moving, { code: "unsupported", message: /2 pages/ }],
    ["a cut JPEG", leaf.subarray(0, leaf.length / 2), { code: "bad_image", message: /premature end/ }],
    ["too many pixels", huge, { code: "bad_image", message: /pixel limit/ }],
  ];
  for (const [what, bytes, error] of refused) await assert.rejects(preprocessImage(bytes), error, what);
});

test("normalised features have mean 0 and standard deviation 1 in every column", () => {
  const rows = 50;
  const data = Float32Array.from(
    { length: rows * 3 },
    (_, index) => (index % 3) * 1000 + Math.sin(index) * 10 ** (index % 3),
  );
  const features = normalizeFeatures({ data, rows, columns: 3 });
  for (let column = 0; column < 3; column++) {
    const values = Array.from({ length: rows }, (_, row) => features.data[row * 3 + column] ?? Number.NaN);
    const mean = values.reduce((sum, value) => sum + value, 0) / rows;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows);
    assert.ok(Math.abs(mean) < 1e-6, `column ${column} has mean ${mean}`);
    assert.ok(Math.abs(deviation - 1) < 1e-5, `column ${column} has deviation ${deviation}`);
  }
});

test("a constant column becomes 0, with deviation 1", () => {
  const { data, mean, deviation } = normalizeFeatures({ data: Float32Array.of(0.1, 1, 0.1, 3), rows: 2, columns: 2 });
  assert.deepEqual([...data], [0, -1, 0, 1]);
  assert.deepEqual([...deviation], [1, 1]);
  assert.ok(Math.abs((mean[0] ?? 0) - 0.1) < 1e-7);
});
