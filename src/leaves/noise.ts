import type { Random } from "../random.ts";

/**
 * Value noise: a `size`×`size` field with mean near 0 and most values in [-1,1], the sum of octaves whose cells shrink
 * from `cell` pixels on. `stretch` above 1 draws the grain out along x, as in wood.
 */
export function noiseField(random: Random, size: number, cell: number, octaves: number, stretch = 1): Float32Array {
  const field = new Float32Array(size * size);
  let amplitude = 1;
  for (let octave = 0; octave < octaves; octave++) {
    const height = Math.max(1.5, cell / 1.9 ** octave);
    addOctave(random, field, size, height * stretch, height, amplitude);
    amplitude *= 0.55;
  }
  return field;
}

function addOctave(random: Random, field: Float32Array, size: number, cellX: number, cellY: number, amplitude: number) {
  const columns = Math.ceil(size / cellX) + 3;
  const rows = Math.ceil(size / cellY) + 3;
  // Lattices of different octaves that lay on one another would show as a grid.
  const [offsetX, offsetY] = [random.next(), random.next()];
  const lattice = new Float32Array(columns * rows);
  for (let index = 0; index < lattice.length; index++) lattice[index] = (random.next() * 2 - 1) * amplitude;

  // Each lattice row is drawn out to pixels once; picture rows are then blends of two of them.
  const lines = new Float32Array(rows * size);
  for (let x = 0; x < size; x++) {
    const place = x / cellX + offsetX;
    const column = Math.floor(place);
    const blend = smooth(place - column);
    for (let row = 0; row < rows; row++) {
      const from = lattice[row * columns + column] ?? 0;
      const to = lattice[row * columns + column + 1] ?? 0;
      lines[row * size + x] = from + (to - from) * blend;
    }
  }
  for (let y = 0; y < size; y++) {
    const place = y / cellY + offsetY;
    const row = Math.floor(place);
    const blend = smooth(place - row);
    const upper = row * size;
    for (let x = 0; x < size; x++) {
      const from = lines[upper + x] ?? 0;
      const to = lines[upper + size + x] ?? 0;
      field[y * size + x] = (field[y * size + x] ?? 0) + from + (to - from) * blend;
    }
  }
}

const smooth = (t: number): number => t * t * (3 - 2 * t);

/** The mean over a square of `2·radius+1` pixels; the edges repeat. Run twice it is close to a Gaussian. */
export function boxBlur(field: Float32Array, size: number, radius: number): Float32Array {
  const across = blurLines(field, size, radius, 1, size);
  return blurLines(across, size, radius, size, 1);
}

function blurLines(field: Float32Array, size: number, radius: number, step: number, lineStep: number): Float32Array {
  const out = new Float32Array(field.length);
  const line = new Float32Array(size + 2 * radius + 1);
  const share = 1 / (2 * radius + 1);
  for (let start = 0, lines = 0; lines < size; lines++, start += lineStep) {
    for (let place = 0; place < size; place++) line[place + radius] = field[start + place * step] ?? 0;
    line.fill(line[radius] ?? 0, 0, radius);
    line.fill(line[size + radius - 1] ?? 0, size + radius);
    let sum = 0;
    for (let place = 0; place <= 2 * radius; place++) sum += line[place] ?? 0;
    for (let place = 0; place < size; place++) {
      out[start + place * step] = sum * share;
      sum += (line[place + 2 * radius + 1] ?? 0) - (line[place] ?? 0);
    }
  }
  return out;
}
