import { type ArmOptions, AzureError, armGet } from "./azure.ts";
import type { LatencyName, Sample } from "./canary/recording.ts";

/** Azure Monitor's API for reading metrics. */
const METRICS_API_VERSION = "2024-02-01";
/** Azure's limit of points is far above; its default of ten series would cut failures off without a word. */
const MOST_SERIES = 1000;

const LATENCIES: Readonly<Record<LatencyName, string>> = {
  average: "RequestLatency",
  p50: "RequestLatency_P50",
  p90: "RequestLatency_P90",
  p95: "RequestLatency_P95",
  p99: "RequestLatency_P99",
};

/** One metric's values under one combination of dimensions. */
export type Series = {
  /** By the dimension's name in lower case, as Azure gives it. */
  readonly dimensions: Readonly<Record<string, string>>;
  /** Minutes (ISO 8601) with a value; Azure leaves the value out where there is none. */
  readonly values: readonly { readonly minute: string; readonly value: number | null }[];
};

/** The time that is asked for: minutes that start in `[from, to)`. */
export type Window = { readonly from: Date; readonly to: Date };

/**
 * The samples of every deployment of an endpoint in whole minutes of a window, by deployment.
 *
 * @param endpointId the endpoint's ARM id
 * @throws AzureError where Azure Monitor does not answer, after `options.attempts` tries
 */
export async function readEndpointMetrics(
  endpointId: string,
  window: Window,
  options: ArmOptions = {},
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const statuses = "deployment eq '*' and statusCode eq '*' and modelStatusCode eq '*'";
  const [requests, latencies] = await Promise.all([
    readMetrics(endpointId, ["RequestsPerMinute"], statuses, window, options),
    readMetrics(endpointId, Object.values(LATENCIES), "deployment eq '*'", window, options),
  ]);
  const samples = new Map<string, Map<string, Sample>>();
  const sampleOf = (deployment: string, minute: string): Sample => {
    const own = samples.get(deployment) ?? new Map<string, Sample>();
    samples.set(deployment, own);
    const latency = { average: null, p50: null, p90: null, p95: null, p99: null };
    const sample = own.get(minute) ?? { minute, requests: {}, latency };
    own.set(minute, sample);
    return sample;
  };
  for (const { dimensions, values } of requests.get("RequestsPerMinute") ?? []) {
    const { deployment = "", statuscode = "", modelstatuscode = "" } = dimensions;
    // What Azure says for "the container did not answer" is no status.
    const key = /^\d{3}$/.test(modelstatuscode) ? `${statuscode}/${modelstatuscode}` : statuscode;
    for (const { minute, value } of values) {
      const counts = sampleOf(deployment, minute).requests;
      counts[key] = value === null ? null : (counts[key] ?? 0) + value;
    }
  }
  for (const [name, metric] of Object.entries(LATENCIES) as [LatencyName, string][]) {
    for (const { dimensions, values } of latencies.get(metric) ?? []) {
      for (const { minute, value } of values) sampleOf(dimensions["deployment"] ?? "", minute).latency[name] = value;
    }
  }
  // A request that reached no deployment is nobody's.
  samples.delete("");
  return new Map(
    [...samples].map(([deployment, own]) => [
      deployment,
      [...own.values()].sort((a, b) => (a.minute < b.minute ? -1 : 1)),
    ]),
  );
}

type Answer = {
  readonly value?: readonly {
    readonly name: { readonly value: string };
    readonly errorCode?: string;
    readonly errorMessage?: string;
    readonly timeseries?: readonly {
      readonly metadatavalues?: readonly { readonly name: { readonly value: string }; readonly value: string }[];
      readonly data?: readonly { readonly timeStamp: string; readonly average?: unknown }[];
    }[];
  }[];
};

/** Series of metrics at one-minute grain, by metric. Averages: of requests a minute that is their number. */
export async function readMetrics(
  resourceId: string,
  metrics: readonly string[],
  filter: string,
  { from, to }: Window,
  options: ArmOptions = {},
): Promise<ReadonlyMap<string, readonly Series[]>> {
  const query = new URLSearchParams({
    metricnames: metrics.join(","),
    timespan: `${from.toISOString()}/${to.toISOString()}`,
    interval: "PT1M",
    aggregation: "Average",
    $filter: filter,
    top: String(MOST_SERIES),
  });
  const path = `${resourceId}/providers/Microsoft.Insights/metrics?${query}`;
  const answer = await armGet<Answer>(path, METRICS_API_VERSION, options);
  for (const { name, errorCode = "Success", errorMessage = "Azure gave no reason" } of answer.value ?? []) {
    if (errorCode !== "Success") throw new AzureError(`metric ${name.value}: ${errorMessage}`, 200, errorCode);
  }
  return new Map(
    (answer.value ?? []).map(({ name, timeseries = [] }) => [
      name.value,
      timeseries.map(({ metadatavalues = [], data = [] }) => ({
        dimensions: Object.fromEntries(metadatavalues.map((each) => [each.name.value.toLowerCase(), each.value])),
        values: data.flatMap(({ timeStamp, average }) => {
          if (average === undefined) return [];
          return [{ minute: new Date(timeStamp).toISOString(), value: typeof average === "number" ? average : null }];
        }),
      })),
    ]),
  );
}
