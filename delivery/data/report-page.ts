import { barChart, lineChart } from "../report/chart.ts";
import { figure, type Html, html, page, prose, table } from "../report/html.ts";
import { type Distribution, middleOf } from "./profile.ts";
import { headline } from "./report-text.ts";
import { percent } from "./table-merge.ts";
import type { DatasetReport } from "./validate.ts";

/** Most bars of one chart; the rest is in the table. */
const MAX_BARS = 40;

/** The report as one HTML page that needs no other file. */
export async function datasetPage(report: DatasetReport): Promise<string> {
  const { verdict, anomalies, rows, images, usable, bytes, drift } = report;
  const tile = (value: string | number, what: string) =>
    html`<div class="tile"><b>${value}</b><span>${what}</span></div>`;
  const problems = anomalies.map(({ severity, name, count, rule, examples }) => [
    html`<span class="${severity === "error" ? "bad" : "unsure"}">${severity}</span>`,
    name,
    count,
    html`<bdi>${prose(rule)}</bdi>`,
    html`${examples.map((example) => html`<div><bdi>${prose(example)}</bdi></div>`)}`,
  ]);
  const body = html`<p class="${verdict === "pass" ? "good" : "bad"}"><strong>${headline(report)}</strong></p>
<div class="tiles">
${images > 0 ? [tile(images, "pictures"), tile(usable, "usable")] : tile(rows.toLocaleString("en"), "rows")}
${tile(`${(bytes / 1e6).toFixed(1)} MB`, "read")}
${tile(Object.keys(report.classes).length, "classes")}
</div>
<h2>Problems</h2>
${problems.length === 0 ? html`<p>None.</p>` : table({ caption: "Rules that were broken, with the first places", columns: ["severity", "anomaly", "count", "rule", "examples"], rows: problems })}
${await charts(report)}
${
  drift.length > 0 &&
  html`<h2>Drift</h2>
${table({
  caption: "Distance from the reference: Jensen-Shannon divergence in bits, or the greatest difference of a share",
  columns: ["field", "measure", "value", "limit", "verdict"],
  rows: drift.map(({ field, measure, value, limit, verdict: judged }) => [
    field,
    measure,
    value?.toFixed(4) ?? "–",
    limit,
    html`<span class="${judged === "within" ? "good" : judged === "beyond" ? "bad" : "unsure"}">${judged}</span>`,
  ]),
})}`
}
<p class="quiet">Fingerprint <code>${report.fingerprint}</code></p>`;
  return page({ title: "Data validation", subtitle: report.data_path, body });
}

async function charts({ classes, missing, profile, anomalies, images }: DatasetReport): Promise<Html> {
  const drawn: Html[] = [];
  const bars = async (
    title: string,
    caption: string,
    values: readonly (readonly [string, number])[],
    format?: (n: number) => string,
  ) => {
    if (values.length === 0) return;
    const shown = [...values].sort(([, a], [, b]) => b - a).slice(0, MAX_BARS);
    const chart = await barChart({
      title,
      description: shown.map(([name, value]) => `${name} ${value}`).join(", "),
      categories: shown.map(([name]) => name),
      series: [{ name: title, values: shown.map(([, value]) => value) }],
      ...(format && { format }),
    });
    const left = values.length - shown.length;
    drawn.push(
      figure(chart, left > 0 ? `${caption} The ${shown.length} greatest; ${left} more are not drawn.` : caption),
    );
  };
  await bars("Classes", images > 0 ? "Usable pictures of each class." : "Rows of each class.", Object.entries(classes));
  const gaps = Object.entries(missing).filter(([, share]) => share > 0);
  await bars("Missing values", "Share of rows without a value.", gaps, percent);
  const kinds = new Map<string, number>();
  for (const { name, count } of anomalies) kinds.set(name, (kinds.get(name) ?? 0) + count);
  await bars("Problems", "How often each kind of problem was met.", [...kinds]);
  for (const [field, distribution] of Object.entries(profile)) {
    const chart = distribution.kind === "value" ? undefined : await spread(field, distribution);
    if (chart !== undefined) drawn.push(chart);
  }
  return html`${
    drawn.length > 0 &&
    html`<h2>Data</h2>
<div class="charts">${drawn}</div>`
  }`;
}

/** Points that the spread of numbers is drawn with. */
const POINTS = 48;

async function spread(field: string, { kind, counts }: Distribution): Promise<Html | undefined> {
  const values = Object.entries(counts).map(
    ([name, n]) => [kind === "number" ? middleOf(Number(name)) : Number(name), n] as const,
  );
  const [low, high] = [Math.min(...values.map(([value]) => value)), Math.max(...values.map(([value]) => value))];
  if (values.length < 2 || low === high) return undefined;
  const step = (high - low) / POINTS;
  const bins = new Array<number>(POINTS).fill(0);
  for (const [value, count] of values) {
    const bin = Math.min(POINTS - 1, Math.floor((value - low) / step));
    bins[bin] = (bins[bin] ?? 0) + count;
  }
  const points = kind === "level" ? values : bins.map((count, bin) => [low + (bin + 0.5) * step, count] as const);
  const chart = await lineChart({
    title: field,
    description: `How often ${field} has each value, from ${low} to ${high}`,
    x: { name: field, range: [low, high] },
    y: { name: "count" },
    series: [{ name: field, points: [...points].sort(([a], [b]) => a - b) }],
  });
  return figure(
    chart,
    kind === "level" ? "Pixels at each level of this colour." : "Values, from the least to the greatest.",
  );
}
