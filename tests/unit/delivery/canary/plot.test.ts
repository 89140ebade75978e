import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../../../../delivery/canary/judge.ts";
import { plotCanary } from "../../../../delivery/canary/plot/plot.ts";
import { area, line, place, text, ticks } from "../../../../delivery/canary/plot/svg.ts";
import type { Recording } from "../../../../delivery/canary/recording.ts";
import { record } from "./recordings.ts";

const panel = { left: 10, top: 20, width: 100, height: 50, x: [0, 10], y: [0, 5] } as const;
const plotOf = (recording: Recording) => plotCanary(recording, judge(recording));
const good = (count: number) => () => ({ requests: { "200/200": count } });

test("points lie where their values say, and what is too high stays at the edge", () => {
  assert.deepEqual(place(panel, [0, 0]), [10, 70]);
  assert.deepEqual(place(panel, [10, 5]), [110, 20]);
  assert.deepEqual(place(panel, [5, 99]), [60, 20]);
  assert.match(
    line(
      panel,
      [
        [0, 0],
        [10, 5],
      ],
      "red",
    ),
    /d="M10,70L110,20"/,
  );
  assert.match(area(panel, [[0, 1]], [[0, 2]], "red"), /points="10,50 10,60"/);
});

test("axes have round values", () => {
  assert.deepEqual(ticks([0, 60]), [0, 20, 40, 60]);
  assert.deepEqual(ticks([0, 0.03]), [0, 0.01, 0.02, 0.03]);
  assert.deepEqual(ticks([0, 97]), [0, 20, 40, 60, 80]);
});

test("names cannot break out of the picture", () => {
  assert.equal(text(1, 2, "<script>&"), '<text x="1" y="2">&#60;script&#62;&#38;</text>');
});

test("a plot shows both sides, and one without figures is still a picture", () => {
  const svg = plotOf(record(20, good(60), good(540)));
  assert.match(svg, /pass: canary green of leaf|inconclusive: canary green of leaf/);
  assert.match(svg, /against blue, 2026-03-01 12:00 to 2026-03-01 12:20 UTC/);
  assert.equal(svg.match(/<circle /g)?.length, 40);
  const none = () => undefined;
  for (const recording of [record(0, none, none), record(5, none, good(540)), record(1, good(0), good(1))]) {
    const drawn = plotOf(recording);
    assert.match(drawn, /^<svg .*<\/svg>\n$/s);
    assert.doesNotMatch(drawn, /NaN|Infinity|undefined/);
  }
});
