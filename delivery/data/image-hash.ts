/** A decoded picture: 8 bits a channel, row by row. One channel is grey; from three on the first are red, green, blue. */
export type Pixels = {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
};

const [COLUMNS, ROWS] = [9, 8];
/** Pixels looked at in each direction of a cell; more would not move its mean by a grey level. */
const SAMPLES = 16;

/**
 * Difference hash (dHash; N. Krawetz, "Kind of Like That", 2013): 64 bits, each whether a cell of a 9×8 grid is darker
 * than its neighbour to the right. Scaling, recompression and brightness hardly change it. 16 hex digits.
 */
export function differenceHash(pixels: Pixels): string {
  const grid = greyGrid(pixels);
  let hash = 0n;
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS - 1; column++) {
      const at = row * COLUMNS + column;
      hash = (hash << 1n) | BigInt((grid[at] ?? 0) < (grid[at + 1] ?? 0) ? 1 : 0);
    }
  }
  return hash.toString(16).padStart(16, "0");
}

/** Mean luma (ITU-R BT.601) of each cell. */
function greyGrid({ data, width, height, channels }: Pixels): Float64Array {
  const grid = new Float64Array(COLUMNS * ROWS);
  const across = Array.from({ length: COLUMNS }, (_, column) => samples(column, COLUMNS, width));
  for (let row = 0; row < ROWS; row++) {
    const ys = samples(row, ROWS, height);
    for (const [column, xs] of across.entries()) {
      let sum = 0;
      for (const y of ys) {
        for (const x of xs) {
          const at = (y * width + x) * channels;
          const red = data[at] ?? 0;
          sum += channels < 3 ? red : 0.299 * red + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
        }
      }
      grid[row * COLUMNS + column] = sum / (xs.length * ys.length);
    }
  }
  return grid;
}

/** Pixels of one cell along an axis, evenly spread. */
function samples(cell: number, cells: number, length: number): number[] {
  const [start, end] = [(cell * length) / cells, ((cell + 1) * length) / cells];
  const count = Math.max(1, Math.min(SAMPLES, Math.floor(end - start)));
  return Array.from({ length: count }, (_, i) =>
    Math.min(length - 1, Math.floor(start + ((i + 0.5) * (end - start)) / count)),
  );
}

/** Levels that a channel is counted in. */
export const LEVELS = 16;
const GRID = 32;

/** How often red, then green, then blue has each of {@link LEVELS} levels, among 32×32 pixels evenly spread. */
export function colourCounts({ data, width, height, channels }: Pixels): number[] {
  const counts = new Array<number>(3 * LEVELS).fill(0);
  for (let row = 0; row < GRID; row++) {
    for (let column = 0; column < GRID; column++) {
      const [x, y] = [Math.floor(((column + 0.5) * width) / GRID), Math.floor(((row + 0.5) * height) / GRID)];
      const at = (y * width + x) * channels;
      for (let channel = 0; channel < 3; channel++) {
        const level = (data[at + (channels < 3 ? 0 : channel)] ?? 0) >> 4;
        counts[channel * LEVELS + level] = (counts[channel * LEVELS + level] ?? 0) + 1;
      }
    }
  }
  return counts;
}
