import { type AzureKind, azureKind } from "./kinds.ts";

/** Rows for Microsoft.Insights, which the SDK calls `monitor`, and for budgets. */
export const monitor: Readonly<Record<string, AzureKind>> = {
  "azure-native:monitor:DiagnosticSetting": azureKind({
    path: "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
    apiVersion: "2021-05-01-preview",
    body: "flat",
    envelope: [],
  }),
  "azure-native:monitor:AutoscaleSetting": azureKind({
    path: "Microsoft.Insights/autoscaleSettings/{autoscaleSettingName}",
    apiVersion: "2021-05-01-preview",
    body: "flat",
    outputs: "nested",
    envelope: ["location", "tags"],
  }),
  "azure-native:monitor:MetricAlert": azureKind({
    path: "Microsoft.Insights/metricAlerts/{ruleName}",
    apiVersion: "2018-03-01",
    body: "flat",
    envelope: ["location", "tags"],
    computed: ["isMigrated", "lastUpdatedTime"],
  }),
  "azure-native:monitor:ActionGroup": azureKind({
    path: "Microsoft.Insights/actionGroups/{actionGroupName}",
    apiVersion: "2024-10-01-preview",
    body: "flat",
    envelope: ["location", "tags", "identity"],
  }),
  "azure-native:monitor:ScheduledQueryRule": azureKind({
    path: "Microsoft.Insights/scheduledQueryRules/{ruleName}",
    apiVersion: "2025-01-01-preview",
    body: "flat",
    envelope: ["location", "tags", "identity", "kind"],
    computed: ["createdWithApiVersion", "isLegacyLogAnalyticsRule", "isWorkspaceAlertsStorageConfigured"],
  }),
  "azure-native:applicationinsights:Workbook": azureKind({
    path: "Microsoft.Insights/workbooks/{resourceName}",
    apiVersion: "2023-06-01",
    body: "flat",
    envelope: ["location", "tags", "identity", "kind"],
    computed: ["revision", "timeModified", "userId"],
  }),
  "azure-native:consumption:Budget": azureKind({
    path: "/{scope}/providers/Microsoft.Consumption/budgets/{budgetName}",
    apiVersion: "2024-08-01",
    body: "flat",
    envelope: ["eTag"],
    maps: ["notifications"],
    computed: ["currentSpend", "forecastSpend"],
  }),
};
