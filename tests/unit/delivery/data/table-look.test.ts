import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import type { TableGroup } from "../../../../delivery/data/table-files.ts";
import { findShortcut } from "../../../../delivery/data/table-shortcut.ts";
import { validateDataset } from "../../../../delivery/data/validate.ts";
import { tableSchema, writeParquet } from "./tables.ts";

const root = await mkdtemp(join(tmpdir(), "look-"));
after(() => rm(root, { recursive: true }));

const file = join(root, "table.csv");
/** A cell's verdict by the Table Schema: https://datapackage.org/standard/table-schema/#field-types */
type Verdict = (cell: string) => string[];

const kinds: { what: string; field: object; sound: string; expected: Verdict; hard: readonly string[] }[] = [
  {
    what: "a number",
    field: { type: "number" },
    sound: "0.5",
    expected: (cell) => {
      if (cell === "") return [];
      if (!/^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$/.test(cell)) return ["FLOAT_TYPE_STRING_NOT_FLOAT"];
      return Number.isFinite(Number(cell)) ? [] : ["FLOAT_TYPE_HAS_INF"];
    },
    hard: ["1_0", " 1", "1 ", "1e999", "1.", ".5", "+1", "1e", "0x1F", "", "."],
  },
  {
    what: "an integer",
    field: { type: "integer" },
    sound: "7",
    expected: (cell) => {
      if (cell === "") return [];
      const within =
        /^[+-]?[0-9]+$/.test(cell) &&
        BigInt.asIntN(64, BigInt(cell.replace("+", ""))) === BigInt(cell.replace("+", ""));
      return within ? [] : ["INT_TYPE_NOT_INT_STRING"];
    },
    hard: [
      "12.5",
      "12.0",
      "12.",
      "1e3",
      "1E3",
      "0x1F",
      "0b1",
      "1_0",
      " 1",
      "1 ",
      "+1",
      "-",
      "007",
      "-0",
      "9".repeat(30),
    ],
  },
  {
    what: "a string of a pattern",
    field: { type: "string", constraints: { pattern: "[0-9.eE_-]+" } },
    sound: "1",
    expected: (cell) => (/^[0-9.eE_-]*$/.test(cell) ? [] : ["ENUM_TYPE_UNEXPECTED_STRING_VALUES"]),
    hard: ["1+", "+", "x", " ", "1e-3"],
  },
];

/** What is found in one cell, below other rows; where its row begins unlike all before, it is read again as a text. */
async function found(field: object, cell: string, above: readonly string[], missingValues = [""]): Promise<string[]> {
  await writeFile(file, `note,cell\n${[...above, cell].map((one) => `a note,${one}`).join("\n")}\n`);
  const fields = [
    { name: "note", type: "string" },
    { name: "cell", ...field },
  ];
  const { anomalies } = await validateDataset({ data: file }, tableSchema(fields, {}, { missingValues }));
  return anomalies.map(({ name }) => name);
}

/** More than is looked at before it is decided how a file is read. */
const manyRows = 20_000;

for (const { what, field, sound, expected, hard } of kinds) {
  test(`${what} gets the same verdict however the table is read, whatever its spelling`, async () => {
    const spelling = fc.string({ unit: fc.constantFrom(..."0123456789+-.eE_x "), maxLength: 7 });
    const cells = fc.oneof(
      spelling,
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.integer().map(String),
    );
    await fc.assert(
      fc.asyncProperty(cells, async (cell) => {
        // Beside a cell in quotes it is read as a text from the start.
        for (const first of [sound, `"${sound}"`]) assert.deepEqual(await found(field, cell, [first]), expected(cell));
      }),
      { numRuns: 60, examples: hard.map((cell) => [cell]) },
    );
  });

  test(`${what} far below sound ones gets the same verdict (DAT-02)`, async () => {
    const above = Array.from({ length: manyRows }, () => sound);
    for (const cell of hard) assert.deepEqual(await found(field, cell, above), expected(cell), cell);
    assert.deepEqual(await found(field, `"${sound}"`, above), []);
    const lines = await found(field, `"${sound}\n"`, above);
    assert.deepEqual(lines, expected(`${sound}\n`));
  });
}

test("NaN and infinity are told apart however the number is read", async () => {
  for (const first of ["0.5", '"0.5"']) {
    assert.deepEqual(await found({ type: "number" }, "NaN", [first]), ["FLOAT_TYPE_HAS_NAN"]);
    assert.deepEqual(await found({ type: "number" }, "-inf", [first]), ["FLOAT_TYPE_HAS_INF"]);
  }
});

test("texts that stand for no value are none however the table is read", async () => {
  const missing = ["", "NA", "None", "-", "n/a"];
  for (const { field, sound } of kinds)
    for (const cell of missing) assert.deepEqual(await found(field, cell, [sound], missing), [], cell);
  assert.deepEqual(await found({ type: "integer" }, "NAN", ["7"], missing), ["INT_TYPE_NOT_INT_STRING"]);
  assert.deepEqual(await found({ type: "integer" }, "1e3", ["7"], missing), ["INT_TYPE_NOT_INT_STRING"]);
  // Without "" among them, an empty cell is a value, which the pattern refuses.
  const [, , text] = kinds;
  assert.deepEqual(await found(text?.field ?? {}, "", ["1"], ["NA"]), ["ENUM_TYPE_UNEXPECTED_STRING_VALUES"]);
});

test("patterns that no set of bytes stands for are held to as well", async () => {
  const patterns: [pattern: string, good: string, bad: string][] = [
    ["[a-c]*", "abc", "abd"],
    ["[a-c]+x", "abx", "ab"],
    ["[a-c]{2}", "ab", "abc"],
    ["[^a-c]+", "xyz", "xaz"],
    ["[a-c]+|x", "x", "xx"],
    ["[z-]+", "z-", "a"],
    ["[a\\-c]+", "a-", "b"],
  ];
  for (const [pattern, good, bad] of patterns) {
    const field = { type: "string", constraints: { pattern } };
    for (const first of [good, `"${good}"`]) {
      assert.deepEqual(await found(field, good, [first]), [], pattern);
      assert.deepEqual(await found(field, bad, [first]), ["ENUM_TYPE_UNEXPECTED_STRING_VALUES"], pattern);
    }
  }
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

test("columns that begin plainly are read as what they are, all others as texts", async () => {
  const fields = [
    { name: "id", type: "integer" },
    { name: "size", type: "number" },
    { name: "code", type: "string", constraints: { pattern: "[a-z]+", maxLength: 3 } },
    { name: "quoted", type: "integer" },
    { name: "word", type: "string" },
    { name: "label", type: "integer" },
  ];
  const columns = fields.map(({ name }) => ({ name, type: "VARCHAR" }));
  await writeFile(file, `${fields.map(({ name }) => name).join(",")}\n1,0.5,abc,"3",word,1\n2,1e3,de,4,"a, b",2\n`);
  const group: TableGroup = { kind: "csv", files: [{ name: "table.csv", path: file }], columns };
  const shortcut = await findShortcut(group, tableSchema(fields));
  const types = ["BIGINT", "DOUBLE", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR"];
  assert.deepEqual(
    shortcut?.group.columns.map(({ type }) => type),
    types,
  );
  assert.deepEqual(shortcut?.schema.fields[2]?.constraints, { maxLength: 3 });
  assert.deepEqual(
    shortcut?.sets.map((set) => set !== undefined),
    [true, true, true, false, false, false],
  );
  assert.equal(await findShortcut({ ...group, kind: "parquet" }, tableSchema(fields)), undefined);
});
