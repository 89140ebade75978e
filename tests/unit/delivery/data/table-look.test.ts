import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { validateDataset } from "../../../../delivery/data/validate.ts";
import { tableSchema, writeParquet } from "./tables.ts";

const root = await mkdtemp(join(tmpdir(), "look-"));
after(() => rm(root, { recursive: true }));

const file = join(root, "table.csv");
const sizes = tableSchema([
  { name: "note", type: "string" },
  { name: "size", type: "number" },
]);

/** What is found in one cell of numbers; where `note` has a blank, its text is read beside its value. */
async function found(note: string, cell: string, above = ""): Promise<string[]> {
  await writeFile(file, `note,size\n${above}${note},${cell}\n${note},1\n`);
  const { anomalies } = await validateDataset({ data: file }, sizes);
  return anomalies.map(({ name }) => name);
}

/** A cell's verdict by the Table Schema: https://datapackage.org/standard/table-schema/#number */
function expected(cell: string): string[] {
  if (cell === "") return [];
  if (!/^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$/.test(cell)) return ["FLOAT_TYPE_STRING_NOT_FLOAT"];
  return Number.isFinite(Number(cell)) ? [] : ["FLOAT_TYPE_HAS_INF"];
}

test("a cell of numbers gets the same verdict read as a number and as a text, whatever its spelling", async () => {
  const spelling = fc.string({ unit: fc.constantFrom(..."0123456789+-.eE_x "), maxLength: 7 });
  const cells = fc.oneof(spelling, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String));
  await fc.assert(
    fc.asyncProperty(cells, async (cell) => {
      assert.deepEqual(await found("plain", cell), expected(cell));
      assert.deepEqual(await found("a note", cell), expected(cell));
    }),
    { numRuns: 60, examples: [["1_0"], [" 1"], ["1 "], ["1e999"], ["1."], [".5"], ["+1"], ["1e"], ["0x1F"], [""]] },
  );
});

test("NaN and infinity are told apart however the number is read", async () => {
  for (const note of ["plain", "a note"]) {
    assert.deepEqual(await found(note, "NaN"), ["FLOAT_TYPE_HAS_NAN"]);
    assert.deepEqual(await found(note, "-inf"), ["FLOAT_TYPE_HAS_INF"]);
  }
});

test("what looked plain at its beginning and is not further on is read again (DAT-02)", async () => {
  const above = "plain,0.5\n".repeat(20_000);
  assert.deepEqual(await found("plain", "7", above), []);
  assert.deepEqual(await found("plain", "1_000", above), ["FLOAT_TYPE_STRING_NOT_FLOAT"]);
  assert.deepEqual(await found("plain", "7 ", above), ["FLOAT_TYPE_STRING_NOT_FLOAT"]);
  assert.deepEqual(await found("plain", '"7\n"', above), ["FLOAT_TYPE_STRING_NOT_FLOAT"]);
  assert.deepEqual(await found("plain", "tall", above), ["FLOAT_TYPE_STRING_NOT_FLOAT"]);
});

const ids = tableSchema([{ name: "id", type: "integer", constraints: { unique: true } }]);

/** Keys that repeat, by what is told of them. */
async function repeated(keys: readonly (number | bigint)[]): Promise<number> {
  await writeFile(file, `id\n${keys.join("\n")}\n`);
  const csv = await validateDataset({ data: file }, ids);
  const parquet = join(root, "table.parquet");
  await writeParquet(parquet, `SELECT unnest([${keys.join(", ")}]::BIGINT[]) AS id`);
  const same = await validateDataset({ data: parquet }, ids);
  const [count, also] = [csv, same].map(({ anomalies }) => anomalies.find(({ name }) => name === "DUPLICATE_VALUE"));
  assert.equal(count?.count, also?.count);
  return count?.count ?? 0;
}

test("keys are told apart exactly, wherever they are", async () => {
  const row = Array.from({ length: 6000 }, (_, index) => index);
  const far = 2 ** 40;
  const cases: [what: string, keys: readonly (number | bigint)[], repeats: number][] = [
    ["numbered from 0", row, 0],
    ["numbered from far", row.map((n) => n + far), 0],
    ["numbered downwards, below zero", row.map((n) => -n), 0],
    ["far apart", row.map((n) => n * far), 0],
    ["one twice", [...row, 17], 1],
    ["the last twice", [...row, 5999], 1],
    ["one below all others", [...row.map((n) => n + far), -1], 0],
    ["one twice that is far from the first rows", [...row, far, far], 1],
    ["one twice that is below the first rows", [...row.map((n) => n + far), 5, 5, 5], 2],
    ["beyond what a double holds", [2n ** 62n, 2n ** 62n + 1n, 2n ** 62n], 1],
    ["the ends of 64 bits", [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 63n - 1n], 1],
  ];
  for (const [what, keys, repeats] of cases) assert.equal(await repeated(keys), repeats, what);
});

test("any numbers are told apart as a set tells them apart", async () => {
  const keys = fc.array(fc.oneof(fc.integer({ min: -50, max: 50 }), fc.integer(), fc.maxSafeInteger()), {
    minLength: 1,
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(keys, async (all) => {
      assert.equal(await repeated(all), all.length - new Set(all).size);
    }),
    { numRuns: 20 },
  );
});

test("a table of more files than may be open at once is read", async () => {
  const folder = join(root, "many");
  await mkdir(folder);
  for (let id = 0; id < 300; id++) await writeFile(join(folder, `${id}.csv`), `id\n${id}\n`);
  const schemaFile = join(root, "ids.json");
  await writeFile(schemaFile, JSON.stringify({ fields: ids.fields }));
  const script = join(import.meta.dirname, "../../../../scripts/validate-data.ts");
  const command = 'ulimit -n 100 && exec "$0" "$@"';
  const args = [script, "--data-path", folder, "--schema-path", schemaFile, "--json"];
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command, process.execPath, ...args], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(stdout).rows, 300);
});
