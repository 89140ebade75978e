import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import type { TableGroup } from "../../../../delivery/data/table-files.ts";
import { findShortcut } from "../../../../delivery/data/table-shortcut.ts";
import { validateDataset } from "../../../../delivery/data/validate.ts";
import { tableSchema } from "./tables.ts";

const root = await mkdtemp(join(tmpdir(), "shortcut-"));
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
    hard: ["1_0", " 1", "1 ", "1e999", "1.", ".5", "+1", "1e", "0x1F", "", ".", "tall"],
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

/** No value, in letters that no column's bytes may have to be read as anything but a text. */
const READ_AS_TEXT = "None";

/** What is found in one cell, below other rows. */
async function found(
  field: object,
  cell: string,
  above: readonly string[],
  missingValues = ["", READ_AS_TEXT],
): Promise<string[]> {
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
        for (const first of [sound, READ_AS_TEXT]) assert.deepEqual(await found(field, cell, [first]), expected(cell));
      }),
      { numRuns: 40, examples: hard.map((cell) => [cell]) },
    );
  });

  test(`${what} far below sound ones gets the same verdict (DAT-02)`, async () => {
    const above = Array.from({ length: manyRows }, () => sound);
    for (const cell of hard) assert.deepEqual(await found(field, cell, above), expected(cell), cell);
  });

  test(`${what} in quotes is what it is without, and nothing else (DAT-03)`, async () => {
    for (const above of [[sound], [READ_AS_TEXT], Array.from({ length: manyRows }, () => sound)]) {
      assert.deepEqual(await found(field, `"${sound}"`, above), []);
      assert.deepEqual(await found(field, '""', above), []);
      for (const inside of ["\n", " ", "_0", ",", "x"])
        assert.deepEqual(await found(field, `"${sound}${inside}"`, above), expected(sound + inside), inside);
      assert.deepEqual(await found(field, `"${sound}""1"`, above), expected(`${sound}"1`));
    }
  });
}

test("NaN and infinity are told apart however the number is read", async () => {
  for (const first of ["0.5", READ_AS_TEXT]) {
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
    ["[a-c]*", "abc", '"a""b"'],
    ["[a-c]+x", "abx", "ab"],
    ["[a-c]{2}", "ab", "abc"],
    ["[^a-c]+", "xyz", "xaz"],
    ["[a-c]+|x", "x", "xx"],
    ["[z-]+", "z-", "a"],
    ["[a\\-c]+", "a-", "b"],
  ];
  for (const [pattern, good, bad] of patterns) {
    const field = { type: "string", constraints: { pattern } };
    for (const first of [good, READ_AS_TEXT]) {
      assert.deepEqual(await found(field, good, [first]), [], pattern);
      assert.deepEqual(await found(field, bad, [first]), ["ENUM_TYPE_UNEXPECTED_STRING_VALUES"], pattern);
    }
  }
});

test("a table with any faults gets one report however it is read", async () => {
  const fields = [
    { name: "id", type: "integer", constraints: { required: true, unique: true } },
    { name: "size", type: "number", constraints: { minimum: 0, exclusiveMaximum: 10 } },
    { name: "code", type: "string", constraints: { pattern: "[a-z0-9-]+", maxLength: 4 } },
    { name: "count", type: "integer", constraints: { enum: [1, 2, 3] } },
    { name: "label", type: "integer" },
  ];
  const schema = tableSchema(fields, {}, { missingValues: ["", READ_AS_TEXT] });
  const report = async (rows: readonly string[]) => {
    await writeFile(file, `id,size,code,count,label\n${rows.join("\n")}\n`);
    const { bytes: _, fingerprint: __, ...rest } = await validateDataset({ data: file }, schema);
    return rest;
  };
  const unlikely = (usual: fc.Arbitrary<string>, ...rare: string[]) =>
    fc.oneof({ weight: 12, arbitrary: usual }, fc.constantFrom("", ...rare));
  const row = fc.tuple(
    unlikely(fc.integer({ min: 0, max: 60 }).map(String), "007", "1.0", "x"),
    unlikely(fc.integer({ min: 0, max: 9 }).map(String), "-1", "10", "1e9", "NaN", "1_0", '"5"'),
    unlikely(fc.constantFrom("ab", "c-1"), "abcde", "a_b", '"a""b"', '"é"'),
    unlikely(fc.constantFrom("1", "2", "3"), "4", "+3", "03", " 3", "9223372036854775808"),
    unlikely(fc.constantFrom("1", "2"), "01", "1.0"),
  );
  const tables = fc.tuple(fc.boolean(), fc.array(row, { minLength: 1, maxLength: 40 }));
  await fc.assert(
    fc.asyncProperty(tables, async ([isLong, some]) => {
      const above = isLong ? Array.from({ length: 5000 }, (_, index) => `${index + 1000},0.5,ab,1,1`) : [];
      const rows = [...above, ...some.map((cells) => cells.join(","))];
      assert.deepEqual(await report([",,,,", ...rows]), await report(["None,None,None,None,None", ...rows]));
    }),
    { numRuns: 50 },
  );
});

test("columns that begin plainly are read as what they are, all others as texts", async () => {
  const fields = [
    { name: "id", type: "integer" },
    { name: "size", type: "number" },
    { name: "code", type: "string", constraints: { pattern: "[a-z]+", maxLength: 3 } },
    { name: "other", type: "integer" },
    { name: "word", type: "string" },
    { name: "label", type: "integer" },
  ];
  const columns = fields.map(({ name }) => ({ name, type: "VARCHAR" }));
  await writeFile(
    file,
    `${fields.map(({ name }) => name).join(",")}\n1,"0.5",abc,3,word,1\n2,1e3,de,4,"a, b",2\n,,,None,,\n`,
  );
  const group: TableGroup = { kind: "csv", files: [{ name: "table.csv", path: file }], columns };
  const shortcut = await findShortcut({ group, schema: tableSchema(fields, {}, { missingValues: ["", "None"] }) });
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
  assert.equal(await findShortcut({ group: { ...group, kind: "parquet" }, schema: tableSchema(fields) }), undefined);
});
