import { AutoscaleSetting } from "@pulumi/azure-native/monitor/autoscaleSetting.js";
import type * as pulumi from "@pulumi/pulumi";

/** How many instances a deployment has, by its processors' load. */
export interface Autoscale {
  readonly min: number;
  readonly max: number;
  /** Percent of its processors over five minutes above which an instance is added. @default 70 */
  readonly addAbove?: number | undefined;
  /** Percent over ten minutes below which one is taken away. @default 30 */
  readonly removeBelow?: number | undefined;
}

/** Which deployment, and where. */
export interface AutoscaledDeployment {
  readonly id: pulumi.Output<string>;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly location: string;
  /** Unique in the resource group. */
  readonly settingName: pulumi.Output<string>;
  /** Where Azure Monitor has no figures: what the deployment was made with. */
  readonly instances: number;
  readonly tags: Record<string, string>;
}

/**
 * Has Azure Monitor add and take away instances. One is added at a time and five minutes are waited, since an instance
 * needs minutes to come up; one is taken away in ten.
 */
export function autoscale(
  name: string,
  deployment: AutoscaledDeployment,
  { min, max, addAbove = 70, removeBelow = 30 }: Autoscale,
  parent: pulumi.Resource,
): AutoscaleSetting {
  const { id, resourceGroupName, location, settingName, tags } = deployment;
  const load = {
    metricName: "CpuUtilizationPercentage",
    metricResourceUri: id,
    statistic: "Average",
    timeAggregation: "Average",
    timeGrain: "PT1M",
  } as const;
  const one = { type: "ChangeCount", value: "1" } as const;
  return new AutoscaleSetting(
    name,
    {
      resourceGroupName,
      location,
      autoscaleSettingName: settingName,
      name: settingName,
      targetResourceUri: id,
      enabled: true,
      profiles: [
        {
          name: "load",
          capacity: {
            minimum: String(min),
            maximum: String(max),
            default: String(Math.min(Math.max(deployment.instances, min), max)),
          },
          rules: [
            {
              metricTrigger: { ...load, operator: "GreaterThan", threshold: addAbove, timeWindow: "PT5M" },
              scaleAction: { ...one, direction: "Increase", cooldown: "PT5M" },
            },
            {
              metricTrigger: { ...load, operator: "LessThan", threshold: removeBelow, timeWindow: "PT10M" },
              scaleAction: { ...one, direction: "Decrease", cooldown: "PT10M" },
            },
          ],
        },
      ],
      tags,
    },
    { parent },
  );
}
