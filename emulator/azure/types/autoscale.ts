import { z } from "zod";
import { type ResourceType, withProperties } from "../arm.ts";
import { durationMs } from "../duration.ts";
import { AzureError } from "../errors.ts";
import { checked } from "../handlers/body.ts";

const DEPLOYMENTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments";
const ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints";

/** What rules may watch (Azure Monitor's tables of supported metrics, 2024-07 and 2026-07). */
const METRICS: Readonly<Record<string, readonly string[]>> = {
  [DEPLOYMENTS]: [
    "CpuMemoryUtilizationPercentage",
    "CpuUtilizationPercentage",
    "DeploymentCapacity",
    "DiskUtilization",
    "GpuEnergyJoules",
    "GpuMemoryUtilizationPercentage",
    "GpuUtilizationPercentage",
    "RequestLatency_P50",
    "RequestLatency_P90",
    "RequestLatency_P95",
    "RequestLatency_P99",
    "RequestsPerMinute",
  ],
  [ENDPOINTS]: [
    "ConnectionsActive",
    "NetworkBytes",
    "NewConnectionsPerSecond",
    "RequestLatency",
    "RequestLatency_P50",
    "RequestLatency_P90",
    "RequestLatency_P95",
    "RequestLatency_P99",
    "RequestsPerMinute",
  ],
};

const Count = z.string().regex(/^\d+$/, { error: "a whole number in quotes is allowed" });
const Duration = z
  .string()
  .refine((text) => durationMs(text) !== undefined, { error: "an ISO 8601 duration such as PT5M is allowed" });

const Rule = z.strictObject({
  metricTrigger: z.strictObject({
    metricName: z.string(),
    metricNamespace: z.string().nullish(),
    metricResourceUri: z.string(),
    metricResourceLocation: z.string().nullish(),
    operator: z.enum(["Equals", "NotEquals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"]),
    statistic: z.enum(["Average", "Min", "Max", "Sum", "Count"]),
    threshold: z.number(),
    timeAggregation: z.enum(["Average", "Minimum", "Maximum", "Total", "Count", "Last"]),
    timeGrain: Duration,
    timeWindow: Duration,
    dividePerInstance: z.boolean().nullish(),
    dimensions: z.array(z.looseObject({})).nullish(),
  }),
  scaleAction: z.strictObject({
    direction: z.enum(["None", "Increase", "Decrease"]),
    type: z.enum(["ChangeCount", "PercentChangeCount", "ExactCount", "ServiceAllowedNextValue"]),
    value: Count.nullish(),
    cooldown: Duration,
  }),
});

const Properties = z.strictObject({
  name: z.string().nullish(),
  enabled: z.boolean().default(false),
  targetResourceUri: z.string(),
  targetResourceLocation: z.string().nullish(),
  notifications: z.array(z.looseObject({})).nullish(),
  predictiveAutoscalePolicy: z.looseObject({}).nullish(),
  profiles: z
    .array(
      z.strictObject({
        name: z.string(),
        capacity: z.strictObject({ minimum: Count, maximum: Count, default: Count }),
        rules: z.array(Rule).max(10, { error: "at most 10 rules are allowed" }),
        fixedDate: z.looseObject({}).nullish(),
        recurrence: z.looseObject({}).nullish(),
      }),
    )
    .min(1)
    .max(20, { error: "at most 20 profiles are allowed" }),
});

/** How many instances a deployment has, and when. Checked and kept: instances here are not scaled by load. */
export const autoscaleSettings: ResourceType = {
  type: "Microsoft.Insights/autoscaleSettings",
  place: "group",
  located: true,
  complete: (arm, draft) => {
    const properties = checked(Properties, draft.fields["properties"] ?? {}, "properties");
    const target = arm.store.get(properties.targetResourceUri);
    if (target?.type !== DEPLOYMENTS) {
      throw refused(`The target resource '${properties.targetResourceUri}' is no deployment that exists.`);
    }
    for (const { name, capacity, rules } of properties.profiles) {
      const [minimum, maximum, initial] = [capacity.minimum, capacity.maximum, capacity.default].map(Number);
      if (!(Number(minimum) <= Number(initial) && Number(initial) <= Number(maximum))) {
        throw refused(
          `Profile '${name}' has capacity ${minimum} to ${maximum} and default ${initial}; minimum <= default <= maximum is allowed.`,
        );
      }
      for (const { metricTrigger } of rules) {
        const watched = arm.store.get(metricTrigger.metricResourceUri);
        if (watched !== undefined && METRICS[watched.type]?.includes(metricTrigger.metricName)) continue;
        throw refused(
          `Profile '${name}' watches '${metricTrigger.metricName}' of '${metricTrigger.metricResourceUri}', which has no such metric.`,
        );
      }
    }
    const other = arm.store
      .list(autoscaleSettings.type, "/subscriptions")
      .find(({ id, fields }) => id !== draft.id && targetOf(fields) === properties.targetResourceUri.toLowerCase());
    if (other !== undefined) {
      throw refused(`The target resource '${properties.targetResourceUri}' has an autoscale setting, '${other.id}'.`);
    }
    return withProperties(draft, properties);
  },
};

function targetOf(fields: Readonly<Record<string, unknown>>): string {
  const { targetResourceUri } = (fields["properties"] ?? {}) as { targetResourceUri?: string };
  return String(targetResourceUri).toLowerCase();
}

function refused(message: string): AzureError {
  return new AzureError(400, "BadRequest", message);
}
