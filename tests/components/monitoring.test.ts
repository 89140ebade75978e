import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FAILURE_STATUSES } from "../../components/monitoring/alerts.ts";
import { Monitoring, type MonitoringArgs } from "../../components/monitoring.ts";
import { isFailure } from "../../delivery/scoring.ts";
import { scope, tags, workspace } from "./fixtures.ts";
import { only, type Registered, record, subscription, tree } from "./mocks.ts";

const group = `/subscriptions/${subscription}/resourceGroups/rg`;
const endpointId = `${group}/workspaces/mlw/onlineEndpoints/plants`;
const actionGroup = `${group}/mock/monitoring-group`;

const build = (changes: Partial<MonitoringArgs> = {}) =>
  record(
    () =>
      new Monitoring("monitoring", {
        scope,
        workspace: workspace(),
        location: "eastus",
        endpoint: { name: "plants", deployments: { "m-3f2a9c01": {} }, instanceType: "Standard_D4as_v4" },
        emails: ["on-call@example.org"],
        monthlyBudget: 300,
        maxFailuresPerMinute: 10,
        maxFailureShare: 0.05,
        maxLatencyMs: 800,
        maxBusyPercent: 85,
        today: new Date("2026-11-24T12:00:00Z"),
        ...changes,
      }),
  );

const shared = { resourceGroupName: "rg", enabled: true, tags };

function metricAlert(what: string, scopeId: string, rule: object, criterion: object) {
  return {
    ...shared,
    ...rule,
    ruleName: `plants-${what}`,
    location: "Global",
    scopes: [scopeId],
    actions: [{ actionGroupId: actionGroup }],
    criteria: {
      odataType: "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
      allOf: [
        {
          criterionType: "StaticThresholdCriterion",
          operator: "GreaterThan",
          timeAggregation: "Average",
          ...criterion,
        },
      ],
    },
  };
}

const ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints";
const include = (name: string, ...values: string[]) => ({ name, operator: "Include", values });
const minute = { evaluationFrequency: "PT1M", windowSize: "PT5M" };

describe("Monitoring", () => {
  it("makes alerts, a workbook and a budget that tell one group, and nothing else", async () => {
    assert.deepEqual(tree(await build()), [
      ["ml-delivery:monitoring:Monitoring", "monitoring"],
      ["azure-native:consumption:Budget", "monitoring-budget"],
      ["azure-native:monitor:MetricAlert", "monitoring-busy-m-3f2a9c01"],
      ["azure-native:monitor:MetricAlert", "monitoring-connections"],
      ["azure-native:monitor:ScheduledQueryRule", "monitoring-failure-share"],
      ["azure-native:monitor:MetricAlert", "monitoring-failures"],
      ["azure-native:monitor:ActionGroup", "monitoring-group"],
      ["azure-native:monitor:MetricAlert", "monitoring-latency"],
      ["azure-native:applicationinsights:Workbook", "monitoring-workbook"],
    ]);
  });

  it("tells the addresses of the config by mail", async () => {
    assert.deepEqual(only(await build(), "monitoring-group").inputs, {
      ...shared,
      actionGroupName: "ag-plants-staging",
      location: "Global",
      groupShortName: "staging",
      emailReceivers: [
        { name: "on-call@example.org", emailAddress: "on-call@example.org", useCommonAlertSchema: true },
      ],
    });
  });

  it("alerts on failures of the service, each status of each deployment on its own, and on no other 4xx", async () => {
    assert.deepEqual(
      only(await build(), "monitoring-failures").inputs,
      metricAlert(
        "failures",
        endpointId,
        {
          ...minute,
          severity: 1,
          description: "More than 10 requests a minute fail with one status (408, 424, 429, 500, 502, 503, 504).",
        },
        {
          name: "RequestsPerMinute",
          metricName: "RequestsPerMinute",
          metricNamespace: ENDPOINTS,
          threshold: 10,
          dimensions: [
            include("deployment", "*"),
            include("statusCode", "408", "424", "429", "500", "502", "503", "504"),
          ],
        },
      ),
    );
  });

  it("alerts on the latency of each deployment", async () => {
    assert.deepEqual(
      only(await build(), "monitoring-latency").inputs,
      metricAlert(
        "latency",
        endpointId,
        { ...minute, severity: 2, description: "One request in twenty takes longer than 800 ms." },
        {
          name: "RequestLatency_P95",
          metricName: "RequestLatency_P95",
          metricNamespace: ENDPOINTS,
          threshold: 800,
          dimensions: [include("deployment", "*")],
        },
      ),
    );
  });

  it("alerts before Azure's limit of connections is reached", async () => {
    assert.deepEqual(
      only(await build(), "monitoring-connections").inputs,
      metricAlert(
        "connections",
        endpointId,
        { ...minute, severity: 2, description: "More than 400 connections are open; Azure allows an endpoint 500." },
        {
          name: "ConnectionsActive",
          metricName: "ConnectionsActive",
          metricNamespace: ENDPOINTS,
          threshold: 400,
          dimensions: [],
        },
      ),
    );
  });

  const busy = (metric: string, description: string) =>
    metricAlert(
      "busy-m-3f2a9c01",
      `${endpointId}/deployments/m-3f2a9c01`,
      { evaluationFrequency: "PT5M", windowSize: "PT15M", severity: 2, description },
      {
        name: metric,
        metricName: metric,
        metricNamespace: `${ENDPOINTS}/deployments`,
        threshold: 85,
        dimensions: [],
      },
    );

  it("watches the processors of each deployment", async () => {
    assert.deepEqual(
      only(await build(), "monitoring-busy-m-3f2a9c01").inputs,
      busy("CpuUtilizationPercentage", "The processors are busier than 85 %: more instances are needed."),
    );
  });

  it("watches GPUs where they do the work", async () => {
    const endpoint = { name: "plants", deployments: { "m-3f2a9c01": {} }, instanceType: "Standard_NC4as_T4_v3" };
    assert.deepEqual(
      only(await build({ endpoint }), "monitoring-busy-m-3f2a9c01").inputs,
      busy("GpuUtilizationPercentage", "The GPUs are busier than 85 %: more instances are needed."),
    );
  });

  it("watches no processors where nothing is deployed", async () => {
    const endpoint = { name: "plants", deployments: {}, instanceType: "Standard_D4as_v4" };
    const names = (await build({ endpoint })).map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => name.includes("busy")),
      [],
    );
  });

  const logRule = (what: string, rule: object, condition: object) => ({
    ...shared,
    ...rule,
    ruleName: `plants-${what}`,
    location: "eastus",
    kind: "LogAlert",
    autoMitigate: true,
    skipQueryValidation: true,
    scopes: ["logs"],
    actions: { actionGroups: [actionGroup] },
    criteria: {
      allOf: [{ ...condition, failingPeriods: { minFailingPeriodsToAlert: 1, numberOfEvaluationPeriods: 1 } }],
    },
  });

  it("alerts on the share that fails by a query, as no metric alert divides", async () => {
    assert.deepEqual(
      only(await build(), "monitoring-failure-share").inputs,
      logRule(
        "failure-share",
        {
          severity: 1,
          evaluationFrequency: "PT5M",
          windowSize: "PT15M",
          description: "More than 5 % of a deployment's requests fail.",
        },
        {
          query:
            'AmlOnlineEndpointTrafficLog | where EndpointName == "plants" | summarize Requests = count(), ' +
            "Failed = countif(ResponseCode >= 500 or ResponseCode in (408, 424, 429)) by DeploymentName | " +
            "where Requests >= 20 | extend Share = todouble(Failed) / Requests",
          metricMeasureColumn: "Share",
          timeAggregation: "Maximum",
          operator: "GreaterThan",
          threshold: 0.05,
          dimensions: [include("DeploymentName", "*")],
        },
      ),
    );
  });

  it("alerts on silence where the config says how long is too long", async () => {
    assert.deepEqual(
      only(await build({ silentMinutes: 60 }), "monitoring-silence").inputs,
      logRule(
        "silence",
        {
          severity: 2,
          evaluationFrequency: "PT15M",
          windowSize: "PT60M",
          description: "Not one request in 60 minutes.",
        },
        {
          query: 'AmlOnlineEndpointTrafficLog | where EndpointName == "plants"',
          timeAggregation: "Count",
          operator: "LessThan",
          threshold: 1,
        },
      ),
    );
  });

  it("tells at 50, 80 and 100 % of the budget, and when the month is going to exceed it", async () => {
    const told = {
      enabled: true,
      operator: "GreaterThanOrEqualTo",
      contactEmails: ["on-call@example.org"],
      contactGroups: [actionGroup],
    };
    assert.deepEqual(only(await build(), "monitoring-budget").inputs, {
      scope: group,
      budgetName: "budget-plants-staging",
      category: "Cost",
      timeGrain: "Monthly",
      amount: 300,
      timePeriod: { startDate: "2026-11-01T00:00:00Z" },
      notifications: {
        "spent-50": { ...told, threshold: 50, thresholdType: "Actual" },
        "spent-80": { ...told, threshold: 80, thresholdType: "Actual" },
        "spent-100": { ...told, threshold: 100, thresholdType: "Actual" },
        "forecast-100": { ...told, threshold: 100, thresholdType: "Forecasted" },
      },
    });
  });
});

it("alerts on the statuses that a canary is judged by", () => {
  const watched = [400, 401, 404, 408, 413, 415, 422, 424, 429, 500, 502, 503, 504].filter((status) =>
    isFailure({ status, modelStatus: undefined }),
  );
  assert.deepEqual(FAILURE_STATUSES.map(Number), watched);
});

describe("the workbook", () => {
  /** Title to the metrics of a chart and what it is split by. */
  const charts = ({ inputs }: Registered) =>
    JSON.parse(inputs.serializedData).items.flatMap(
      // biome-ignore lint/suspicious/noExplicitAny: a workbook's own form
      ({ content }: any) => (content.metrics ?? []).map((one: any) => [content.title, one.metric, one.splitBy[0]]),
    );
  const metric = (name: string) => `microsoft.machinelearningservices/workspaces/onlineendpoints--${name}`;

  it("shows traffic, errors and latency of the endpoint", async () => {
    const workbook = only(await build(), "monitoring-workbook");
    const { serializedData, ...rest } = workbook.inputs;
    assert.deepEqual(rest, {
      resourceGroupName: "rg",
      tags,
      resourceName: "68911900-d02f-80af-814e-3bd2679fc8da",
      location: "eastus",
      kind: "shared",
      category: "workbook",
      displayName: "plants: traffic, errors, latency",
      version: "Notebook/1.0",
      sourceId: endpointId,
    });
    assert.deepEqual(charts(workbook), [
      ["Traffic: requests a minute, by deployment", metric("RequestsPerMinute"), "deployment"],
      ["Errors of the service, by status", metric("RequestsPerMinute"), "statusCode"],
      ["All answers, by class of status", metric("RequestsPerMinute"), "statusCodeClass"],
      ["Latency P50 in ms, by deployment", metric("RequestLatency_P50"), "deployment"],
      ["Latency P95 in ms, by deployment", metric("RequestLatency_P95"), "deployment"],
      ["Latency P99 in ms, by deployment", metric("RequestLatency_P99"), "deployment"],
    ]);
    for (const { content } of JSON.parse(serializedData).items.slice(1)) {
      assert.deepEqual(content.resourceIds, [endpointId]);
    }
  });
});
