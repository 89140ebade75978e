import type { Judgement } from "../judge.ts";
import { type Figures, type Minute, pairMinutes } from "../minutes.ts";
import type { Recording } from "../recording.ts";
import { shareBand } from "../share-band.ts";
import { area, axes, dots, element, line, type Panel, type Point, text } from "./svg.ts";

const WIDTH = 960;
const HEIGHT = 660;
const SIDES = [
  { side: "baseline", colour: "#2166ac" },
  { side: "canary", colour: "#d6604d" },
] as const;
type Side = (typeof SIDES)[number]["side"];

/** What a verdict rests on, as an SVG document: failures with their confidence sequences, and latencies, by minute. */
export function plotCanary(recording: Recording, judgement: Judgement): string {
  const { minutes } = pairMinutes(recording);
  const start = Date.parse(recording.from);
  const length = Math.max(1, (Date.parse(recording.to) - start) / 60_000);
  const at = ({ start: minute }: Minute) => (minute - start) / 60_000;
  const frame = { left: 72, width: WIDTH - 72 - 24, x: [0, length] as const };
  const body = [
    text(24, 34, `${judgement.verdict}: canary ${recording.canary.deployment} of ${recording.endpoint}`, {
      "font-size": 20,
      "font-weight": 600,
    }),
    text(24, 56, `against ${recording.baseline.deployment}, ${plain(recording.from)} to ${plain(recording.to)} UTC`, {
      fill: "#555",
    }),
    legend(recording),
    failurePanel(minutes, at, frame, judgement.alpha),
    latencyPanel(minutes, at, frame),
    text(WIDTH / 2, HEIGHT - 14, "minutes", { "text-anchor": "middle", fill: "#555" }),
  ];
  return `${element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width: WIDTH,
      height: HEIGHT,
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      "font-family": "system-ui, sans-serif",
      "font-size": 13,
    },
    element("rect", { width: "100%", height: "100%", fill: "#fff" }) + body.join("\n"),
  )}\n`;
}

type Frame = Pick<Panel, "left" | "width" | "x">;
type At = (minute: Minute) => number;

function legend(recording: Recording): string {
  return SIDES.map(({ side, colour }, i) => {
    const y = 30 + i * 22;
    const swatch = element("rect", { x: WIDTH - 250, y: y - 10, width: 22, height: 10, fill: colour });
    return swatch + text(WIDTH - 220, y, `${side} ${recording[side].deployment}`);
  }).join("");
}

/** Dots: single minutes. Lines: all so far. Areas: where the true share lies, at every time at once. */
function failurePanel(minutes: readonly Minute[], at: At, frame: Frame, alpha: number): string {
  const sides = SIDES.map(({ side, colour }) => ({ colour, ...shareSeries(minutes, side, at, alpha) }));
  // The bands of the first minutes cover everything: they are cut, so that what follows can be read.
  const highest = sides.flatMap(({ upper, sofar }) => [
    ...sofar.map(([, y]) => y * 1.5),
    ...upper.slice(Math.floor(upper.length / 3)).map(([, y]) => y),
  ]);
  const panel = { ...frame, top: 104, height: 220, y: [0, Math.max(0.01, ...highest)] as const };
  const title = `failures, per cent of requests: each minute, so far, and with its ${(100 * (1 - alpha)).toFixed(1)} % confidence sequence`;
  const drawn = sides.map(
    ({ colour, single, sofar, lower, upper }) =>
      area(panel, lower, upper, colour) + dots(panel, single, colour) + line(panel, sofar, colour),
  );
  const label = (value: number) => `${Number((value * 100).toPrecision(6))} %`;
  return axes(panel, title, label) + drawn.join("");
}

function shareSeries(minutes: readonly Minute[], side: Side, at: At, alpha: number) {
  const series = { single: [] as Point[], sofar: [] as Point[], lower: [] as Point[], upper: [] as Point[] };
  let [requests, failures] = [0, 0];
  for (const minute of minutes) {
    const figures = minute[side];
    if (figures === undefined || figures.judged === 0) continue;
    requests += figures.judged;
    failures += figures.failures;
    const x = at(minute) + 1;
    const band = shareBand(failures, requests, alpha);
    series.single.push([x, figures.failures / figures.judged]);
    series.sofar.push([x, failures / requests]);
    series.lower.push([x, band.low]);
    series.upper.push([x, band.high]);
  }
  return series;
}

function latencyPanel(minutes: readonly Minute[], at: At, frame: Frame): string {
  const read = (side: Side, value: (figures: Figures) => number | null): Point[] =>
    minutes.flatMap((minute) => {
      const figures = minute[side];
      const ms = figures === undefined ? null : value(figures);
      return ms === null || !Number.isFinite(ms) ? [] : [[at(minute) + 1, ms] as const];
    });
  const series = SIDES.map(({ side, colour }) => ({
    colour,
    p50: read(side, ({ latency }) => latency.p50),
    p95: read(side, ({ latency }) => latency.p95),
  }));
  const highest = series.flatMap(({ p50, p95 }) => [...p50, ...p95].map(([, ms]) => ms * 1.05));
  const panel = { ...frame, top: 388, height: 220, y: [0, Math.max(1, ...highest)] as const };
  const drawn = series.map(({ colour, p50, p95 }) => line(panel, p95, colour, 1.5, "5 3") + line(panel, p50, colour));
  return axes(panel, "latency, milliseconds by minute: P50 (solid) and P95 (dashed)", String) + drawn.join("");
}

/** `2026-03-01T12:00:00.000Z` as `2026-03-01 12:00`. */
function plain(time: string): string {
  return time.slice(0, 16).replace("T", " ");
}
