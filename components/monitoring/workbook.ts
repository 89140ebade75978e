import { FAILURE_STATUSES } from "./alerts.ts";

const ENDPOINTS = "microsoft.machinelearningservices/workspaces/onlineendpoints";

/** One chart of one metric of the endpoint, a line for each value of a dimension. */
interface Chart {
  readonly title: string;
  readonly metrics: readonly string[];
  readonly splitBy: string;
  /** Only these values of `splitBy`. @default - all */
  readonly only?: readonly string[];
}

const charts: readonly Chart[] = [
  { title: "Traffic: requests a minute, by deployment", metrics: ["RequestsPerMinute"], splitBy: "deployment" },
  {
    title: "Errors of the service, by status",
    metrics: ["RequestsPerMinute"],
    splitBy: "statusCode",
    only: FAILURE_STATUSES,
  },
  { title: "All answers, by class of status", metrics: ["RequestsPerMinute"], splitBy: "statusCodeClass" },
  { title: "Latency P50 in ms, by deployment", metrics: ["RequestLatency_P50"], splitBy: "deployment" },
  { title: "Latency P95 in ms, by deployment", metrics: ["RequestLatency_P95"], splitBy: "deployment" },
  { title: "Latency P99 in ms, by deployment", metrics: ["RequestLatency_P99"], splitBy: "deployment" },
];

/** Azure Monitor's number for the mean, in a workbook's metrics. */
const AVERAGE = 4;

/**
 * A workbook about one endpoint: how traffic is split, what fails and how long answers take, for each deployment.
 *
 * @param endpointId ARM id of the endpoint
 * @returns the document that Azure keeps as `serializedData`; its form is that of `Notebook/1.0`
 */
export function workbookOf(endpointId: string): object {
  return {
    version: "Notebook/1.0",
    items: [timeRange, ...charts.map((chart, index) => metricItem(chart, index, endpointId))],
    fallbackResourceIds: [endpointId],
  };
}

const timeRange = {
  type: 9,
  name: "time",
  content: {
    version: "KqlParameterItem/1.0",
    parameters: [
      {
        id: "time-range",
        version: "KqlParameterItem/1.0",
        name: "TimeRange",
        label: "Time",
        type: 4,
        isRequired: true,
        value: { durationMs: 3_600_000 },
        typeSettings: { selectableValues: [1, 6, 24, 168].map((hours) => ({ durationMs: hours * 3_600_000 })) },
      },
    ],
    style: "pills",
  },
};

function metricItem({ title, metrics, splitBy, only }: Chart, index: number, endpointId: string): object {
  return {
    type: 10,
    name: `chart-${index + 1}`,
    // Two in a row.
    customWidth: "50",
    content: {
      version: "MetricsItem/2.0",
      chartId: `chart-${index + 1}`,
      size: 0,
      chartType: 2,
      resourceType: ENDPOINTS,
      metricScope: 0,
      resourceIds: [endpointId],
      timeContextFromParameter: "TimeRange",
      metrics: metrics.map((metric) => ({
        namespace: ENDPOINTS,
        metric: `${ENDPOINTS}--${metric}`,
        aggregation: AVERAGE,
        splitBy: [splitBy],
      })),
      ...(only === undefined ? {} : { filters: [{ key: splitBy, operator: 0, values: [...only] }] }),
      title,
    },
  };
}
