import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Arm } from "../../../../emulator/azure/arm.ts";
import { AzureError } from "../../../../emulator/azure/errors.ts";
import type { Stored } from "../../../../emulator/azure/store.ts";
import { monitoringTypes } from "../../../../emulator/azure/types/monitoring.ts";

const subscription = "/subscriptions/00000000-0000-0000-0000-000000000001";
const group = `${subscription}/resourceGroups/rg`;
const actionGroupId = `${group}/providers/Microsoft.Insights/actionGroups/ag`;
const endpointId = `${group}/providers/Microsoft.MachineLearningServices/workspaces/mlw/onlineEndpoints/plants`;

const stored = (id: string, type: string): Stored => ({
  id,
  name: id.split("/").at(-1) ?? "",
  type,
  fields: {},
  hidden: {},
});
const there = new Map(
  [
    stored(actionGroupId, "Microsoft.Insights/actionGroups"),
    stored(endpointId, "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"),
  ].map((resource) => [resource.id, resource]),
);
const arm = { store: { get: (id: string) => there.get(id) } } as unknown as Arm;

/** What the type makes of a new resource with these properties. */
async function put(type: string, properties: object, name = "one"): Promise<Stored | undefined> {
  const found = monitoringTypes.find((one) => one.type === `Microsoft.${type}`);
  const draft: Stored = { ...stored(`${group}/providers/Microsoft.${type}/${name}`, type), fields: { properties } };
  return found?.complete?.(arm, draft, undefined);
}

/** `status code: message` of the refusal. */
async function refusal(type: string, properties: object, name?: string): Promise<string> {
  try {
    await put(type, properties, name);
  } catch (error) {
    if (error instanceof AzureError) return `${error.status} ${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}

const criterion = {
  criterionType: "StaticThresholdCriterion",
  name: "RequestsPerMinute",
  metricName: "RequestsPerMinute",
  operator: "GreaterThan",
  threshold: 10,
  timeAggregation: "Average",
  dimensions: [{ name: "statusCode", operator: "Include", values: ["500"] }],
};
const metricAlert = {
  severity: 1,
  enabled: true,
  scopes: [endpointId],
  evaluationFrequency: "PT1M",
  windowSize: "PT5M",
  criteria: { "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", allOf: [criterion] },
  actions: [{ actionGroupId }],
};
const queryRule = {
  severity: 1,
  scopes: [endpointId],
  evaluationFrequency: "PT5M",
  windowSize: "PT15M",
  criteria: {
    allOf: [{ query: "T | where A", timeAggregation: "Count", operator: "LessThan", threshold: 1 }],
  },
  actions: { actionGroups: [actionGroupId] },
};
const condition = queryRule.criteria.allOf[0];
const firstOf = (date: Date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)).toISOString();
const budget = {
  category: "Cost",
  amount: 300,
  timeGrain: "Monthly",
  timePeriod: { startDate: firstOf(new Date()) },
  notifications: {
    half: {
      enabled: true,
      operator: "GreaterThanOrEqualTo",
      threshold: 50,
      contactEmails: [],
      contactGroups: [actionGroupId],
    },
  },
};
const half = budget.notifications.half;
const group1 = {
  groupShortName: "staging",
  enabled: true,
  emailReceivers: [{ name: "a", emailAddress: "a@example.org" }],
};
const workbook = { displayName: "W", category: "workbook", serializedData: '{"version":"Notebook/1.0","items":[]}' };
const uuid = "68911900-d02f-80af-814e-3bd2679fc8da";

const CASES: readonly [what: string, type: string, properties: object, answer: string, name?: string][] = [
  ["an action group", "Insights/actionGroups", group1, "accepted"],
  [
    "an action group whose short name is too long",
    "Insights/actionGroups",
    { ...group1, groupShortName: "thirteen-long" },
    "400 InvalidRequestContent: The request content was invalid: properties.groupShortName: at most 12 characters are allowed",
  ],
  [
    "two receivers of one name",
    "Insights/actionGroups",
    { ...group1, emailReceivers: [...group1.emailReceivers, ...group1.emailReceivers] },
    "400 InvalidRequestContent: The request content was invalid: properties.emailReceivers: the name 'a' is given twice",
  ],
  ["a metric alert", "Insights/metricAlerts", metricAlert, "accepted"],
  [
    "an alert on what does not exist",
    "Insights/metricAlerts",
    { ...metricAlert, scopes: [`${endpointId}x`] },
    `404 ResourceNotFound: properties.scopes: the resource '${endpointId}x' does not exist.`,
  ],
  [
    "an alert that tells nobody there is",
    "Insights/metricAlerts",
    { ...metricAlert, actions: [{ actionGroupId: endpointId }] },
    `400 BadRequest: The action group '${endpointId}' does not exist.`,
  ],
  [
    "an alert that is looked at less often than its window",
    "Insights/metricAlerts",
    { ...metricAlert, evaluationFrequency: "PT15M" },
    "400 BadRequest: The evaluation frequency PT15M must not be longer than the window PT5M.",
  ],
  [
    "an alert with a severity that Azure does not have",
    "Insights/metricAlerts",
    { ...metricAlert, severity: 5 },
    "400 InvalidRequestContent: The request content was invalid: properties.severity: Too big: expected number to be <=4",
  ],
  [
    "an alert with an unknown field in its criterion",
    "Insights/metricAlerts",
    { ...metricAlert, criteria: { ...metricAlert.criteria, allOf: [{ ...criterion, treshold: 1 }] } },
    '400 InvalidRequestContent: The request content was invalid: properties.criteria.allOf.0: Unrecognized key: "treshold"',
  ],
  ["a rule on logs", "Insights/scheduledQueryRules", queryRule, "accepted"],
  [
    "a rule that averages nothing",
    "Insights/scheduledQueryRules",
    { ...queryRule, criteria: { allOf: [{ ...condition, timeAggregation: "Average" }] } },
    "400 BadRequest: 'Average' needs metricMeasureColumn; only 'Count' goes without.",
  ],
  [
    "a rule that wants more failing periods than it looks at",
    "Insights/scheduledQueryRules",
    {
      ...queryRule,
      criteria: {
        allOf: [{ ...condition, failingPeriods: { minFailingPeriodsToAlert: 2, numberOfEvaluationPeriods: 1 } }],
      },
    },
    "400 InvalidRequestContent: The request content was invalid: properties.criteria.allOf.0.failingPeriods: minFailingPeriodsToAlert must not be above numberOfEvaluationPeriods",
  ],
  ["a workbook", "Insights/workbooks", workbook, "accepted", uuid],
  [
    "a workbook whose name is no UUID",
    "Insights/workbooks",
    workbook,
    "400 BadRequest: The name 'one' of the workbook must be a UUID.",
  ],
  [
    "a workbook that holds none",
    "Insights/workbooks",
    { ...workbook, serializedData: "{}" },
    "400 BadRequest: properties.serializedData must be JSON with 'version' and a list of 'items'.",
    uuid,
  ],
  ["a budget", "Consumption/budgets", budget, "accepted"],
  [
    "a budget that starts in the middle of a month",
    "Consumption/budgets",
    { ...budget, timePeriod: { startDate: "2126-11-24T00:00:00Z" } },
    "400 BadRequest: The start date of a budget must be the first day of a month.",
  ],
  [
    "a new budget for a month that is over",
    "Consumption/budgets",
    { ...budget, timePeriod: { startDate: "2020-01-01T00:00:00Z" } },
    "400 BadRequest: The start date of a budget must not lie in a month that is over.",
  ],
  [
    "a notification that nobody gets",
    "Consumption/budgets",
    { ...budget, notifications: { half: { ...half, contactGroups: [] } } },
    "400 BadRequest: Notification 'half' needs a contact e-mail or a contact group.",
  ],
  [
    "six notifications",
    "Consumption/budgets",
    { ...budget, notifications: Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [n, half])) },
    "400 BadRequest: A budget has at most five notifications.",
  ],
];

describe("Azure Monitor's and the budget's resources", () => {
  for (const [what, type, properties, answer, name] of CASES) {
    it(`${answer === "accepted" ? "accept" : "refuse"} ${what}`, async () => {
      assert.equal(await refusal(type, properties, name), answer);
    });
  }

  it("let a budget end ten years after it starts, unless it says when", async () => {
    const made = await put("Consumption/budgets", { ...budget, timePeriod: { startDate: "2126-03-01T00:00:00Z" } });
    const properties = (made?.fields["properties"] ?? {}) as { timePeriod?: unknown };
    assert.deepEqual(properties.timePeriod, { startDate: "2126-03-01T00:00:00Z", endDate: "2136-03-01T00:00:00Z" });
  });
});
