import type { MinuteMetrics } from "../../serving/request-metrics.ts";
import type { Arm, ArmReply, ArmRequest } from "../arm.ts";
import { AzureError, armErrors } from "../errors.ts";
import { existing } from "../handlers/resources.ts";
import { parseResourceId } from "../resource-id.ts";
import { type Metric, type Part, pointOf } from "./catalogue.ts";
import { type MetricsQuery, readMetricsQuery } from "./query.ts";

/** The type that asks for metrics, under any resource. */
export const METRICS_TYPE = "Microsoft.Insights/metrics";

const ENDPOINT_TYPE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints";
const MINUTE_MS = 60_000;

/**
 * `GET {endpoint}/providers/Microsoft.Insights/metrics`, one-minute grain. As in Azure, the minute under way is answered
 * too, with what it has so far.
 */
export async function readMetrics(arm: Arm, { id, method, query }: ArmRequest): Promise<ArmReply> {
  if (method !== "GET") throw armErrors.methodNotAllowed(method, id.path);
  const scope = parseResourceId(id.scope);
  if (scope === undefined) throw armErrors.invalidPath(id.scope);
  if (scope.type.toLowerCase() !== ENDPOINT_TYPE.toLowerCase()) {
    throw new AzureError(
      400,
      "BadRequest",
      `The emulator has no metrics of ${scope.type}; it has those of ${ENDPOINT_TYPE}.`,
    );
  }
  const endpoint = existing(arm, scope);
  const namespace = query.get("metricnamespace");
  if (namespace !== null && namespace.toLowerCase() !== ENDPOINT_TYPE.toLowerCase()) {
    throw new AzureError(
      400,
      "BadRequest",
      `Metric namespace '${namespace}' is not known. Valid namespaces: ${ENDPOINT_TYPE}`,
    );
  }
  const asked = readMetricsQuery(query, Date.now());
  const minutes = await arm.serving.requestMetrics(endpoint.id, asked.from, asked.to);
  const body = {
    cost: (asked.to - asked.from) / MINUTE_MS,
    timespan: `${iso(asked.from)}/${iso(asked.to)}`,
    interval: "PT1M",
    value: asked.metrics.map((metric) => describe(endpoint.id, metric, seriesOf(metric, minutes, asked))),
    namespace: ENDPOINT_TYPE,
    resourceregion: endpoint.location,
  };
  return { status: 200, body };
}

function describe(endpointId: string, metric: Metric, timeseries: readonly object[]): object {
  return {
    id: `${endpointId}/providers/${METRICS_TYPE}/${metric.name}`,
    type: METRICS_TYPE,
    name: { value: metric.name, localizedValue: metric.name },
    displayDescription: metric.description,
    unit: metric.unit,
    timeseries,
    errorCode: "Success",
  };
}

/** The series of one metric: one for each combination of the filtered dimensions' values. */
function seriesOf(metric: Metric, minutes: readonly MinuteMetrics[], asked: MetricsQuery): object[] {
  const dimensions = [...asked.filter.keys()];
  const series = new Map<string, { labels: Part["dimensions"]; points: Map<number, Part[]> }>();
  for (const minute of minutes) {
    for (const part of metric.read(minute)) {
      const wanted = dimensions.every((dimension) => {
        const values = asked.filter.get(dimension) ?? [];
        return values.includes("*") || values.includes(part.dimensions[dimension] ?? "");
      });
      if (!wanted) continue;
      const key = JSON.stringify(dimensions.map((dimension) => part.dimensions[dimension]));
      const own = series.get(key) ?? { labels: part.dimensions, points: new Map<number, Part[]>() };
      series.set(key, own);
      own.points.set(minute.minute, [...(own.points.get(minute.minute) ?? []), part]);
    }
  }
  return [...series.values()].slice(0, asked.top).map(({ labels, points }) => ({
    // Azure gives the names of dimensions in lower case here, however they were asked for.
    metadatavalues: dimensions.map((dimension) => ({
      name: { value: dimension.toLowerCase(), localizedValue: dimension.toLowerCase() },
      value: labels[dimension] ?? "",
    })),
    data: dataOf(metric, points, asked),
  }));
}

/** Every minute of the time span that has begun; one without requests has its time alone, as in Azure. */
function dataOf(metric: Metric, points: ReadonlyMap<number, readonly Part[]>, asked: MetricsQuery): object[] {
  const end = Math.min(asked.to, Date.now());
  const data: object[] = [];
  for (let minute = asked.from; minute < end; minute += MINUTE_MS) {
    const parts = points.get(minute);
    const point = parts === undefined ? {} : pointOf(metric, parts);
    const named = { Average: point.average, Total: point.total, Count: point.count };
    const values = asked.aggregations.map((aggregation) => [aggregation.toLowerCase(), named[aggregation]]);
    data.push({ timeStamp: iso(minute), ...Object.fromEntries(values.filter(([, value]) => value !== undefined)) });
  }
  return data;
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
