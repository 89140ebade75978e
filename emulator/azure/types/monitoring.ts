import { z } from "zod";
import { type Arm, propertiesOf, type ResourceType } from "../arm.ts";
import { durationMs } from "../duration.ts";
import { AzureError, armErrors } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { parseResourceId } from "../resource-id.ts";

const ACTION_GROUPS = "Microsoft.Insights/actionGroups";

const Receivers = z.array(z.looseObject({ name: z.string().min(1) })).max(1000);
const ActionGroup = z.looseObject({
  groupShortName: z.string().min(1).max(12, { error: "at most 12 characters are allowed" }),
  enabled: z.boolean(),
  emailReceivers: z.array(z.looseObject({ name: z.string().min(1), emailAddress: z.email() })).optional(),
  webhookReceivers: Receivers.optional(),
});

/** Who is told. Nobody is: the emulator sends no mail. */
const actionGroups: ResourceType = {
  type: ACTION_GROUPS,
  place: "group",
  located: true,
  complete: (_, draft) => {
    const { emailReceivers = [] } = checked(ActionGroup, propertiesOf(draft), "properties");
    const names = emailReceivers.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      throw armErrors.invalidContent(`properties.emailReceivers: the name '${twice}' is given twice`);
    return draft;
  },
};

const windows = ["PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"] as const;
const Severity = z.int().min(0).max(4);
const Dimension = z.strictObject({
  name: z.string().min(1),
  operator: z.enum(["Include", "Exclude", "StartsWith"]),
  values: z.array(z.string()).min(1),
});

const MetricCriterion = z.strictObject({
  criterionType: z.literal("StaticThresholdCriterion", {
    error: "the emulator offers 'StaticThresholdCriterion' only",
  }),
  name: z.string().min(1),
  metricName: z.string().min(1),
  metricNamespace: z.string().optional(),
  operator: z.enum(["Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"]),
  threshold: z.number(),
  timeAggregation: z.enum(["Average", "Count", "Minimum", "Maximum", "Total"]),
  dimensions: z.array(Dimension).optional(),
  skipMetricValidation: z.boolean().optional(),
});

const MetricAlert = z.looseObject({
  severity: Severity,
  enabled: z.boolean(),
  scopes: z.array(z.string()).length(1, { error: "the emulator offers rules on one resource only" }),
  evaluationFrequency: z.enum(["PT1M", "PT5M", "PT15M", "PT30M", "PT1H"]),
  windowSize: z.enum(windows),
  criteria: z.strictObject({
    "odata.type": z.literal("Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", {
      error: "the emulator offers 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria' only",
    }),
    allOf: z.array(MetricCriterion).min(1).max(5),
  }),
  actions: z
    .array(z.looseObject({ actionGroupId: z.string() }))
    .max(5)
    .optional(),
});

/** Rules on metrics. They are checked and kept; the emulator does not judge them. */
const metricAlerts: ResourceType = {
  type: "Microsoft.Insights/metricAlerts",
  place: "group",
  located: true,
  complete: (arm, draft) => {
    const rule = checked(MetricAlert, propertiesOf(draft), "properties");
    if ((durationMs(rule.evaluationFrequency) ?? 0) > (durationMs(rule.windowSize) ?? 0)) {
      throw badRequest(
        `The evaluation frequency ${rule.evaluationFrequency} must not be longer than the window ${rule.windowSize}.`,
      );
    }
    checkExist(arm, "properties.scopes", rule.scopes);
    checkActionGroups(
      arm,
      (rule.actions ?? []).map(({ actionGroupId }) => actionGroupId),
    );
    return draft;
  },
};

const queryWindows = ["PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT60M", "PT1H", "PT120M", "PT2H"];
const longQueryWindows = [
  "PT180M",
  "PT3H",
  "PT240M",
  "PT4H",
  "PT300M",
  "PT5H",
  "PT360M",
  "PT6H",
  "PT1440M",
  "P1D",
  "PT2880M",
  "P2D",
];
const QueryWindow = z.enum([...queryWindows, ...longQueryWindows]);

const QueryCondition = z.strictObject({
  query: z.string().min(1),
  timeAggregation: z.enum(["Count", "Average", "Minimum", "Maximum", "Total"]),
  metricMeasureColumn: z.string().optional(),
  resourceIdColumn: z.string().optional(),
  dimensions: z.array(Dimension).optional(),
  operator: z.enum(["Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"]),
  threshold: z.number(),
  failingPeriods: z
    .strictObject({ minFailingPeriodsToAlert: z.int().min(1).max(6), numberOfEvaluationPeriods: z.int().min(1).max(6) })
    .refine(({ minFailingPeriodsToAlert: fewest, numberOfEvaluationPeriods: all }) => fewest <= all, {
      error: "minFailingPeriodsToAlert must not be above numberOfEvaluationPeriods",
    })
    .optional(),
});

const QueryRule = z.looseObject({
  severity: Severity,
  enabled: z.boolean().optional(),
  scopes: z.array(z.string()).min(1),
  evaluationFrequency: z.enum(["PT1M", ...queryWindows, "PT3H", "PT4H", "PT5H", "PT6H", "P1D"]),
  windowSize: QueryWindow,
  criteria: z.strictObject({ allOf: z.array(QueryCondition).length(1) }),
  actions: z.looseObject({ actionGroups: z.array(z.string()).max(5).optional() }).optional(),
});

/** Rules on logs. They are checked and kept; the emulator keeps no logs to query. */
const scheduledQueryRules: ResourceType = {
  type: "Microsoft.Insights/scheduledQueryRules",
  place: "group",
  located: true,
  complete: (arm, draft) => {
    const rule = checked(QueryRule, propertiesOf(draft), "properties");
    const [condition] = rule.criteria.allOf;
    if (
      condition !== undefined &&
      condition.timeAggregation !== "Count" &&
      condition.metricMeasureColumn === undefined
    ) {
      throw badRequest(`'${condition.timeAggregation}' needs metricMeasureColumn; only 'Count' goes without.`);
    }
    checkExist(arm, "properties.scopes", rule.scopes);
    checkActionGroups(arm, rule.actions?.actionGroups ?? []);
    return draft;
  },
};

const Workbook = z.looseObject({
  displayName: z.string().min(1),
  category: z.string().min(1),
  serializedData: z.string(),
  sourceId: z.string().optional(),
});

const workbooks: ResourceType = {
  type: "Microsoft.Insights/workbooks",
  place: "group",
  located: true,
  complete: (_, draft) => {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(draft.name)) {
      throw badRequest(`The name '${draft.name}' of the workbook must be a UUID.`);
    }
    const { serializedData } = checked(Workbook, propertiesOf(draft), "properties");
    if (!isWorkbook(serializedData)) {
      throw badRequest("properties.serializedData must be JSON with 'version' and a list of 'items'.");
    }
    return draft;
  },
};

const Notification = z.strictObject({
  enabled: z.boolean(),
  operator: z.enum(["EqualTo", "GreaterThan", "GreaterThanOrEqualTo"]),
  threshold: z.number().min(0).max(1000),
  thresholdType: z.enum(["Actual", "Forecasted"]).default("Actual"),
  contactEmails: z.array(z.email()).max(50),
  contactGroups: z.array(z.string()).optional(),
  contactRoles: z.array(z.string()).optional(),
  locale: z.string().optional(),
});

const Budget = z.looseObject({
  category: z.literal("Cost"),
  amount: z.number().positive(),
  timeGrain: z.enum(["Monthly", "Quarterly", "Annually"]),
  timePeriod: z.strictObject({ startDate: z.iso.datetime(), endDate: z.iso.datetime().optional() }),
  notifications: z.record(z.string(), Notification).optional(),
});

/** What may be spent. The emulator spends nothing. */
const budgets: ResourceType = {
  type: "Microsoft.Consumption/budgets",
  place: "extension",
  complete: (arm, draft, previous) => {
    const budget = checked(Budget, propertiesOf(draft), "properties");
    const notifications = Object.entries(budget.notifications ?? {});
    if (notifications.length > 5) throw badRequest("A budget has at most five notifications.");
    for (const [name, { contactEmails, contactGroups = [] }] of notifications) {
      if (contactEmails.length + contactGroups.length === 0) {
        throw badRequest(`Notification '${name}' needs a contact e-mail or a contact group.`);
      }
      checkActionGroups(arm, contactGroups);
    }
    const start = new Date(budget.timePeriod.startDate);
    if (start.getUTCDate() !== 1) throw badRequest("The start date of a budget must be the first day of a month.");
    if (previous === undefined && isEarlierMonth(start, new Date())) {
      throw badRequest("The start date of a budget must not lie in a month that is over.");
    }
    // Ten years, as in Azure, where the program names no end.
    const end = new Date(Date.UTC(start.getUTCFullYear() + 10, start.getUTCMonth(), 1));
    const timePeriod = { endDate: end.toISOString().replace(".000Z", "Z"), ...budget.timePeriod };
    const currentSpend = { amount: 0, unit: "USD" };
    return { ...draft, fields: { ...draft.fields, properties: { ...budget, timePeriod, currentSpend } } };
  },
};

/** Alerts, who they tell, and what is spent. */
export const monitoringTypes: readonly ResourceType[] = [
  actionGroups,
  metricAlerts,
  scheduledQueryRules,
  workbooks,
  budgets,
];

function checkActionGroups(arm: Arm, ids: readonly string[]): void {
  for (const id of ids) {
    if (arm.store.get(id)?.type === ACTION_GROUPS) continue;
    throw badRequest(`The action group '${id}' does not exist.`);
  }
}

function checkExist(arm: Arm, where: string, ids: readonly string[]): void {
  for (const id of ids) {
    if (parseResourceId(id) === undefined) throw badRequest(`${where}: '${id}' is no id of a resource.`);
    if (arm.store.get(id) === undefined) {
      throw new AzureError(404, "ResourceNotFound", `${where}: the resource '${id}' does not exist.`);
    }
  }
}

function isWorkbook(text: string): boolean {
  try {
    const { version, items } = JSON.parse(text) as { version?: unknown; items?: unknown };
    return typeof version === "string" && Array.isArray(items);
  } catch {
    return false;
  }
}

function isEarlierMonth(date: Date, now: Date): boolean {
  return date.getUTCFullYear() * 12 + date.getUTCMonth() < now.getUTCFullYear() * 12 + now.getUTCMonth();
}

function badRequest(message: string): AzureError {
  return new AzureError(400, "BadRequest", message);
}
