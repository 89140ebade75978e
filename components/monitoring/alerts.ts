import type { MetricAlertArgs } from "@pulumi/azure-native/monitor/metricAlert.js";
import type { ScheduledQueryRuleArgs } from "@pulumi/azure-native/monitor/scheduledQueryRule.js";

/** When somebody is told. */
export interface AlertLimits {
  /** Failed requests a minute, of one status of one deployment. */
  readonly maxFailuresPerMinute: number;
  /** Share of a deployment's requests that fail, 0 to 1. */
  readonly maxFailureShare: number;
  /** Milliseconds that the slowest of twenty requests may take. */
  readonly maxLatencyMs: number;
  /** Percent of a deployment's processors. */
  readonly maxBusyPercent: number;
  /** Minutes without a single request. @default - silence is no alert */
  readonly silentMinutes?: number | undefined;
}

/**
 * Statuses that are the service's fault: 408 took too long, 424 the model answered no 200, 429 too many at once for its
 * instances, and 5xx. Every other 4xx is the caller's own.
 */
export const FAILURE_STATUSES = ["408", "424", "429", "500", "502", "503", "504"] as const;

/** Azure's limit of an endpoint, and the part of it that is worth a look. */
const MOST_CONNECTIONS = 500;
const BUSY_CONNECTIONS = 0.8 * MOST_CONNECTIONS;

/** Below this many requests in the window a share says little. */
const MIN_REQUESTS = 20;

const ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints";

type MetricRule = Pick<MetricAlertArgs, "description" | "severity" | "evaluationFrequency" | "windowSize" | "criteria">;
type QueryRule = Pick<
  ScheduledQueryRuleArgs,
  "description" | "severity" | "evaluationFrequency" | "windowSize" | "criteria"
>;

/** One metric above one limit. Each combination of the dimensions' values is watched, and told of, on its own. */
function above(
  metricName: string,
  metricNamespace: string,
  threshold: number,
  dimensions: Readonly<Record<string, readonly string[]>> = {},
): MetricRule["criteria"] {
  return {
    odataType: "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
    allOf: [
      {
        criterionType: "StaticThresholdCriterion",
        name: metricName,
        metricName,
        metricNamespace,
        operator: "GreaterThan",
        threshold,
        timeAggregation: "Average",
        dimensions: Object.entries(dimensions).map(([name, values]) => ({
          name,
          operator: "Include",
          values: [...values],
        })),
      },
    ],
  };
}

const everyMinute = { evaluationFrequency: "PT1M", windowSize: "PT5M" };

/**
 * Alerts on the endpoint's own metrics, by name. Metrics and dimensions:
 * https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-machinelearningservices-workspaces-onlineendpoints-metrics
 */
export function endpointAlerts(limits: AlertLimits): Readonly<Record<string, MetricRule>> {
  const each = { deployment: ["*"] };
  return {
    failures: {
      ...everyMinute,
      severity: 1,
      description: `More than ${limits.maxFailuresPerMinute} requests a minute fail with one status (${FAILURE_STATUSES.join(", ")}).`,
      criteria: above("RequestsPerMinute", ENDPOINTS, limits.maxFailuresPerMinute, {
        ...each,
        statusCode: FAILURE_STATUSES,
      }),
    },
    latency: {
      ...everyMinute,
      severity: 2,
      // A percentile of five minutes cannot be had: Azure keeps one a minute, and their mean is what is compared.
      description: `One request in twenty takes longer than ${limits.maxLatencyMs} ms.`,
      criteria: above("RequestLatency_P95", ENDPOINTS, limits.maxLatencyMs, each),
    },
    connections: {
      ...everyMinute,
      severity: 2,
      description: `More than ${BUSY_CONNECTIONS} connections are open; Azure allows an endpoint ${MOST_CONNECTIONS}.`,
      criteria: above("ConnectionsActive", ENDPOINTS, BUSY_CONNECTIONS),
    },
  };
}

/** The alert on a deployment's processors: those that do the work, which are GPUs where there are any. */
export function busyAlert({ maxBusyPercent }: AlertLimits, gpus: number): MetricRule {
  const metric = gpus > 0 ? "GpuUtilizationPercentage" : "CpuUtilizationPercentage";
  return {
    evaluationFrequency: "PT5M",
    windowSize: "PT15M",
    severity: 2,
    description: `The ${gpus > 0 ? "GPUs" : "processors"} are busier than ${maxBusyPercent} %: more instances are needed.`,
    criteria: above(metric, `${ENDPOINTS}/deployments`, maxBusyPercent),
  };
}

/**
 * Alerts on the endpoint's traffic log, by name. A share of one metric in another is beyond metric alerts, and a metric
 * without values never sets one off; queries can do both. Columns:
 * https://learn.microsoft.com/azure/azure-monitor/reference/tables/amlonlineendpointtrafficlog
 */
export function logAlerts(endpointName: string, limits: AlertLimits): Readonly<Record<string, QueryRule>> {
  const requests = `AmlOnlineEndpointTrafficLog | where EndpointName == "${endpointName}"`;
  const failed = `ResponseCode >= 500 or ResponseCode in (${FAILURE_STATUSES.filter((status) => status < "500").join(", ")})`;
  const share: QueryRule = {
    severity: 1,
    evaluationFrequency: "PT5M",
    windowSize: "PT15M",
    description: `More than ${limits.maxFailureShare * 100} % of a deployment's requests fail.`,
    criteria: {
      allOf: [
        {
          query: `${requests} | summarize Requests = count(), Failed = countif(${failed}) by DeploymentName | where Requests >= ${MIN_REQUESTS} | extend Share = todouble(Failed) / Requests`,
          metricMeasureColumn: "Share",
          timeAggregation: "Maximum",
          operator: "GreaterThan",
          threshold: limits.maxFailureShare,
          dimensions: [{ name: "DeploymentName", operator: "Include", values: ["*"] }],
          failingPeriods: { minFailingPeriodsToAlert: 1, numberOfEvaluationPeriods: 1 },
        },
      ],
    },
  };
  if (limits.silentMinutes === undefined) return { "failure-share": share };
  const silence: QueryRule = {
    severity: 2,
    evaluationFrequency: "PT15M",
    windowSize: `PT${limits.silentMinutes}M`,
    description: `Not one request in ${limits.silentMinutes} minutes.`,
    criteria: {
      allOf: [
        {
          query: requests,
          timeAggregation: "Count",
          operator: "LessThan",
          threshold: 1,
          failingPeriods: { minFailingPeriodsToAlert: 1, numberOfEvaluationPeriods: 1 },
        },
      ],
    },
  };
  return { "failure-share": share, silence };
}
