import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { modelCardPage } from "../../delivery/report/model-card/page.ts";
import { HOSTILE_LABELS, modelCardOf } from "../support/model-cards.ts";
import { openBrowser, openPage, overflow, skip } from "./browser.ts";

let browser: Browser | undefined;
let folder = "";
const urls = { plain: "", hostile: "" };

before(async () => {
  if (skip) return;
  browser = await openBrowser();
  folder = await mkdtemp(join(tmpdir(), "model-card-"));
  for (const [name, labels] of [
    ["plain", ["daisy", "rose", "tulip"]],
    ["hostile", HOSTILE_LABELS],
  ] as const) {
    const file = join(folder, `${name}.html`);
    await writeFile(file, await modelCardPage(modelCardOf(labels)));
    urls[name] = pathToFileURL(file).href;
  }
});
after(async () => {
  await browser?.close();
  if (folder !== "") await rm(folder, { recursive: true });
});

test("the card asks nobody for anything, complains of nothing, and shows its charts and tables", { skip }, async () => {
  const { page, requests, complaints } = await openPage(browser, urls.plain);
  assert.deepEqual(requests, [urls.plain]);
  assert.deepEqual(complaints, []);
  assert.equal(await page.locator("svg").count(), 4);
  for (const chart of await page.locator("svg").all()) {
    const box = await chart.boundingBox();
    assert.ok(box !== null && box.width > 250 && box.height > 100, JSON.stringify(box));
  }
  assert.equal(await page.locator("table").filter({ visible: true }).count(), await page.locator("table").count());
  assert.ok((await page.locator("table").count()) >= 8);
  assert.equal(await page.getByRole("img", { name: "Confusion matrix" }).count(), 1);
  assert.equal(await page.getByRole("rowheader", { name: "daisy" }).first().isVisible(), true);
  await page.close();
});

test("names that are markup, written backwards or very long do no harm", { skip }, async () => {
  const { page, requests, complaints } = await openPage(browser, urls.hostile);
  assert.deepEqual(requests, [urls.hostile]);
  assert.deepEqual(complaints, []);
  assert.match(await page.title(), /^Model [0-9a-f]{16}$/);
  assert.equal(await page.locator("script, img, iframe, object").count(), 0);
  for (const label of HOSTILE_LABELS)
    assert.ok((await page.getByRole("rowheader", { name: label, exact: true }).count()) > 0, label);
  assert.equal(await overflow(page), 0);
  await page.close();
});

for (const name of ["plain", "hostile"] as const) {
  test(`the ${name} card fits a window of 400 pixels`, { skip }, async () => {
    const { page } = await openPage(browser, urls[name], { viewport: { width: 400, height: 800 } });
    assert.equal(await overflow(page), 0);
    for (const chart of await page.locator("svg").all()) assert.ok(((await chart.boundingBox())?.width ?? 0) > 250);
    await page.close();
  });
}

test("in the dark, text is light on a dark page, in the charts too", { skip }, async () => {
  const { page } = await openPage(browser, urls.plain, { colorScheme: "dark" });
  const light = (selector: string, property: string): Promise<number> =>
    page.evaluate(
      `(() => { const [r, g, b] = getComputedStyle(document.querySelector("${selector}"))["${property}"].match(/[\\d.]+/g).map(Number); return (r + g + b) / 765; })()`,
    );
  assert.ok((await light("body", "backgroundColor")) < 0.2);
  assert.ok((await light("body", "color")) > 0.7);
  assert.ok((await light("svg text", "fill")) > 0.7);
  await page.close();
});
