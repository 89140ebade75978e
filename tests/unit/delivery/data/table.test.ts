import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { validateDataset } from "../../../../delivery/data/validate.ts";
import { put } from "../pictures.ts";
import { tableSchema, writeParquet } from "./tables.ts";

const root = await mkdtemp(join(tmpdir(), "table-"));
after(() => rm(root, { recursive: true }));

const FIELDS = [
  { name: "id", type: "integer", constraints: { required: true, unique: true, minimum: 0 } },
  { name: "species", type: "string", constraints: { enum: ["oak", "elm"] } },
  { name: "height", type: "number", constraints: { minimum: 0, maximum: 100 } },
  { name: "alive", type: "boolean" },
  { name: "seen", type: "datetime", constraints: { minimum: "2020-01-01T00:00:00Z" } },
  { name: "planted", type: "date", constraints: { exclusiveMaximum: "2026-01-01" } },
  { name: "code", type: "string", constraints: { pattern: "[A-Z]{2}[0-9]+", minLength: 3, maxLength: 6 } },
];
const HEADER = "id,species,height,alive,seen,planted,code";
const ROWS = [
  "1,oak,12.5,true,2024-05-01T10:00:00Z,2001-02-03,AB1",
  "2,elm,7,false,2024-05-01T10:00:00.25Z,1999-12-31,CD22",
  "3,oak,,1,2024-05-01 10:00:00,,EF333",
];
const schema = tableSchema(FIELDS);

async function check(name: string, content: string | Uint8Array, rules = schema) {
  await writeFile(join(root, name), content);
  const report = await validateDataset({ data: join(root, name) }, rules);
  return { report, found: report.anomalies.map((a) => [a.name, a.count, a.examples[0]]) };
}

const csv = (...rows: string[]) => `${[HEADER, ...rows].join("\n")}\n`;

test("a sound table passes, from CSV with LF, CRLF, quotes and byte order mark, and from Parquet", async () => {
  const { report, found } = await check("sound.csv", csv(...ROWS));
  assert.deepEqual([report.verdict, found, report.rows], ["pass", [], 3]);
  assert.equal(report.missing["height"], 1 / 3);
  const windows = `\uFEFF${[HEADER, ...ROWS].join("\r\n")}\r\n`.replaceAll("oak", '"oak"');
  assert.deepEqual((await check("windows.csv", windows)).found, []);
  const path = join(root, "sound.parquet");
  await writeParquet(
    path,
    "SELECT 1 AS id, 'oak' AS species, 12.5 AS height, true AS alive, TIMESTAMP '2024-05-01' AS seen, DATE '2001-02-03' AS planted, 'AB1' AS code",
  );
  assert.deepEqual((await validateDataset({ data: path }, schema)).anomalies, []);
});

const broken: [what: string, row: string, anomaly: string, example: RegExp][] = [
  ["no key", ",oak,1,true,,,AB1", "FEATURE_TYPE_LOW_FRACTION_PRESENT", /row 5: no value/],
  ["a text for an integer", "x,oak,1,true,,,AB1", "INT_TYPE_NOT_INT_STRING", /row 5: "x"/],
  ["a fraction for an integer", "4.5,oak,1,true,,,AB1", "INT_TYPE_NOT_INT_STRING", /row 5: "4.5"/],
  ["an exponent for an integer", "1e3,oak,1,true,,,AB1", "INT_TYPE_NOT_INT_STRING", /"1e3"/],
  ["hexadecimals", "0x1F,oak,1,true,,,AB1", "INT_TYPE_NOT_INT_STRING", /"0x1F"/],
  ["more than 64 bits", "99999999999999999999,oak,1,true,,,AB1", "INT_TYPE_NOT_INT_STRING", /"9+"/],
  ["a space before an integer", " 4,oak,1,true,,,AB1", "INT_TYPE_NOT_INT_STRING", /" 4"/],
  ["a text for a number", "4,oak,tall,true,,,AB1", "FLOAT_TYPE_STRING_NOT_FLOAT", /"tall"/],
  ["an underscore in a number", "4,oak,1_0,true,,,AB1", "FLOAT_TYPE_STRING_NOT_FLOAT", /"1_0"/],
  ["a tab after a number", "4,oak,10\t,true,,,AB1", "FLOAT_TYPE_STRING_NOT_FLOAT", /"10\\t"/],
  ["NaN", "4,oak,NaN,true,,,AB1", "FLOAT_TYPE_HAS_NAN", /"NaN"/],
  ["infinity", "4,oak,-inf,true,,,AB1", "FLOAT_TYPE_HAS_INF", /"-inf"/],
  ["a number that overflows", "4,oak,1e999,true,,,AB1", "FLOAT_TYPE_HAS_INF", /"1e999"/],
  ["yes for a boolean", "4,oak,1,yes,,,AB1", "BOOL_TYPE_UNEXPECTED_STRING", /"yes"/],
  ["a short date", "4,oak,1,true,,2001-2-3,AB1", "DATE_TYPE_NOT_DATE_STRING", /"2001-2-3"/],
  ["a day that is not", "4,oak,1,true,,2001-02-30,AB1", "DATE_TYPE_NOT_DATE_STRING", /"2001-02-30"/],
  ["an offset", "4,oak,1,true,2024-05-01T10:00:00+02:00,,AB1", "DATETIME_TYPE_NOT_DATETIME_STRING", /\+02:00/],
  ["a word for a time", "4,oak,1,true,infinity,,AB1", "DATETIME_TYPE_NOT_DATETIME_STRING", /infinity/],
  ["too early a time", "4,oak,1,true,2019-12-31T23:59:59Z,,AB1", "OUT_OF_RANGE", /2019/],
  ["the bound that is excluded", "4,oak,1,true,,2026-01-01,AB1", "OUT_OF_RANGE", /2026/],
  ["a number out of range", "4,oak,100.1,true,,,AB1", "OUT_OF_RANGE", /"100.1"/],
  ["an unknown value", "4,ash,1,true,,,AB1", "ENUM_TYPE_UNEXPECTED_STRING_VALUES", /"ash"/],
  ["a value out of pattern", "4,oak,1,true,,,ab1", "ENUM_TYPE_UNEXPECTED_STRING_VALUES", /"ab1"/],
  ["too short a text", "4,oak,1,true,,,A1", "VALUE_TOO_SHORT", /"A1"/],
  ["too long a text", "4,oak,1,true,,,AB12345", "VALUE_TOO_LONG", /"AB12345"/],
  ["a key that repeats", "3,oak,1,true,,,AB1", "DUPLICATE_VALUE", /row 5: "3" is in .*row 4 too/],
];
for (const [what, row, anomaly, example] of broken) {
  test(`${what} fails as ${anomaly}, named by row (DAT-02)`, async () => {
    const { report } = await check("broken.csv", csv(...ROWS, row));
    assert.equal(report.verdict, "fail");
    const told = report.anomalies.find(({ name }) => name === anomaly);
    assert.equal(told?.count, 1, JSON.stringify(report.anomalies));
    assert.match(told?.examples[0] ?? "", example);
  });
}

test("columns that are missing, new, renamed or moved are named (DAT-02)", async () => {
  const moved = csv(...ROWS).replaceAll(/^([^,]*),([^,]*)/gm, "$2,$1");
  const order = await check("moved.csv", moved);
  assert.deepEqual([order.report.verdict, order.found[0]?.slice(0, 2)], ["pass", ["SCHEMA_COLUMN_ORDER", 2]]);
  const renamed = await check("renamed.csv", csv(...ROWS).replace("height", "size"));
  assert.deepEqual(renamed.found, [
    ["SCHEMA_MISSING_COLUMN", 1, "renamed.csv: column `height`"],
    ["SCHEMA_NEW_COLUMN", 1, "renamed.csv: column `size`"],
  ]);
});

test("a Parquet column of another type is named (DAT-02)", async () => {
  const path = join(root, "typed.parquet");
  await writeParquet(path, "SELECT 1.5::DOUBLE AS id, 7 AS species");
  const { anomalies } = await validateDataset({ data: path }, tableSchema(FIELDS.slice(0, 2)));
  assert.deepEqual(
    anomalies.map(({ name, examples }) => [name, examples[0]]),
    [
      ["ENUM_TYPE_BYTES_NOT_STRING", "typed.parquet: column `species` is INTEGER"],
      ["INT_TYPE_NOT_INT_STRING", "typed.parquet: column `id` is DOUBLE"],
    ],
  );
});

const unreadable: [what: string, content: string | Uint8Array, message: RegExp][] = [
  ["nothing", "", /holds no records/],
  ["a header alone", `${HEADER}\n`, /holds no records/],
  ["NULs alone", Buffer.alloc(100), /not UTF-8/],
  ["a row too short", csv(...ROWS, "4,oak"), /line 5: 2 cells, but the header has 7/],
  ["a row too long", csv(...ROWS, `${ROWS[0]},x`), /line 5: 8 cells, but the header has 7/],
  ["an unclosed quote", csv(...ROWS, '"4,oak,1,true,,,AB1'), /line 5: a quote is opened and never closed/],
  ["a quote inside a cell", csv(...ROWS, '4,o"ak,1,true,,,AB1'), /line 5: "\\"" inside a cell/],
  ["a space before a quote", csv(...ROWS, '4, "oak",1,true,,,AB1'), /line 5: "\\"" inside a cell/],
  ["text after a quote", csv(...ROWS, '4,"oak"x,1,true,,,AB1'), /line 5: text after a closing quote/],
  ["a NUL", csv(...ROWS, "4,o\0ak,1,true,,,AB1"), /line 5: a NUL/],
  ["CR alone", csv(...ROWS).replaceAll("\n", "\r"), /line 1: "\\r" inside a cell|lone carriage return/],
  [
    "LF among CRLF",
    csv(...ROWS)
      .replace(/\n/, "\r\n")
      .replace("AB1\n", "AB1\r"),
    /lone carriage return/,
  ],
  ["UTF-16", Buffer.from(`\uFEFF${csv(...ROWS)}`, "utf16le"), /not UTF-8 \(ENUM_TYPE_INVALID_UTF8\)/],
  ["Latin-1", Buffer.from(csv(...ROWS, "4,\xe9lm,1,true,,,AB1"), "latin1"), /line 5.*\(ENUM_TYPE_INVALID_UTF8\)/],
  ["a cell of 10 MB", csv(...ROWS, `4,${"x".repeat(10_000_000)},1,true,,,AB1`), /line 5/],
  ["a column twice", "id,id\n1,1\n", /two columns named `id` \(SCHEMA_DUPLICATE_COLUMN\)/],
];
for (const [what, content, message] of unreadable) {
  test(`a table of ${what} decides nothing, and says where (DAT-01, DAT-03)`, async () => {
    await assert.rejects(check("unreadable.csv", content), (error: Error & { kind?: string }) => {
      assert.match(error.message, message);
      return error.kind === "input";
    });
  });
}

test("line breaks inside quotes shift no column and no row (DAT-03)", async () => {
  const { report } = await check("breaks.csv", csv(...ROWS, '4,"o\nak",1,true,,,AB1', "5,oak,x,true,,,AB1"));
  const examples = report.anomalies.map(({ name, examples: [first] }) => [name, first]);
  assert.deepEqual(examples.sort(), [
    ["ENUM_TYPE_UNEXPECTED_STRING_VALUES", 'breaks.csv, row 5: "o\\nak"'],
    ["FLOAT_TYPE_STRING_NOT_FLOAT", 'breaks.csv, row 6: "x"'],
  ]);
});

test("no table, a link, an archive, a damaged Parquet file decide nothing (DAT-01, DAT-11)", async () => {
  const refuse = (path: string, message: RegExp) =>
    assert.rejects(validateDataset({ data: join(root, path) }, schema), message);
  await refuse("nowhere.csv", /does not exist/);
  await refuse("nowhere", /no data set at/);
  await mkdir(join(root, "folder.csv"), { recursive: true });
  await refuse("folder.csv", /does not exist/);
  await writeFile(join(root, "data.zip"), "PK");
  await refuse("data.zip", /is an archive/);
  await symlink("/etc/hostname", join(root, "link.csv"));
  await refuse("link.csv", /symbolic link/);
  await writeFile(join(root, "bad.parquet"), "PAR1 and no more");
  await refuse("bad.parquet", /`bad.parquet` is not a Parquet file/);
  await put(join(root, "wild"), "a[1].csv", csv(...ROWS));
  await refuse("wild", /rename it/);
});

test("more files than allowed are refused before any is read (DAT-11)", async () => {
  for (const name of ["a", "b", "c"]) await put(join(root, "many"), `${name}.csv`, csv(...ROWS));
  const few = tableSchema(FIELDS, { maxFiles: 2 });
  await assert.rejects(validateDataset({ data: join(root, "many") }, few), /more than 2 files/);
});

test("a table that changes while it is read decides nothing (DAT-10)", async () => {
  const path = join(root, "moving.csv");
  await writeFile(path, csv(...ROWS));
  const { localScanner } = await import("../../../../delivery/data/validate.ts");
  const scanner = localScanner(schema);
  const meddling = {
    ...scanner,
    tables: async (...args: Parameters<typeof scanner.tables>) => {
      const parts = await scanner.tables(...args);
      await appendFile(path, "4,oak,1,true,,,AB1\n");
      return parts;
    },
  };
  await assert.rejects(validateDataset({ data: path }, schema, meddling), /changed while it was read/);
});

test("what a data set and a schema say never becomes SQL", async () => {
  const nasty = `a"); DROP TABLE x; --'`;
  const rules = tableSchema([{ name: nasty, type: "string", constraints: { enum: ["it's", '"'], unique: true } }]);
  const { report } = await check("nasty'); --.csv", `"${nasty.replaceAll('"', '""')}"\nit's\n""""\n`, rules);
  assert.deepEqual([report.verdict, report.rows], ["pass", 2]);
});

const PLOTS = [
  { name: "id", type: "integer", constraints: { unique: true } },
  { name: "text", type: "string" },
  { name: "label", type: "string" },
  { name: "part", type: "string" },
];

test("copies, near copies, contradictions and leaks between splits are counted; a leak is always fatal (DAT-04)", async () => {
  const rows = [
    "1,Red leaf,a,train",
    "2,Red leaf,a,train",
    "3,red  LEAF,a,train",
    "4,Red leaf,b,train",
    "5,green,a,train",
    "6,green ,a,test",
  ];
  const content = `id,text,label,part\n${rows.join("\n")}\n`;
  const strict = { maxDuplicateShare: 0, maxNearDuplicateShare: 0, maxLabelConflictShare: 0 };
  const { report, found } = await check("copies.csv", content, tableSchema(PLOTS, { ...strict, splitField: "part" }));
  assert.equal(report.verdict, "fail");
  assert.deepEqual(found, [
    ["NEAR_DUPLICATE_ROW", 2, "copies.csv, row 5 says the same, but for case and spacing, as copies.csv, row 2"],
    ["DUPLICATE_ROW", 1, "copies.csv, row 3 says the same as copies.csv, row 2"],
    ["LABEL_CONFLICT", 1, "copies.csv, row 5 has another label than copies.csv, row 2"],
    ["SPLIT_LEAK", 1, "copies.csv, row 7 is in another split than copies.csv, row 6"],
  ]);
  const lenient = { maxDuplicateShare: 1, maxNearDuplicateShare: 1, maxLabelConflictShare: 1 };
  const without = await check("copies.csv", content, tableSchema(PLOTS, lenient));
  assert.equal(without.report.verdict, "pass");
  const leaking = await check("copies.csv", content, tableSchema(PLOTS, { ...lenient, splitField: "part" }));
  assert.equal(leaking.report.verdict, "fail");
});

test("classes unknown, missing, absent, and 99 to 1 fail, or are told, as the schema says (DAT-05)", async () => {
  const rows = [...Array.from({ length: 99 }, (_, i) => `${i},t${i},a,x`), "99,t,b,x", "100,t,,x"];
  const content = `id,text,label,part\n${rows.join("\n")}\n`;
  const needed = PLOTS.map((field) => (field.name === "label" ? { ...field, constraints: { required: true } } : field));
  const { found } = await check("classes.csv", content, tableSchema(needed, { classes: ["a", "c"], maxImbalance: 10 }));
  assert.deepEqual(found.map(([name, count]) => [name, count]).sort(), [
    ["CLASS_IMBALANCE", 1],
    ["DATASET_LOW_NUM_EXAMPLES", 1],
    ["ENUM_TYPE_UNEXPECTED_STRING_VALUES", 1],
    ["FEATURE_TYPE_LOW_FRACTION_PRESENT", 1],
  ]);
  const told = await check("classes.csv", content, tableSchema(PLOTS, { maxImbalance: 10, imbalanceIsWarning: true }));
  assert.deepEqual([told.report.verdict, told.report.classes], ["pass", { a: 99, b: 1 }]);
});

test("row counts and shares of missing values are held to their bounds", async () => {
  const fields = [{ name: "a", type: "string", "x-maxMissingShare": 0.5 }];
  const rows = "a\nx\nNA\nNA\n";
  const { found } = await check(
    "share.csv",
    rows,
    tableSchema(fields, { minRows: 4, maxRows: 2 }, { missingValues: ["NA"] }),
  );
  assert.deepEqual(found.sort(), [
    ["DATASET_HIGH_NUM_EXAMPLES", 1, "3"],
    ["DATASET_LOW_NUM_EXAMPLES", 1, "3"],
    ["FEATURE_TYPE_LOW_FRACTION_PRESENT", 1, "missing in 66.6667 %"],
  ]);
});

test("a shifted mean and new mass of a category are drift, the same data is none (DAT-09)", async () => {
  const fields = [
    { name: "x", type: "number" },
    { name: "flag", type: "boolean" },
  ];
  const limits = { drift: { maxDivergence: 0.1, maxShareDifference: 0.1 } };
  const table = (shift: number, share: number) =>
    `x,flag\n${Array.from({ length: 2000 }, (_, i) => `${10 + shift + Math.sin(i)},${i % 100 < share}`).join("\n")}\n`;
  const rules = tableSchema(fields, limits);
  const reference = (await check("before.csv", table(0, 50), rules)).report.profile;
  const compare = async (name: string, content: string) => {
    await writeFile(join(root, name), content);
    return validateDataset({ data: join(root, name), reference }, rules);
  };
  const same = await compare("same.csv", table(0, 50));
  assert.deepEqual(
    same.drift.map(({ field, value, verdict }) => [field, value, verdict]),
    [
      ["x", 0, "within"],
      ["flag", 0, "within"],
    ],
  );
  const far = await compare("far.csv", table(1, 80));
  assert.deepEqual(
    far.drift.map(({ verdict }) => verdict),
    ["beyond", "beyond"],
  );
  assert.equal(far.drift[1]?.value?.toFixed(9), "0.300000000");
  assert.deepEqual(far.anomalies.map(({ name }) => name).sort(), [
    "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH",
    "COMPARATOR_L_INFTY_HIGH",
  ]);
  const few = await compare("few.csv", "x,flag\n1,true\n");
  assert.deepEqual(
    few.drift.map(({ verdict }) => verdict),
    ["cannot decide", "cannot decide"],
  );
});
