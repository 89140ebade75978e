import type { BudgetArgs } from "@pulumi/azure-native/consumption/budget.js";
import type * as pulumi from "@pulumi/pulumi";

/** Percent of the budget at which somebody is told; what the month will have cost is foretold at the last of them. */
const STEPS = [50, 80, 100] as const;

/** The first day of the month of `now`, as Azure wants the start of a budget. */
export function monthOf(now: Date): string {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)).toISOString().replace(".000Z", "Z");
}

/** Who is told at how much: at each step of what was spent, and when the month is about to end above the budget. */
export function notificationsOf(
  emails: readonly string[],
  actionGroup: pulumi.Input<string>,
): NonNullable<BudgetArgs["notifications"]> {
  const notification = (threshold: number, thresholdType: "Actual" | "Forecasted") => ({
    enabled: true,
    operator: "GreaterThanOrEqualTo",
    threshold,
    thresholdType,
    contactEmails: [...emails],
    contactGroups: [actionGroup],
  });
  return {
    ...Object.fromEntries(STEPS.map((percent) => [`spent-${percent}`, notification(percent, "Actual")])),
    "forecast-100": notification(100, "Forecasted"),
  };
}
