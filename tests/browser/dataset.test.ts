import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { datasetPage } from "../../delivery/data/report-page.ts";
import { validateDataset } from "../../delivery/data/validate.ts";
import { tableSchema } from "../unit/delivery/data/tables.ts";
import { openBrowser, openPage, overflow, skip } from "./browser.ts";

const HOSTILE = "<script>alert(1)</script>";
const drift = { maxDivergence: 0.1, maxShareDifference: 0.1 };
const schema = tableSchema(
  [
    { name: "id", type: "integer", constraints: { unique: true } },
    { name: "label", type: "string", constraints: { enum: ["oak", "elm"] } },
    { name: "height", type: "number", constraints: { maximum: 30 } },
  ],
  { drift },
);

/** A table of 200 rows that breaks rules, one of them with markup; `tall` shares its heights out otherwise. */
function rows(tall: boolean): string {
  const cells = Array.from({ length: 200 }, (_, i) => [
    i === 7 ? 6 : i,
    i === 9 ? HOSTILE : i % 3 === 0 ? "oak" : "elm",
    i % 20 === 0 ? "" : (tall ? 25 : 5) + (i % 10),
  ]);
  return `id,label,height\n${cells.map((row) => row.join(",")).join("\n")}\n`;
}

let browser: Browser | undefined;
let folder = "";
let url = "";

before(async () => {
  if (skip) return;
  browser = await openBrowser();
  folder = await mkdtemp(join(tmpdir(), "dataset-"));
  const report = async (name: string, tall: boolean, more = {}) => {
    const data = join(folder, name);
    await mkdir(data);
    await writeFile(join(data, "table.csv"), rows(tall));
    return validateDataset({ data, ...more }, schema);
  };
  const { profile } = await report("before", false);
  const file = join(folder, "report.html");
  await writeFile(file, await datasetPage(await report("now", true, { reference: profile })));
  url = pathToFileURL(file).href;
});
after(async () => {
  await browser?.close();
  if (folder !== "") await rm(folder, { recursive: true });
});

const widthOf = (page: Page, text: string) =>
  page
    .getByRole("cell", { name: text })
    .first()
    .boundingBox()
    .then((box) => box?.width ?? 0);

test("the page of a data set asks nobody for anything and shows problems, charts and drift", { skip }, async () => {
  const { page, requests, complaints } = await openPage(browser, url);
  assert.deepEqual([requests, complaints], [[url], []]);
  assert.equal(await page.locator("script").count(), 0);
  const problem = (name: string) => page.getByRole("row", { name });
  for (const name of ["DUPLICATE_VALUE", "ENUM_TYPE_UNEXPECTED", "OUT_OF_RANGE", "COMPARATOR_JENSEN_SHANNON"]) {
    assert.ok(await problem(name).first().isVisible(), name);
  }
  assert.ok(await page.getByText(HOSTILE).first().isVisible());
  for (const heading of ["Problems", "Data", "Drift"])
    assert.ok(await page.getByRole("heading", { name: heading, exact: true }).isVisible());
  const charts = await page.locator("svg").all();
  assert.ok(charts.length >= 4, `${charts.length} charts`);
  for (const chart of charts) assert.ok(((await chart.boundingBox())?.width ?? 0) > 250);
  await page.close();
});

test("on a telephone's width the page stays within it, and words stay words", { skip }, async () => {
  const { page } = await openPage(browser, url, { viewport: { width: 390, height: 800 } });
  assert.equal(await overflow(page), 0);
  assert.ok((await widthOf(page, "is at most 30")) > 100);
  await page.close();
});
