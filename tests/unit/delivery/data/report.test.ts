import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { divergence, shareDifference } from "../../../../delivery/data/drift.ts";
import { bucketOf, middleOf } from "../../../../delivery/data/profile.ts";
import { datasetPage } from "../../../../delivery/data/report-page.ts";
import { csvLine, datasetMarkdown, parseReference, problemsCsv } from "../../../../delivery/data/report-text.ts";
import { validateDataset } from "../../../../delivery/data/validate.ts";
import { tableSchema } from "./tables.ts";

const root = await mkdtemp(join(tmpdir(), "report-"));
after(() => rm(root, { recursive: true }));

const schema = tableSchema(
  [
    { name: "x", type: "number", constraints: { maximum: 3 } },
    { name: "label", type: "string", constraints: { enum: ["a", "b"] } },
  ],
  { drift: { maxDivergence: 0.1, maxShareDifference: 0.1 } },
);

async function reportOf(content: string) {
  await writeFile(join(root, "data.csv"), content);
  return validateDataset({ data: join(root, "data.csv") }, schema);
}

const formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\0x"];

test("cells that a spreadsheet would run are escaped in the CSV that is written, and kept in what is read (DAT-07)", async () => {
  for (const cell of formulas) assert.match(csvLine([cell]), /^"?'/);
  assert.equal(csvLine(["a", 'b"c', "d,e", "f\ng"]), 'a,"b""c","d,e","f\ng"\n');
  const report = await reportOf("x,label\n1,=cmd()\n2,a\n");
  assert.equal(report.anomalies[0]?.examples[0], 'data.csv, row 2: "=cmd()"', "kept as it is");
  const named = { ...report, anomalies: [{ ...report.anomalies[0], examples: ["=cmd(),b"] }] } as typeof report;
  assert.match(problemsCsv(named), /,"'=cmd\(\),b"\n$/);
});

test("the page is one file with plots and no script, and what the data says stays text", async () => {
  const report = await reportOf('x,label\n1,a\n2,b\n9,"<img src=x onerror=alert(1)>"\n');
  const page = await datasetPage(report);
  assert.match(page, /<svg /);
  assert.match(page, /OUT_OF_RANGE/);
  assert.doesNotMatch(page, /<script|<img|(src|href)="(?!data:)/);
  assert.match(datasetMarkdown(report), /`data\.csv, row 4: "<img src=x onerror=alert\(1\)>"`/);
  assert.equal(await datasetPage(await reportOf('x,label\n1,a\n2,b\n9,"<img src=x onerror=alert(1)>"\n')), page);
});

test("a report can be read back as a reference; anything else is refused", async () => {
  const report = await reportOf("x,label\n1,a\n2,b\n");
  assert.deepEqual(parseReference(JSON.stringify(report), "it"), report.profile);
  assert.throws(() => parseReference("{}", "it"), /no report of validate-data/);
  assert.throws(() => parseReference(JSON.stringify({ ...report, profile: {} }), "it"), /holds no profile/);
  const bent = JSON.stringify(report).replace('"kind":"number"', '"kind":"guess"');
  assert.throws(() => parseReference(bent, "it"), /no report of validate-data/);
});

test("divergence agrees with SciPy", () => {
  // scipy.spatial.distance.jensenshannon([0.5, 0.3, 0.2], [0.2, 0.3, 0.5], base=2) ** 2
  const level = (counts: Record<string, number>) => ({ kind: "level" as const, counts });
  const [p, q] = [level({ 1: 50, 2: 30, 3: 20 }), level({ 1: 20, 2: 30, 3: 50 })];
  assert.ok(Math.abs(divergence(p, q) - SCIPY) < 1e-9, String(divergence(p, q)));
  assert.equal(divergence(p, p), 0);
  assert.equal(divergence(level({ 1: 5 }), level({ 2: 5 })), 1);
  const number = (value: number) => ({ kind: "number" as const, counts: { [bucketOf(value)]: 100 } });
  assert.equal(divergence(number(4), number(5)), 1, "a constant that moved");
  assert.equal(shareDifference({ ...p, kind: "value" }, { ...q, kind: "value" }), 0.3);
});
const SCIPY = 0.0958156020033584;

test("a number lies in its bucket, within half a percent of the middle", () => {
  for (const value of [1e-300, 0.001, 1, 2, 3, 293.15, 1e12, -5, -0.25]) {
    assert.ok(Math.abs(middleOf(bucketOf(value)) / value - 1) < 0.0055, String(value));
  }
  assert.equal(middleOf(bucketOf(0)), 0);
});

test("the shipped schema is one that is read", async () => {
  const { parseDataSchema } = await import("../../../../delivery/data/schema.ts");
  assert.equal(parseDataSchema(await readFile("schemas/data_schema.json", "utf8"), "it").fields.length, 2);
});
