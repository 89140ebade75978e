import assert from "node:assert/strict";
import { test } from "node:test";
import { barChart, heatMap, lineChart } from "../../../../delivery/report/chart.ts";

const TEXT = { title: "Recall & precision", description: "How often each class is found" };
const HOSTILE = ["<script>alert(1)</script>", '"><img src=x>', "{a|b}", "x".repeat(200)];

function bars(categories: readonly string[]) {
  return barChart({ ...TEXT, categories, series: [{ name: "<b>", values: categories.map((_, i) => i / 4) }] });
}

test("a bar chart is an SVG document with title, description and each value written", async () => {
  const chart = await barChart({
    ...TEXT,
    categories: ["daisy", "rose"],
    series: [{ name: "recall", values: [0.25, null] }],
    range: [0, 1],
    format: (value) => `${value * 100} %`,
  });
  assert.match(
    chart.markup,
    /^<svg role="img"[^>]*viewBox="0 0 480 \d+"[^>]*><title>Recall &#38; precision<\/title><desc>How/,
  );
  assert.match(chart.markup, /xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  for (const text of [">daisy<", ">rose<", ">25 %<", ">100 %<"]) assert.ok(chart.markup.includes(text), text);
});

test("hostile names are text, and no script, style or id is in a chart", async () => {
  const heat = await heatMap({
    ...TEXT,
    rows: { name: "label", labels: HOSTILE },
    columns: { name: "answer", labels: HOSTILE },
    shades: HOSTILE.map(() => HOSTILE.map(() => 0.5)),
    write: (row, column) => `<i>${row}${column}`,
  });
  for (const { markup } of [await bars(HOSTILE), heat]) {
    assert.doesNotMatch(markup, /<script|<img|<b>|<i>|<style|\sid="|\sclass="/);
    assert.match(markup, />&lt;script&gt;/);
    assert.match(markup, />\{a\|b\}</);
  }
});

test("the same figures give the same bytes, whatever was drawn before", async () => {
  const first = (await bars(["daisy", "rose"])).markup;
  await bars(HOSTILE);
  assert.equal((await bars(["daisy", "rose"])).markup, first);
});

test("a line chart draws a dashed line to compare with", async () => {
  const { markup } = await lineChart({
    ...TEXT,
    x: { name: "said", range: [0, 1] },
    y: { name: "found", range: [0, 1] },
    series: [
      {
        name: "perfect",
        points: [
          [0, 0],
          [1, 1],
        ],
        reference: true,
      },
      {
        name: "model",
        points: [
          [0.2, 0.1],
          [0.8, 0.9],
        ],
      },
    ],
  });
  assert.match(markup, /<path (?=[^>]* stroke-dasharray=)(?=[^>]* stroke="#7d8896")[^>]*>/);
  assert.doesNotMatch(markup, /\sid="|url\(/);
  for (const text of [">said<", ">found<", ">perfect<", ">model<"]) assert.ok(markup.includes(text), text);
});

test("a heat map writes every cell", async () => {
  const { markup } = await heatMap({
    ...TEXT,
    rows: { name: "label", labels: ["a", "b"] },
    columns: { name: "answer", labels: ["a", "b", "c"] },
    shades: [
      [1, 0, 0],
      [0, 0.5, 0.5],
    ],
    write: (row, column) => `${row}:${column}`,
  });
  for (const cell of ["0:0", "0:1", "0:2", "1:0", "1:1", "1:2"]) assert.ok(markup.includes(`>${cell}<`), cell);
});
