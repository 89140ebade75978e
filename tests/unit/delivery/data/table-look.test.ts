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
