import assert from "node:assert/strict";
import { test } from "node:test";
import { modelCardMarkdown } from "../../../../delivery/report/model-card/markdown.ts";
import { modelCardPage } from "../../../../delivery/report/model-card/page.ts";
import { sectionsOf } from "../../../../delivery/report/model-card/sections.ts";
import { HOSTILE_LABELS, modelCardOf } from "../../../support/model-cards.ts";

const PLAIN = modelCardOf(["daisy", "rose", "tulip"]);

/** A fact of a card, by its heading. */
function fact(title: string, heading: string): unknown {
  const section = sectionsOf(PLAIN).find((one) => one.title === title);
  const row = section?.tables
    .flatMap(({ rows }) => rows)
    .find(([first]) => JSON.stringify(first) === JSON.stringify({ words: heading }));
  return row?.[1];
}

test("a card tells of the gate, the champion, figures, classes, slices, data, lineage and what is not known, in this order", () => {
  assert.deepEqual(
    sectionsOf(PLAIN).map(({ title }) => title),
    [
      "The gate",
      "Against the model in use",
      "Figures",
      "By class",
      "Slices",
      "Data",
      "Made of",
      "What this does not say",
    ],
  );
});

test("figures of a card are those of the metrics, the comparison and the manifest", () => {
  assert.equal(fact("Figures", "accuracy"), "83.3 %");
  assert.equal(fact("Figures", "p50 latency"), "10.5 ms");
  assert.equal(fact("Against the model in use", "model in use"), "0123456789abcdef");
  const versus = sectionsOf(PLAIN)[1]?.tables[0]?.rows;
  assert.deepEqual(versus?.[0]?.slice(0, 4), [{ words: "accuracy" }, "66.7 %", "83.3 %", "+16.7 %"]);
  assert.deepEqual(versus?.[2], [{ words: "size" }, "0.50 MB", "0.46 MB", "−0.04 MB", { words: "–" }]);
  assert.equal(fact("Against the model in use", "only this model right"), 6);
  assert.equal(fact("Data", "training pictures"), 986);
  assert.equal(fact("Data", "fingerprint of the training data"), "d".repeat(64));
  assert.equal(fact("Made of", "follows"), "0123456789abcdef");
  const [, classes] = [sectionsOf(PLAIN)[2], sectionsOf(PLAIN)[3]];
  assert.deepEqual(classes?.tables[0]?.rows[0], ["daisy", 12, "83.3 %", "83.3 %"]);
  assert.deepEqual(classes?.tables[1]?.rows[0], ["daisy", "rose", 2]);
});

test("the limits name what makes the figures rough", () => {
  const words = sectionsOf(PLAIN).at(-1)?.words?.join("\n") ?? "";
  assert.match(words, /3 of 3 classes have fewer than 30 test pictures/);
  assert.match(words, /has no golden samples/);
  assert.match(words, /outside a repository/);
});

test("a first model's card says that there was none to compare with", async () => {
  const { comparison: _, ...first } = PLAIN;
  assert.match(modelCardMarkdown(first), /## Against the model in use\n\nThere was no model to compare with\./);
  assert.match(await modelCardPage(first), /<b>first model<\/b>/);
});

test("the page has the four charts and every section; the Markdown every table", async () => {
  const page = await modelCardPage(PLAIN);
  const markdown = modelCardMarkdown(PLAIN);
  for (const title of ["Confusion matrix", "Recall and precision by class", "Reliability", "Latency of one picture"]) {
    assert.ok(page.includes(`<title>${title}</title>`), title);
  }
  assert.equal(page.match(/<svg /g)?.length, 4);
  for (const { title, tables } of sectionsOf(PLAIN)) {
    assert.ok(page.includes(`<h2>${title}</h2>`) && markdown.includes(`\n## ${title}\n`), title);
    for (const { rows } of tables) assert.ok(rows.length > 0);
  }
  assert.match(markdown, /\n\| `daisy` \| 12 \| 83\.3 % \| 83\.3 % \|\n/);
});

test("too many classes for a matrix leave it out, and the table of mistakes stays", async () => {
  const many = modelCardOf(Array.from({ length: 41 }, (_, i) => `class ${i}`));
  const page = await modelCardPage(many);
  assert.doesNotMatch(page, /Confusion matrix/);
  assert.match(page, /Most frequent mistakes/);
});

test("hostile names are text in the page and code in the Markdown", async () => {
  const card = modelCardOf(HOSTILE_LABELS);
  const page = await modelCardPage(card);
  assert.doesNotMatch(page, /<script|<img|javascript:alert\(1\)\)</i);
  const lines = modelCardMarkdown(card)
    .split("\n")
    .filter((line) => line.includes("script>"));
  assert.ok(lines.length > 0);
  for (const line of lines) assert.match(line, /`[^`]*<script>[^`]*`|\\<script\\>/);
  for (const line of modelCardMarkdown(card)
    .split("\n")
    .filter((one) => one.startsWith("|"))) {
    assert.ok([2, 3, 4, 5].includes(line.replaceAll("\\|", "").split("|").length - 2), line);
  }
});
