import { AzureError } from "../errors.ts";
import { METRICS, type Metric } from "./catalogue.ts";

/** A question to Azure Monitor, checked. */
export interface MetricsQuery {
  readonly metrics: readonly Metric[];
  /** Milliseconds since 1970; `to` is left out. */
  readonly from: number;
  readonly to: number;
  readonly aggregations: readonly ("Average" | "Total" | "Count")[];
  /** Dimension → the values wanted; `*` splits by all of them. */
  readonly filter: ReadonlyMap<string, readonly string[]>;
  /** Series of a metric at most. */
  readonly top: number;
}

/** Azure's default for `top`: what a client does not ask for is cut off without a word. */
const DEFAULT_TOP = 10;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Azure keeps metrics for 93 days. A year is refused so that a slip does not read the whole disk. */
const LONGEST_MS = 93 * 24 * HOUR_MS;

/** Reads the query of `GET …/providers/Microsoft.Insights/metrics`. @throws AzureError 400 that names what is not known */
export function readMetricsQuery(query: URLSearchParams, now: number): MetricsQuery {
  const metrics = list(query.get("metricnames")).map(metricOf);
  if (metrics.length === 0) throw badRequest("'metricnames' is missing: name one metric or more, with commas between.");
  checkInterval(query.get("interval"));
  const [from, to] = timespanOf(query.get("timespan"), now);
  const filter = filterOf(query.get("$filter") ?? "");
  for (const metric of metrics) {
    for (const dimension of filter.keys()) {
      if (!metric.dimensions.includes(dimension)) {
        throw badRequest(
          `Metric: ${metric.name} does not have the dimension: ${dimension}. Valid dimensions: ${metric.dimensions.join(",")}`,
        );
      }
    }
  }
  const aggregations = aggregationsOf(query.get("aggregation"), metrics);
  const top = query.get("top") === null ? DEFAULT_TOP : Number(query.get("top"));
  if (!Number.isInteger(top) || top < 1)
    throw badRequest(`'top' is '${query.get("top")}'; it is a whole number from 1.`);
  return { metrics, from, to, aggregations, filter, top };
}

function metricOf(name: string): Metric {
  const metric = METRICS.find((known) => known.name.toLowerCase() === name.toLowerCase());
  if (metric !== undefined) return metric;
  throw badRequest(
    `Failed to find metric configuration for provider: Microsoft.MachineLearningServices, resource Type: workspaces/onlineEndpoints, metric: ${name}, Valid metrics: ${METRICS.map((known) => known.name).join(",")}`,
  );
}

function checkInterval(interval: string | null): void {
  if (interval === null || interval === "PT1M") return;
  throw badRequest(`Invalid time grain '${interval}' in 'interval'. The emulator offers: PT1M`);
}

function timespanOf(timespan: string | null, now: number): [number, number] {
  if (timespan === null) return [Math.floor((now - HOUR_MS) / MINUTE_MS) * MINUTE_MS, now];
  const [from = Number.NaN, to = Number.NaN] = timespan.split("/").map((time) => Date.parse(time));
  if (!(from < to) || to - from > LONGEST_MS) {
    throw badRequest(
      `Invalid 'timespan' '${timespan}': it has the form 'start/end' with times of ISO 8601, at most 93 days apart.`,
    );
  }
  return [Math.floor(from / MINUTE_MS) * MINUTE_MS, to];
}

function aggregationsOf(text: string | null, metrics: readonly Metric[]): MetricsQuery["aggregations"] {
  const names = list(text ?? "Average");
  return names.map((name) => {
    const known = (["Average", "Total", "Count"] as const).find((each) => each.toLowerCase() === name.toLowerCase());
    const lacking = metrics.find(({ aggregations }) => known === undefined || !aggregations.includes(known));
    if (known !== undefined && lacking === undefined) return known;
    const { name: metric, aggregations } = lacking as Metric;
    throw badRequest(
      `Metric: ${metric} does not support the aggregation: ${name}. Supported aggregations: ${aggregations.join(",")}`,
    );
  });
}

const TERM = /^(\w+) eq '([^']*)'$/i;

// The part of OData that Azure Monitor's documentation shows: `a eq '*' and (b eq 'x' or b eq 'y')`.
function filterOf(text: string): Map<string, readonly string[]> {
  const filter = new Map<string, readonly string[]>();
  if (text.trim() === "") return filter;
  for (const clause of text.trim().split(/\s+and\s+/i)) {
    const terms = clause
      .trim()
      .replace(/^\((.*)\)$/, "$1")
      .split(/\s+or\s+/i)
      .map((term) => TERM.exec(term.trim()));
    const dimension = knownDimension(terms[0]?.[1]);
    const wrong = terms.some((term) => term === null || knownDimension(term[1]) !== dimension);
    if (wrong || dimension === undefined || filter.has(dimension)) {
      throw badRequest(
        `Invalid '$filter' '${text}' at '${clause}': write "dimension eq 'value'" with 'and' between dimensions and 'or' between values of one. Dimensions: ${DIMENSIONS.join(",")}`,
      );
    }
    filter.set(
      dimension,
      terms.map((term) => term?.[2] ?? ""),
    );
  }
  return filter;
}

const DIMENSIONS = [...new Set(METRICS.flatMap(({ dimensions }) => dimensions))];

function knownDimension(name: string | undefined): string | undefined {
  return DIMENSIONS.find((known) => known.toLowerCase() === name?.toLowerCase());
}

function list(text: string | null): string[] {
  return (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function badRequest(message: string): AzureError {
  return new AzureError(400, "BadRequest", message);
}
