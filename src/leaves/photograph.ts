import sharp from "sharp";
import { type Random, randomFor } from "../random.ts";
import { drawBackground, type Pixels } from "./background.ts";
import { drawLeaf } from "./drawing.ts";
import type { Point } from "./geometry.ts";
import { boxBlur, noiseField } from "./noise.ts";
import type { Species } from "./species.ts";

/** Width and height of a generated photograph, in pixels. */
export const photographSize = 288;

/**
 * One leaf photograph as JPEG. The same seed, plant and index give the same bytes with the same version of sharp, however
 * many others are made.
 */
export async function photograph(plant: Species, seed: number, index: number): Promise<Buffer> {
  const random = randomFor("leaf", seed, plant.name, index);
  const size = photographSize;
  const { svg, light } = drawLeaf(random, plant, size);
  const leaf = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer();

  const scene = drawBackground(random, size);
  castShadow(random, scene, leaf, light);
  layLeaf(random, scene, leaf, light, plant.gloss);
  const exposed = expose(random, scene);

  let picture = sharp(exposed, { raw: { width: size, height: size, channels: 3 } });
  if (random.chance(0.5)) picture = picture.blur(random.between(0.4, 1.4));
  return picture.jpeg({ quality: random.integer(74, 93) }).toBuffer();
}

function castShadow(random: Random, scene: Pixels, leaf: Buffer, light: Point): void {
  const size = photographSize;
  const height = random.between(2, 14);
  const strength = random.between(0.2, 0.6);
  const alpha = new Float32Array(size * size);
  for (let index = 0; index < alpha.length; index++) alpha[index] = (leaf[index * 4 + 3] ?? 0) / 255;
  const soft = boxBlur(boxBlur(alpha, size, Math.ceil(height / 2)), size, Math.ceil(height / 3));

  const dx = Math.round(light[0] * height);
  const dy = Math.round(light[1] * height);
  for (let y = 0; y < size; y++) {
    const fromY = Math.min(size - 1, Math.max(0, y + dy));
    for (let x = 0; x < size; x++) {
      const fromX = Math.min(size - 1, Math.max(0, x + dx));
      const left = 1 - strength * (soft[fromY * size + fromX] ?? 0);
      scaleRgb(scene, y * size + x, left);
    }
  }
}

/** Lays the leaf over the scene, its surface lit unevenly as a leaf that is not flat. */
function layLeaf(random: Random, scene: Pixels, leaf: Buffer, light: Point, gloss: number): void {
  const size = photographSize;
  const relief = noiseField(random, size, random.between(24, 44), 4);
  const bumps = random.between(0.1, 0.22);
  const shine = 70 * gloss * random.between(0.3, 1);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const index = y * size + x;
      const alpha = (leaf[index * 4 + 3] ?? 0) / 255;
      if (alpha === 0) continue;
      const facing = ((x / size - 0.5) * light[0] + (y / size - 0.5) * light[1]) * 0.35;
      const surface = relief[index] ?? 0;
      const lit = 1 + surface * bumps + facing;
      const glint = shine * Math.max(0, surface * 0.8 + facing - 0.25);
      for (let channel = 0; channel < 3; channel++) {
        const at = index * 3 + channel;
        const colour = (leaf[index * 4 + channel] ?? 0) * lit + glint;
        scene[at] = (scene[at] ?? 0) * (1 - alpha) + colour * alpha;
      }
    }
  }
}

/** Exposure, white balance, fall-off towards the corners, and the sensor's noise. */
function expose(random: Random, scene: Pixels): Uint8ClampedArray {
  const size = photographSize;
  const exposure = Math.exp(random.normal() * 0.16);
  const warmth = random.normal() * 0.05;
  const [red, green, blue] = [exposure * (1 + warmth), exposure, exposure * (1 - warmth)];
  const vignette = random.between(0, 0.35);
  const grain = random.between(2, 14) / 512;
  const out = new Uint8ClampedArray(size * size * 3);
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at += 3) {
      const corner = 1 - vignette * 2 * ((x / size - 0.5) ** 2 + (y / size - 0.5) ** 2);
      // Ten bits of one draw for each channel: even grain, which the JPEG encoder makes no different from normal.
      const noise = random.bits();
      out[at] = (scene[at] ?? 0) * corner * red + ((noise & 1023) - 512) * grain;
      out[at + 1] = (scene[at + 1] ?? 0) * corner * green + (((noise >>> 10) & 1023) - 512) * grain;
      out[at + 2] = (scene[at + 2] ?? 0) * corner * blue + (((noise >>> 20) & 1023) - 512) * grain;
    }
  }
  return out;
}

function scaleRgb(pixels: Pixels, index: number, factor: number): void {
  for (let at = index * 3; at < index * 3 + 3; at++) pixels[at] = (pixels[at] ?? 0) * factor;
}
