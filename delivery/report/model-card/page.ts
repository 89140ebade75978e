import { type Content, type Html, html, page, prose, table } from "../html.ts";
import { drawCharts } from "./charts.ts";
import { type Cell, type ModelCard, milliseconds, percent, type Section, sectionsOf } from "./sections.ts";

const TONE = { pass: "good", fail: "bad", "cannot decide": "unsure" } as const;

/** The card as one self-contained page. */
export async function modelCardPage(card: ModelCard): Promise<string> {
  const { manifest, metrics, gate } = card;
  const [first, ...rest] = sectionsOf(card);
  const charts = await drawCharts(metrics);
  return page({
    title: `Model ${manifest.version}`,
    subtitle: `A classifier of pictures into ${metrics.confusion.labels.length} classes, published ${manifest.createdAt.slice(0, 10)}`,
    body: html`${tiles(card)}
<p>The gate, judging by these figures: <b class="${TONE[gate.verdict]}">${gate.verdict}</b></p>
<div class="charts">${charts}</div>
${first && section(first)}${rest.map(section)}`,
  });
}

function tiles({ metrics, comparison }: ModelCard): Html {
  const { low, high } = metrics.accuracy_interval;
  const shown: [string, string][] = [
    [percent(metrics.accuracy), `accuracy, ${percent(low)} to ${percent(high)}`],
    [milliseconds(metrics.latency_ms.p95), "latency, 95th percentile"],
    [`${metrics.model_size_mb.toFixed(1)} MB`, "size"],
    [comparison?.result.verdict ?? "first model", "against the model in use"],
  ];
  return html`<div class="tiles">${shown.map(([value, words]) => html`<div class="tile"><b>${value}</b><span>${words}</span></div>`)}</div>`;
}

function section({ title, words = [], tables }: Section): Html {
  return html`<section><h2>${title}</h2>${words.map((text) => html`<p>${prose(text)}</p>`)}
<div class="tables">${tables.map(({ caption, columns, rows }) => table({ caption, columns, rows: rows.map((row) => row.map(content)) }))}</div></section>`;
}

function content(cell: Cell): Content {
  if (typeof cell !== "object") return cell;
  if ("sentence" in cell) return prose(cell.sentence);
  const tone = cell.words in TONE ? TONE[cell.words as keyof typeof TONE] : undefined;
  return tone === undefined ? html`${cell.words}` : html`<b class="${tone}">${cell.words}</b>`;
}
