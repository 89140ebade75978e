import { readFileSync } from "node:fs";

/** Bytes that a column may hold, as ASCII characters; undefined for one that may hold any. */
export type ByteSets = readonly (string | undefined)[];

/** Looks at the bytes of a CSV file, chunk by chunk, for what each column may not hold. */
export type ColumnScanner = {
  /** Where the next chunk's bytes are put. */
  readonly buffer: Buffer;
  /** A file begins, its header first, which may hold anything. */
  begin(): void;
  /** Looks at the first `length` bytes of the buffer. */
  add(length: number): void;
  /** Whether a column has held a byte that is not of its set, in any file so far. */
  broke(column: number): boolean;
};

/** What `csv-columns.wat` has where in its memory. */
const [STATE, SETS, COLUMN_SETS, BROKEN, BYTES] = [0, 0x100, 0x1000, 0x2000, 0x3000];
/** Sets that are not of columns: all bytes, ends of cells, quotes. */
const FIXED_SETS = ["", ",\n", '"'];
const MAX_SETS = 16;
/** Columns beyond share a place, and so cannot be told apart. */
const MAX_COLUMNS = 0xfff;
/** Bytes that are looked at in one piece at most. */
export const CHUNK = 1 << 19;

/** Whether that many columns, and that many different sets, can be looked at. */
export function canScan(sets: ByteSets): boolean {
  return sets.length <= MAX_COLUMNS && distinctSets(sets).length <= MAX_SETS;
}

/** Each set once, those of columns as {@link ofColumn} has them. */
function distinctSets(sets: ByteSets): string[] {
  return [...FIXED_SETS, ...new Set(sets.flatMap((set) => (set === undefined ? [] : ofColumn(set))))];
}

/** A carriage return is allowed in every column, since it ends the last. */
const ofColumn = (set: string) => `${set}\r`;

type Exports = { readonly memory: { readonly buffer: ArrayBuffer }; scan(at: number, end: number, sets: number): void };
/** TypeScript has these among the browser's types alone. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
};

let compiled: object | undefined;

/**
 * Quotes are bytes of a column like all others. Takes it that they stand where all readers agree on them, see `csv-form.ts`.
 */
export function createColumnScanner(sets: ByteSets): ColumnScanner {
  if (!canScan(sets)) throw new Error(`too many columns or sets of bytes: ${sets.length}`);
  compiled ??= new WebAssembly.Module(readFileSync(new URL("csv-columns.wasm", import.meta.url)));
  const { memory, scan } = new WebAssembly.Instance(compiled).exports;
  const bytes = new Uint8Array(memory.buffer);
  const state = new DataView(memory.buffer, STATE);
  const distinct = distinctSets(sets);
  for (const [index, set] of distinct.entries()) {
    for (const byte of Buffer.from(set, "latin1")) {
      const at = SETS + index * 16 + (byte & 0x0f);
      bytes[at] = (bytes[at] ?? 0) | (1 << (byte >> 4));
    }
  }
  for (const [column, set] of sets.entries())
    bytes[COLUMN_SETS + column] = set === undefined ? 0 : distinct.indexOf(ofColumn(set)) * 8;
  return {
    buffer: Buffer.from(memory.buffer, BYTES, CHUNK),
    begin() {
      state.setInt32(0, MAX_COLUMNS, true);
      state.setBigInt64(8, 0n, true);
    },
    add(length) {
      scan(BYTES, BYTES + length, distinct.length * 8);
    },
    broke: (column) => bytes[BROKEN + column] === 1,
  };
}
