import type { EChartsCoreOption } from "echarts/core";
import { escapeMarkup, type Html } from "./html.ts";

/** What every chart is told. */
export type ChartText = {
  /** Drawn above the chart, and what readers of the picture hear first. */
  readonly title: string;
  /** What the chart shows, in a sentence, for those who do not see it. */
  readonly description: string;
};

/** Writes a value beside its place, as on an axis. @default - at most four significant digits */
export type Format = (value: number) => string;

export type BarChart = ChartText & {
  /** Names of the bars, from the top. */
  readonly categories: readonly string[];
  /** One bar a category each; `null` where there is no value. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  /** The ends of the axis. @default - from 0 to beyond the greatest value */
  readonly range?: readonly [low: number, high: number];
  readonly format?: Format;
};

/** Lying bars, grouped by category. */
export async function barChart({ categories, series, range, format = short, ...text }: BarChart): Promise<Html> {
  const thickness = series.length * 11 + 12;
  return draw(
    text,
    { height: FRAME.top + FRAME.bottom + Math.max(3, categories.length) * thickness + 10 },
    {
      grid: grid({ legend: series.length > 1 }),
      legend: { show: series.length > 1 },
      xAxis: { type: "value", ...limits(range), axisLabel: { formatter: format } },
      yAxis: { type: "category", data: [...categories], inverse: true, axisLabel: NAMES },
      series: series.map(({ name, values }) => ({
        ...STILL,
        name,
        type: "bar",
        data: [...values],
        barMaxWidth: 14,
        label: { show: true, position: "right", color: INK, formatter: written(format) },
      })),
    },
  );
}

export type LineChart = ChartText & {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [x: number, y: number])[];
    /** Circles in place of a line, by area the weight of each point, 0 to 1. */
    readonly weights?: readonly number[];
    /** A line to compare with, drawn dashed and without points. */
    readonly reference?: boolean;
  }[];
};

/** An axis. */
export type Axis = {
  readonly name: string;
  readonly range?: readonly [low: number, high: number];
  readonly format?: Format;
};

/** Lines over a numeric axis. */
export async function lineChart({ x, y, series, ...text }: LineChart): Promise<Html> {
  const axis = ({ name, range, format = short }: Axis, place: object) => {
    return {
      type: "value",
      name,
      nameLocation: "middle",
      ...limits(range),
      axisLabel: { formatter: format },
      ...place,
    };
  };
  return draw(
    text,
    { height: 320 },
    {
      grid: grid({ legend: series.length > 1 }),
      legend: { show: series.length > 1 },
      xAxis: axis(x, {}),
      yAxis: axis(y, {}),
      series: series.map(({ name, points, weights, reference }) => ({
        ...STILL,
        name,
        type: "line",
        data: points.map((point, i) => ({
          value: [...point],
          symbolSize: weights === undefined ? 6 : 6 + 26 * Math.sqrt(weights[i] ?? 0),
        })),
        symbol: reference ? "none" : "circle",
        itemStyle: { opacity: weights ? 0.75 : 1 },
        lineStyle: { width: weights ? 0 : 2, ...(reference && { type: "dashed", color: QUIET, width: 1.5 }) },
        ...(reference && { itemStyle: { color: QUIET } }),
      })),
    },
  );
}

export type HeatMap = ChartText & {
  readonly rows: { readonly name: string; readonly labels: readonly string[] };
  readonly columns: { readonly name: string; readonly labels: readonly string[] };
  /** By row, then column, from 0 (blank) to 1 (full). */
  readonly shades: readonly (readonly number[])[];
  /** What is written in a cell. */
  readonly write: (row: number, column: number) => string;
};

/** Cells shaded by a share. */
export async function heatMap({ rows, columns, shades, write, ...text }: HeatMap): Promise<Html> {
  const cell = 34;
  const width = Math.max(WIDTH, 150 + columns.labels.length * cell);
  const data = shades.flatMap((row, i) =>
    row.map((shade, j) => ({
      value: [j, i, shade],
      label: { color: shade > 0.75 ? "#fff" : INK, formatter: () => write(i, j) },
    })),
  );
  const names = (axis: HeatMap["rows"], more: object) => ({
    type: "category",
    name: axis.name,
    nameLocation: "middle",
    data: [...axis.labels],
    axisLine: { show: false },
    splitLine: { show: false },
    ...more,
  });
  const slanted = columns.labels.some((label) => label.length * columns.labels.length > 45);
  return draw(
    text,
    { width, height: 150 + Math.max(3, rows.labels.length) * cell },
    {
      grid: grid({ legend: false }),
      xAxis: names(columns, { axisLabel: { ...NAMES, interval: 0, rotate: slanted ? 40 : 0 } }),
      yAxis: names(rows, { inverse: true, axisLabel: { ...NAMES, interval: 0 } }),
      visualMap: { show: false, min: 0, max: 1, inRange: { color: [PALETTE[0]], colorAlpha: [0.05, 1] } },
      series: [{ ...STILL, type: "heatmap", data, label: { show: true } }],
    },
  );
}

const WIDTH = 480;
const INK = "currentColor";
/** Reads on white and on near black alike. */
const QUIET = "#7d8896";
const PALETTE = ["#3b7dd8", "#d9713c", "#3d9a6b", "#a06cc8", "#b8921a"];
const FRAME = { top: 44, bottom: 28 };
/** Nothing moves or answers the mouse: pages run no script. */
const STILL = { silent: true, clip: false, emphasis: { disabled: true } };
const NAMES = { width: 100, overflow: "truncate", ellipsis: "…" };

/** Colours that follow the page they stand in: text takes its colour, lines are a shade of it. */
const THEME = {
  color: PALETTE,
  textStyle: { color: INK, fontFamily: "system-ui, sans-serif" },
  title: { left: 4, top: 2, textStyle: { color: INK, fontSize: 14, fontWeight: 600 } },
  legend: { left: 0, top: 24, itemWidth: 14, itemHeight: 9, icon: "roundRect", textStyle: { color: INK } },
  categoryAxis: axisTheme(false),
  valueAxis: axisTheme(true),
};

function axisTheme(lines: boolean) {
  return {
    nameTextStyle: { color: INK },
    nameGap: 8,
    axisTick: { show: false },
    axisLine: { show: !lines, lineStyle: { color: INK, opacity: 0.4 } },
    axisLabel: { color: INK },
    splitLine: { show: lines, lineStyle: { color: INK, opacity: 0.14 } },
  };
}

function grid({ legend }: { legend: boolean }) {
  return { left: 12, right: 40, top: legend ? 56 : 34, bottom: 12, outerBoundsMode: "same", outerBoundsContain: "all" };
}

function limits(range: readonly [number, number] | undefined) {
  return range === undefined ? {} : { min: range[0], max: range[1] };
}

/** Four significant digits at most. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function written(format: Format) {
  return ({ value }: { value: unknown }) => (typeof value === "number" ? format(value) : "");
}

/** Draws an option as an SVG document, the same bytes each time: no ids, no classes, no script. */
async function draw(
  { title, description }: ChartText,
  { width = WIDTH, height }: { readonly width?: number; readonly height: number },
  option: EChartsCoreOption,
): Promise<Html> {
  const { init } = await loadEcharts();
  const chart = init(null, THEME, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ animation: false, title: { text: title }, ...option });
    const told = `<title>${escapeMarkup(title)}</title><desc>${escapeMarkup(description)}</desc>`;
    const markup = chart
      .renderToSVGString()
      .replace(/<(style|defs) *>[\s\S]*?<\/\1>/g, "")
      .replace(/ (?:class|clip-path|ecmeta_\w+)="[^"]*"/g, "")
      .replace(
        /^<svg width="\d+" height="\d+"([^>]*)>/,
        `<svg role="img"$1 style="max-width:${width * 1.4}px">${told}`,
      );
    return { markup };
  } finally {
    chart.dispose();
  }
}

/** Loaded at the first chart: commands that draw none do not wait for it. */
async function loadEcharts() {
  const [core, charts, components, renderers] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers"),
  ]);
  core.use([
    charts.BarChart,
    charts.LineChart,
    charts.HeatmapChart,
    components.GridComponent,
    components.LegendComponent,
    components.TitleComponent,
    components.VisualMapContinuousComponent,
    renderers.SVGRenderer,
  ]);
  return core;
}
