import { latencyPercentile } from "../../serving/latency-histogram.ts";
import type { MinuteMetrics } from "../../serving/request-metrics.ts";

/** What one series holds of one minute. */
export interface Point {
  readonly average?: number;
  readonly total?: number;
  readonly count?: number;
}

/** A metric of online endpoints. */
export interface Metric {
  /** In Azure's own casing. */
  readonly name: string;
  readonly unit: "Count" | "MilliSeconds";
  readonly description: string;
  readonly aggregations: readonly ("Average" | "Total" | "Count")[];
  readonly dimensions: readonly string[];
  /** Cuts one deployment's minute into the parts that the dimensions tell apart. */
  readonly read: (minute: MinuteMetrics) => readonly Part[];
}

/** A part of a minute: where it belongs, and its figures. `weight` is how many requests it stands for. */
export interface Part {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  readonly weight: number;
}

const requestsPerMinute: Metric = {
  name: "RequestsPerMinute",
  unit: "Count",
  description: "The number of requests sent to online endpoint within a minute",
  aggregations: ["Average", "Total"],
  dimensions: ["deployment", "statusCode", "statusCodeClass", "modelStatusCode"],
  read: ({ deployment, requests }) =>
    requests.map(({ status, modelStatus, count }) => ({
      dimensions: {
        deployment,
        statusCode: status,
        statusCodeClass: `${status.charAt(0)}xx`,
        modelStatusCode: modelStatus,
      },
      value: count,
      weight: count,
    })),
};

const latency = (name: string, description: string, read: (minute: MinuteMetrics) => number): Metric => ({
  name,
  unit: "MilliSeconds",
  description,
  aggregations: name === "RequestLatency" ? ["Average", "Count"] : ["Average"],
  dimensions: ["deployment"],
  read: (minute) => [
    { dimensions: { deployment: minute.deployment }, value: read(minute), weight: minute.latency.count },
  ],
});

/**
 * Metrics of `Microsoft.MachineLearningServices/workspaces/onlineEndpoints` that follow from requests (Azure Monitor's
 * table of supported metrics). Connections, bytes and data collection are not offered.
 */
export const METRICS: readonly Metric[] = [
  requestsPerMinute,
  latency(
    "RequestLatency",
    "The complete interval of time taken for a request to be responded in milliseconds",
    (minute) => minute.latency.sum / minute.latency.count,
  ),
  ...[50, 90, 95, 99].map((percent) =>
    latency(
      `RequestLatency_P${percent}`,
      `The average P${percent} request latency aggregated by all request latency values collected over the selected time period in milliseconds`,
      (minute) => latencyPercentile(minute.latency, percent),
    ),
  ),
];

/** The parts of a minute that fall into one series, as one point. Requests add up; latencies are averaged by requests. */
export function pointOf({ unit }: Metric, parts: readonly Part[]): Point {
  const sum = (read: (part: Part) => number) => parts.reduce((total, part) => total + read(part), 0);
  const count = sum(({ weight }) => weight);
  if (unit === "Count") return { average: count, total: count };
  return { average: sum(({ value, weight }) => value * weight) / count, count };
}
