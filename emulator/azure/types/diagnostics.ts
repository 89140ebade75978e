import { z } from "zod";
import { type ResourceType, withProperties } from "../arm.ts";
import { AzureError } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { parseResourceId } from "../resource-id.ts";

const MACHINE_LEARNING = "microsoft.machinelearningservices/workspaces";

/** Log categories by type of resource, from Azure Monitor's table of supported log categories; those in use here. */
const CATEGORIES: Readonly<Record<string, readonly string[]>> = {
  [MACHINE_LEARNING]: [
    "AmlComputeClusterEvent",
    "AmlComputeClusterNodeEvent",
    "AmlComputeCpuGpuUtilization",
    "AmlComputeJobEvent",
    "AmlRunStatusChangedEvent",
    "DeploymentReadEvent",
    "EnvironmentChangeEvent",
    "ModelsActionEvent",
    "ModelsChangeEvent",
    "ModelsReadEvent",
    "RunEvent",
    "RunReadEvent",
  ],
  [`${MACHINE_LEARNING}/onlineendpoints`]: [
    "AmlOnlineEndpointConsoleLog",
    "AmlOnlineEndpointEventLog",
    "AmlOnlineEndpointTrafficLog",
  ],
  "microsoft.keyvault/vaults": ["AuditEvent", "AzurePolicyEvaluationDetails"],
  "microsoft.storage/storageaccounts/blobservices": ["StorageDelete", "StorageRead", "StorageWrite"],
  "microsoft.containerregistry/registries": ["ContainerRegistryLoginEvents", "ContainerRegistryRepositoryEvents"],
};

const Chosen = z.strictObject({
  category: z.string().nullish(),
  categoryGroup: z.string().nullish(),
  enabled: z.boolean(),
  retentionPolicy: z.looseObject({}).nullish(),
});
const Properties = z.strictObject({
  workspaceId: z.string({ error: "the emulator sends logs to a Log Analytics workspace only" }),
  logAnalyticsDestinationType: z.enum(["Dedicated", "AzureDiagnostics"]).nullish(),
  logs: z.array(Chosen).default([]),
  metrics: z.array(z.looseObject({ category: z.string(), enabled: z.boolean() })).default([]),
});

/** What a resource writes down, and where. No line is written: the settings are checked and kept. */
export const diagnosticSettings: ResourceType = {
  type: "Microsoft.Insights/diagnosticSettings",
  place: "extension",
  complete: (arm, draft) => {
    const properties = checked(Properties, draft.fields["properties"] ?? {}, "properties");
    const scope = parseResourceId(draft.id)?.scope ?? "";
    const type = parseResourceId(scope)?.type ?? "";
    const offered = CATEGORIES[type.toLowerCase()] ?? [];
    for (const { category } of properties.logs) {
      if (typeof category !== "string" || offered.includes(category)) continue;
      throw new AzureError(
        400,
        "BadRequest",
        `Category '${category}' is not supported, supported categories are: '${offered.join(", ")}'.`,
      );
    }
    if (properties.logs.length + properties.metrics.length === 0) {
      throw new AzureError(400, "BadRequest", "At least one data sink needs to be specified, with a log or a metric.");
    }
    if (arm.store.get(properties.workspaceId)?.type !== "Microsoft.OperationalInsights/workspaces") {
      throw new AzureError(404, "ResourceNotFound", `The workspace '${properties.workspaceId}' could not be found.`);
    }
    return withProperties(draft, properties);
  },
};
