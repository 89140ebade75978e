import type { Metrics } from "../../metrics.ts";
import { barChart, heatMap, lineChart } from "../chart.ts";
import { figure, type Html } from "../html.ts";
import { milliseconds, percent } from "./sections.ts";

/** Beyond this many classes the cells of a matrix are too small to read; the table of mistakes stays. */
const MOST_CLASSES = 40;
const whole = (share: number) => `${Math.round(share * 100)} %`;

/** The pictures of a card. */
export async function drawCharts(metrics: Metrics): Promise<Html[]> {
  const charts = [perClass(metrics), reliability(metrics), latencies(metrics)];
  if (metrics.confusion.labels.length <= MOST_CLASSES) charts.unshift(confusion(metrics));
  return Promise.all(charts);
}

async function confusion({ confusion: { labels, counts } }: Metrics): Promise<Html> {
  const totals = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
  const right = counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const chart = await heatMap({
    title: "Confusion matrix",
    description: `${right} pictures are answered with their own class, on the diagonal.`,
    rows: { name: "class", labels },
    columns: { name: "answer", labels },
    shades: counts.map((row, i) => row.map((n) => n / Math.max(1, totals[i] ?? 0))),
    write: (row, column) => String(counts[row]?.[column] || ""),
  });
  return figure(chart, "Pictures of each class, a row each, by the answer. Shaded by the share of the row.");
}

async function perClass({ classes }: Metrics): Promise<Html> {
  const entries = Object.entries(classes);
  const chart = await barChart({
    title: "Recall and precision by class",
    description: entries
      .map(([name, { recall, precision }]) => `${name}: ${percent(recall)}, ${percent(precision)}`)
      .join("; "),
    categories: entries.map(([name]) => name),
    series: [
      { name: "recall", values: entries.map(([, { recall }]) => recall) },
      { name: "precision", values: entries.map(([, { precision }]) => precision) },
    ],
    range: [0, 1],
    format: whole,
  });
  return figure(chart, "How many of a class are found, and how many of the answers naming it are right.");
}

async function reliability({ calibration, samples }: Metrics): Promise<Html> {
  const filled = calibration.bins.flatMap(({ confidence, accuracy, count }) =>
    confidence === null || accuracy === null ? [] : [{ confidence, accuracy, count }],
  );
  const chart = await lineChart({
    title: "Reliability",
    description: filled
      .map(({ confidence, accuracy }) => `said ${percent(confidence)}, right ${percent(accuracy)}`)
      .join("; "),
    x: { name: "probability that the model gives its answer", range: [0, 1], format: whole },
    y: { name: "share that is right", range: [0, 1], format: whole },
    series: [
      {
        name: "as said",
        points: [
          [0, 0],
          [1, 1],
        ],
        reference: true,
      },
      {
        name: "model",
        points: filled.map(({ confidence, accuracy }) => [confidence, accuracy]),
        weights: filled.map(({ count }) => count / samples),
      },
    ],
  });
  const words = `A circle a tenth of the scale, by area the answers in it; below the dashed line the model is surer than it should be. Calibration error ${calibration.ece.toFixed(3)}.`;
  return figure(chart, words);
}

async function latencies({ latency_ms, avg_latency_ms, samples }: Metrics): Promise<Html> {
  const entries: [string, number][] = [["mean", avg_latency_ms], ...Object.entries(latency_ms)];
  const chart = await barChart({
    title: "Latency of one picture",
    description: entries.map(([name, value]) => `${name} ${milliseconds(value)}`).join("; "),
    categories: entries.map(([name]) => name),
    series: [{ name: "latency", values: entries.map(([, value]) => value) }],
    format: milliseconds,
  });
  return figure(chart, `Decoding, preprocessing and inference of ${samples} pictures, one at a time.`);
}
