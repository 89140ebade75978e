import { Workbook } from "@pulumi/azure-native/applicationinsights/workbook.js";
import { Budget } from "@pulumi/azure-native/consumption/budget.js";
import { ActionGroup } from "@pulumi/azure-native/monitor/actionGroup.js";
import { MetricAlert } from "@pulumi/azure-native/monitor/metricAlert.js";
import { ScheduledQueryRule } from "@pulumi/azure-native/monitor/scheduledQueryRule.js";
import * as pulumi from "@pulumi/pulumi";
import { vmSize } from "../delivery/vm-sizes.ts";
import { type AlertLimits, busyAlert, endpointAlerts, logAlerts } from "./monitoring/alerts.ts";
import { monthOf, notificationsOf } from "./monitoring/budget.ts";
import { workbookOf } from "./monitoring/workbook.ts";
import { azureNames, groupIdOf, type Scope, tagsOf, uuidOf } from "./names.ts";
import type { WorkspaceAddress } from "./workspace.ts";

/** Arguments of {@link Monitoring}. */
export interface MonitoringArgs extends AlertLimits {
  readonly scope: Scope;
  readonly workspace: WorkspaceAddress;
  readonly location: string;
  readonly endpoint: {
    /** The endpoint that is watched. */
    readonly name: string;
    /** Its deployments by name; the processors of each are watched. */
    readonly deployments: Readonly<Record<string, unknown>>;
    /** VM size of their instances; tells whether GPUs do the work. */
    readonly instanceType: string;
  };
  /** Who is told. Without any, alerts are shown in the portal alone. */
  readonly emails: readonly string[];
  /** What the resource group may cost a month, in the currency of the bill. */
  readonly monthlyBudget: number;
  /** @default - now */
  readonly today?: Date;
}

/**
 * Watches an endpoint and what its resource group costs: alerts on failures, latency, saturation and silence, a workbook
 * that shows them by deployment, and a budget. All of them tell the same action group.
 *
 * Cost: a metric alert $0.10 a month for each series it watches, a query every five minutes $1.50; the budget, the
 * workbook and e-mails nothing. Deleting it makes nobody hear of trouble; nothing that serves is touched.
 */
export class Monitoring extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:monitoring:Monitoring";

  /** ARM id of the group that all alerts tell. */
  readonly actionGroupId: pulumi.Output<string>;

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Monitoring.type, name, {}, opts);
    const endpointId = pulumi.interpolate`${args.workspace.workspaceId}/onlineEndpoints/${args.endpoint.name}`;

    const group = createActionGroup(name, args, this);
    createMetricAlerts(name, args, { endpointId, group, dependsOn: opts?.dependsOn }, this);
    createLogAlerts(name, args, group, this);
    createWorkbook(name, args, endpointId, this);
    createBudget(name, args, group, this);

    this.actionGroupId = group.id;
    this.registerOutputs({ actionGroupId: this.actionGroupId });
  }
}

function createActionGroup(name: string, { scope, workspace, emails }: MonitoringArgs, parent: pulumi.Resource) {
  return new ActionGroup(
    `${name}-group`,
    {
      resourceGroupName: workspace.resourceGroup,
      actionGroupName: azureNames(scope).actionGroup,
      location: "Global",
      // Stands in text messages, at most twelve characters.
      groupShortName: scope.stack.slice(0, 12),
      enabled: true,
      emailReceivers: emails.map((emailAddress) => ({
        name: emailAddress,
        emailAddress,
        useCommonAlertSchema: true,
      })),
      tags: tagsOf(scope),
    },
    { parent },
  );
}

interface Watched {
  readonly endpointId: pulumi.Output<string>;
  readonly group: ActionGroup;
  /** What has to be there before its processors can be watched. */
  readonly dependsOn: pulumi.ComponentResourceOptions["dependsOn"];
}

function createMetricAlerts(name: string, args: MonitoringArgs, watched: Watched, parent: pulumi.Resource): void {
  const { endpointId, group, dependsOn } = watched;
  const gpus = vmSize(args.endpoint.instanceType)?.gpus ?? 0;
  const rules = [
    ...Object.entries(endpointAlerts(args)).map(([what, rule]) => ({ what, rule, scope: endpointId })),
    ...Object.keys(args.endpoint.deployments).map((deployment) => ({
      what: `busy-${deployment}`,
      rule: busyAlert(args, gpus),
      scope: pulumi.interpolate`${endpointId}/deployments/${deployment}`,
    })),
  ];
  for (const { what, rule, scope } of rules) {
    const ruleArgs = {
      ...rule,
      resourceGroupName: args.workspace.resourceGroup,
      ruleName: `${args.endpoint.name}-${what}`,
      location: "Global",
      enabled: true,
      scopes: [scope],
      actions: [{ actionGroupId: group.id }],
      tags: tagsOf(args.scope),
    };
    new MetricAlert(`${name}-${what}`, ruleArgs, pulumi.mergeOptions({ parent }, dependsOn ? { dependsOn } : {}));
  }
}

function createLogAlerts(name: string, args: MonitoringArgs, group: ActionGroup, parent: pulumi.Resource): void {
  const { scope, workspace, location, endpoint } = args;
  for (const [what, rule] of Object.entries(logAlerts(endpoint.name, args))) {
    new ScheduledQueryRule(
      `${name}-${what}`,
      {
        ...rule,
        resourceGroupName: workspace.resourceGroup,
        ruleName: `${endpoint.name}-${what}`,
        location,
        kind: "LogAlert",
        enabled: true,
        autoMitigate: true,
        scopes: [workspace.logsId],
        // The table is there once the first request was logged, which may take an hour.
        skipQueryValidation: true,
        actions: { actionGroups: [group.id] },
        tags: tagsOf(scope),
      },
      { parent },
    );
  }
}

function createWorkbook(
  name: string,
  args: MonitoringArgs,
  endpointId: pulumi.Output<string>,
  parent: pulumi.Resource,
) {
  const { scope, workspace, location, endpoint } = args;
  return new Workbook(
    `${name}-workbook`,
    {
      resourceGroupName: workspace.resourceGroup,
      // Azure wants a UUID here.
      resourceName: uuidOf(`workbook/${scope.project}/${scope.stack}`),
      location,
      kind: "shared",
      category: "workbook",
      displayName: `${endpoint.name}: traffic, errors, latency`,
      version: "Notebook/1.0",
      sourceId: endpointId,
      serializedData: pulumi.jsonStringify(endpointId.apply(workbookOf)),
      tags: tagsOf(scope),
    },
    { parent },
  );
}

function createBudget(name: string, args: MonitoringArgs, group: ActionGroup, parent: pulumi.Resource): void {
  new Budget(
    `${name}-budget`,
    {
      scope: args.workspace.workspaceId.apply(groupIdOf),
      budgetName: azureNames(args.scope).budget,
      category: "Cost",
      timeGrain: "Monthly",
      amount: args.monthlyBudget,
      timePeriod: { startDate: monthOf(args.today ?? new Date()) },
      notifications: notificationsOf(args.emails, group.id),
    },
    // A budget starts in the month in which it is made and stays so; Azure fills in its end.
    { parent, ignoreChanges: ["timePeriod"] },
  );
}
