import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { createAnomalyLog } from "../../../../delivery/data/anomalies.ts";
import { openEngine } from "../../../../delivery/data/engine.ts";
import { findNearCopies } from "../../../../delivery/data/near-copies.ts";
import { listData, scanTables } from "../../../../delivery/data/scan.ts";
import { mergeTables, type TablePart } from "../../../../delivery/data/table-merge.ts";
import { put } from "../pictures.ts";
import { tableSchema } from "./tables.ts";

const root = await mkdtemp(join(tmpdir(), "merge-"));
after(() => rm(root, { recursive: true }));

const schema = tableSchema(
  [
    { name: "id", type: "integer", constraints: { unique: true } },
    { name: "size", type: "number", constraints: { maximum: 5 } },
    { name: "label", type: "string", constraints: { enum: ["a", "b"] } },
    { name: "part", type: "string", constraints: { required: true } },
  ],
  {
    maxDuplicateShare: 0,
    maxNearDuplicateShare: 0,
    maxLabelConflictShare: 0,
    splitField: "part",
    drift: { maxDivergence: 1, maxShareDifference: 1 },
  },
);

const row = fc.tuple(
  fc.constantFrom("1", "2", "3", "4", "5", "6", "x", ""),
  fc.constantFrom("1", "2.5", "9", "", "nan"),
  fc.constantFrom("a", "b", "c", ""),
  fc.constantFrom("train", "test", ""),
);
const files = fc.array(fc.array(row, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 5 });

/** What the parts come to together: facts and anomalies. */
async function merged(parts: readonly TablePart[], scratch: string) {
  const log = createAnomalyLog();
  const engine = await openEngine(
    scratch,
    parts.map(({ folder }) => folder),
  );
  try {
    return { facts: await mergeTables(engine, parts, schema, log), anomalies: log.all() };
  } finally {
    engine.close();
  }
}

let runs = 0;

test("however files are dealt out, the parts add up to exactly the whole, keys and copies across parts too", async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.array(fc.nat(2), { minLength: 5, maxLength: 5 }), async (tables, dealt) => {
      const folder = join(root, String(++runs));
      for (const [index, rows] of tables.entries()) {
        const lines = rows.map((cells) => cells.join(",")).join("\n");
        // The columns of every other file stand in another order: groups within a part have to add up as well.
        await put(folder, `data/${index}.csv`, index % 2 === 0 ? `id,size,label,part\n${lines}\n` : swapped(lines));
      }
      const all = await listData(join(folder, "data"), schema);
      const whole = await merged(await scanTables(all, schema, join(folder, "whole"), true), folder);
      const parts: TablePart[] = [];
      for (const part of [0, 1, 2]) {
        const objects = all.objects.filter((_, index) => dealt[index] === part);
        const scratch = join(folder, `part-${part}`);
        if (objects.length > 0) parts.push(...(await scanTables({ ...all, objects }, schema, scratch, false)));
      }
      assert.deepEqual(await merged(parts, folder), whole);
      // A summary crosses machines as JSON.
      const read = parts.map(({ summary, folder: own }) => ({
        summary: JSON.parse(JSON.stringify(summary)),
        folder: own,
      }));
      assert.deepEqual(await merged(read, folder), whole);
    }),
    { numRuns: 4 },
  );
});

function swapped(lines: string): string {
  const rows = lines.split("\n").map((line) => line.split(","));
  return `part,label,size,id\n${rows.map((cells) => cells.toReversed().join(",")).join("\n")}\n`;
}

test("a key that repeats only across files is found, with both places", async () => {
  const folder = join(root, "across");
  await put(folder, "data/a.csv", "id,size,label,part\n7,1,a,x\n");
  await put(folder, "data/b.csv", "part,label,size,id\nx,b,2,007\n");
  const parts = await scanTables(await listData(join(folder, "data"), schema), schema, folder, true);
  const { anomalies } = await merged(parts, folder);
  const told = anomalies.find(({ name }) => name === "DUPLICATE_VALUE");
  assert.deepEqual(told?.examples, ['b.csv, row 2: "7" is in a.csv, row 2 too']);
});

const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const hex = (value: bigint) => value.toString(16).padStart(16, "0");
const differing = (a: string, b: string) => {
  const bits = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  return bits.toString(2).replaceAll("0", "").length;
};

test("near copies are those that comparing all with all finds", () => {
  const near = fc.tuple(hash, fc.array(fc.nat(63), { maxLength: 6 }));
  fc.assert(
    fc.property(fc.array(near, { maxLength: 30 }), fc.nat(7), (drawn, distance) => {
      const items = drawn
        .flatMap(([base, flips]) => [base, flips.reduce((value, bit) => value ^ (1n << BigInt(bit)), base)])
        .map((value, id) => ({ id, hash: hex(value) }));
      const expected = items.filter(({ id, hash: own }) =>
        items.some((other) => other.id < id && differing(other.hash, own) <= distance),
      );
      const found = findNearCopies(items, distance);
      assert.deepEqual(
        found.map(({ item }) => item.id),
        expected.map(({ id }) => id),
      );
      for (const { item, like, distance: bits } of found) {
        assert.ok(like.id < item.id);
        assert.equal(differing(item.hash, like.hash), bits);
      }
    }),
  );
});

test("a hundred thousand blank pictures are compared once each", () => {
  const items = Array.from({ length: 100_000 }, () => ({ hash: "0000000000000000" }));
  assert.equal(findNearCopies(items, 3).length, 99_999);
});
