import type { Random } from "../random.ts";
import { boxBlur, noiseField } from "./noise.ts";

/** Red, green, blue, interleaved, 0 to 255 and not yet rounded. */
export type Pixels = Float32Array;

export type Rgb = readonly [red: number, green: number, blue: number];

/** What a leaf lies on or hangs before. */
export function drawBackground(random: Random, size: number): Pixels {
  const draw = random.pick([soil, wood, stone, foliage, foliage, paper, sky]);
  return draw(random, size);
}

function soil(random: Random, size: number): Pixels {
  const grain = noiseField(random, size, random.between(10, 22), 4);
  return ramp(grain, [42, 32, 24], [142, 112, 84], 0.42 + random.between(-0.1, 0.1), 0.42);
}

function wood(random: Random, size: number): Pixels {
  const grain = noiseField(random, size, random.between(7, 12), 3, random.between(12, 24));
  const plank = random.integer(60, 150);
  const offset = random.integer(0, plank);
  for (let y = 0; y < size; y++) {
    // The gap between two planks.
    if ((y + offset) % plank < 3) for (let x = 0; x < size; x++) grain[y * size + x] = -2;
  }
  const tone = random.between(-20, 30);
  return ramp(grain, [72 + tone, 52 + tone, 36 + tone], [186 + tone, 150 + tone, 112 + tone], 0.5, 0.3);
}

function stone(random: Random, size: number): Pixels {
  const grain = noiseField(random, size, random.between(30, 70), 6);
  const tone = random.between(-15, 45);
  return ramp(grain, [80 + tone, 80 + tone, 78 + tone], [172 + tone, 168 + tone, 160 + tone], 0.5, 0.3);
}

/** Other leaves, far out of focus. */
function foliage(random: Random, size: number): Pixels {
  const radius = random.integer(3, 9);
  const patches = noiseField(random, size, random.between(28, 60), 3);
  const soft = boxBlur(boxBlur(patches, size, radius), size, radius);
  const warm = random.between(-14, 22);
  return ramp(soft, [24 + warm, 40, 20], [136 + warm, 160, 92], 0.45 + random.between(-0.1, 0.15), 0.7);
}

function paper(random: Random, size: number): Pixels {
  const grain = noiseField(random, size, random.between(80, 160), 6);
  const tone = random.between(-45, 10);
  return ramp(grain, [206 + tone, 202 + tone, 192 + tone], [246 + tone, 244 + tone, 238 + tone], 0.55, 0.3);
}

function sky(random: Random, size: number): Pixels {
  const clouds = noiseField(random, size, random.between(90, 200), 4);
  return ramp(clouds, [120, 160, 206], [232, 238, 242], random.between(0.35, 0.7), 0.4);
}

/** Colours a field between two tones: 0 of the field lands at `middle` of the way, ±1 `gain` further. */
function ramp(field: Float32Array, dark: Rgb, light: Rgb, middle: number, gain: number): Pixels {
  const pixels = new Float32Array(field.length * 3);
  for (let index = 0; index < field.length; index++) {
    const share = Math.min(1.1, Math.max(-0.1, middle + (field[index] ?? 0) * gain));
    for (let channel = 0; channel < 3; channel++) {
      const from = dark[channel] ?? 0;
      pixels[index * 3 + channel] = from + ((light[channel] ?? 0) - from) * share;
    }
  }
  return pixels;
}
