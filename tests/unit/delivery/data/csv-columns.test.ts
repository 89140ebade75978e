import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import wabt from "wabt";
import { type ByteSets, canScan, createColumnScanner } from "../../../../delivery/data/csv-columns.ts";

const folder = join(import.meta.dirname, "../../../../delivery/data");

/** Columns that broke their set, the file given in chunks of these sizes, by turns. */
function broken(file: string, sets: ByteSets, sizes: readonly number[] = [1 << 19]): number[] {
  const scanner = createColumnScanner(sets);
  scanner.begin();
  const bytes = Buffer.from(file);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = bytes.copy(scanner.buffer, 0, at, at + (sizes[turn % sizes.length] ?? 1));
    // What is left of an earlier chunk is no part of this one.
    scanner.buffer.fill("!", length, length + 64);
    scanner.add(length);
    at += length;
  }
  return [...sets.keys()].filter((column) => scanner.broke(column));
}

const DIGITS = "0123456789";

test("the compiled module is what its source says", async () => {
  const { parseWat } = await wabt();
  const source = await readFile(join(folder, "csv-columns.wat"), "utf8");
  const { buffer } = parseWat("csv-columns.wat", source, { simd: true }).toBinary({});
  assert.ok((await readFile(join(folder, "csv-columns.wasm"))).equals(buffer), "run `npm run wasm`");
});

test("a column breaks its set by one byte, in whatever row it is", () => {
  const rows = Array.from({ length: 1000 }, (_, row) => `${row},name ${row},${row * 2}`);
  const file = (changed: number, row: string) => `id,name,2x\n${rows.with(changed, row).join("\n")}\n`;
  const sets = [DIGITS, undefined, DIGITS];
  assert.deepEqual(broken(file(0, rows[0] ?? ""), sets), []);
  for (const row of [0, 1, 17, 500, 999]) {
    assert.deepEqual(broken(file(row, "1.5,name,7"), sets), [0]);
    assert.deepEqual(broken(file(row, "1,2.5,7e1"), sets), [2]);
    assert.deepEqual(broken(file(row, '1,"a, ""b""\nc",7'), sets), []);
    assert.deepEqual(broken(file(row, '1,x,"7"'), sets), [2]);
    assert.deepEqual(broken(file(row, "é,é,١"), sets), [0, 2]);
  }
});

test("line ends, a missing last one, an empty file and a header alone", () => {
  assert.deepEqual(broken("a,b\r\n1,2\r\n3,4\r\n", [DIGITS, DIGITS]), []);
  assert.deepEqual(broken("a,b\n1,2\n3,x", [DIGITS, DIGITS]), [1]);
  assert.deepEqual(broken('"a\n,b","c ""d"""\n1,x\n', [DIGITS, DIGITS]), [1]);
  assert.deepEqual(broken("", [DIGITS]), []);
  assert.deepEqual(broken("a,b", [DIGITS, DIGITS]), []);
  assert.deepEqual(broken("a,b\n\n1,x\n", [DIGITS, DIGITS]), [1]);
});

test("any table, cut anywhere, breaks the sets that its cells break", () => {
  const alphabets = [DIGITS, `${DIGITS}+-.eE`, "abcxyz/.-", undefined, ""];
  const plain = fc.string({ unit: fc.constantFrom(..."019.-+eaz/ éß\t"), maxLength: 90 });
  const quoted = fc
    .string({ unit: fc.constantFrom(...'01,a "\n\r'), maxLength: 90 })
    .map((text) => `"${text.replaceAll('"', '""')}"`);
  const cell = fc.oneof({ weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...DIGITS) }) }, plain, quoted);
  const tables = fc.integer({ min: 1, max: 6 }).chain((width) =>
    fc.record({
      sets: fc.array(fc.constantFrom(...alphabets), { minLength: width, maxLength: width }),
      rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 30 }),
      sizes: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
      end: fc.constantFrom("\n", "\r\n"),
    }),
  );
  fc.assert(
    fc.property(tables, ({ sets, rows, sizes, end }) => {
      const file = [sets.map((_, column) => `c ${column}`), ...rows].map((row) => row.join(",") + end).join("");
      const outside = (text: string, set: string) => [...text].some((one) => one !== "\r" && !set.includes(one));
      const expected = [...sets.keys()].filter((column) => {
        const set = sets[column];
        return set !== undefined && rows.some((row) => outside(row[column] ?? "", set));
      });
      assert.deepEqual(broken(file, sets, sizes), expected);
    }),
    { numRuns: 500 },
  );
});

test("as many columns and sets as there is room for, and no more", () => {
  const width = 4095;
  const sets = Array.from({ length: width }, () => DIGITS);
  assert.deepEqual(broken(`${"a,".repeat(width - 1)}a\n${"1,".repeat(width - 1)}x\n`, sets), [width - 1]);
  assert.ok(canScan(sets));
  assert.ok(!canScan([...sets, DIGITS]));
  const different = Array.from({ length: 13 }, (_, index) => "abcdefghijkl".slice(0, index));
  assert.deepEqual(broken(`${"a,".repeat(12)}a\n${"x,".repeat(12)}a\n`, different), [...different.keys()].slice(0, 12));
  assert.ok(!canScan([...different, "x"]));
  assert.throws(() => createColumnScanner([...different, "x"]), /too many/);
});
