import { DiagnosticSetting } from "@pulumi/azure-native/monitor/diagnosticSetting.js";
import type * as pulumi from "@pulumi/pulumi";

/** A Log Analytics workspace, as far as those who write to it need to know. */
export interface LogTarget {
  readonly id: pulumi.Input<string>;
}

/**
 * Has a resource write these categories of logs to the environment's log workspace. Azure takes up to an hour to begin.
 * Costs by the gigabyte, about $2.30 each.
 */
export function logTo(
  logs: LogTarget,
  name: string,
  resourceUri: pulumi.Input<string>,
  categories: readonly string[],
  parent: pulumi.Resource,
): DiagnosticSetting {
  return new DiagnosticSetting(
    name,
    {
      resourceUri,
      name: "to-logs",
      workspaceId: logs.id,
      logs: categories.map((category) => ({ category, enabled: true })),
    },
    { parent },
  );
}
