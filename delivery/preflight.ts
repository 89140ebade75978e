import { checkPackages } from "./admission.ts";
import type { ArmOptions } from "./azure.ts";
import { type EstimateSummary, summarize } from "./estimate/compare.ts";
import { estimate, type Plan } from "./estimate/estimate.ts";
import type { GateLimits } from "./gate.ts";
import { askAzure, type Place } from "./preflight/ask.ts";
import { type Findings, together } from "./preflight/findings.ts";
import { retirementWarning } from "./retirement.ts";
import type { SigningRule } from "./signing.ts";

/** What is about to be made, as the config says it. */
export type Intent = Plan & {
  readonly endpoint: {
    readonly name: string;
    readonly deployments: Readonly<Record<string, { readonly model: string; readonly instances: number }>>;
  };
  readonly gate: GateLimits;
  readonly signing: SigningRule;
  readonly monitoring: { readonly emails: readonly string[]; readonly monthlyBudget: number };
  /** Names that follow from project and stack. */
  readonly names: Place["names"];
};

/**
 * Checks, before anything is created, what would otherwise stop an update half-way or surprise somebody later: models
 * without a pass, quota, names that are taken, sizes that Azure retires, a budget that cannot hold. Everything is asked
 * at once.
 *
 * @param options how Azure is reached; tests replace it
 */
export async function preflight(intent: Intent, options: ArmOptions = {}): Promise<Findings> {
  const [models, azure] = await Promise.all([
    checkPackages(intent.endpoint.deployments, intent.gate, intent.signing),
    askAboutPlace(intent, options),
  ]);
  return together([{ refusals: models, warnings: [] }, azure, checkSizes(intent), checkWatching(intent)]);
}

/** The part of the estimate that the stack keeps as its output, for `estimate --deployed` to compare with. */
export function estimateOf(plan: Plan): EstimateSummary {
  return summarize(estimate(plan));
}

async function askAboutPlace(intent: Intent, options: ArmOptions): Promise<Findings> {
  const subscription = process.env["ARM_SUBSCRIPTION_ID"];
  if (!subscription) {
    const warning = "quota and names were not checked: set ARM_SUBSCRIPTION_ID to the subscription, as CI does";
    return { refusals: [], warnings: [warning] };
  }
  const { location, names } = intent;
  return askAzure({ subscription, location, names, endpointName: intent.endpoint.name }, intent, options);
}

function checkSizes({ cluster, endpoint }: Intent): Findings {
  const own = Object.entries(endpoint.deployments).flatMap(([name, { instanceType }]): [string, string][] =>
    instanceType === undefined ? [] : [[`ml-delivery:endpoint.deployments.${name}.instanceType`, instanceType]],
  );
  const sizes: [string, string][] = [
    ["ml-delivery:cluster.vmSize", cluster.vmSize],
    ["ml-delivery:endpoint.instanceType", endpoint.instanceType],
    ...own,
  ];
  return { refusals: [], warnings: sizes.flatMap(([key, size]) => retirementWarning(key, size) ?? []) };
}

function checkWatching(intent: Intent): Findings {
  const { emails, monthlyBudget } = intent.monitoring;
  const warnings: string[] = [];
  if (emails.length === 0)
    warnings.push("ml-delivery:monitoring.emails is empty: alerts are raised, and nobody is told");
  const { fixed, currency } = estimate(intent);
  if (fixed > monthlyBudget) {
    warnings.push(
      `what is always paid comes to about ${fixed.toFixed(2)} ${currency} a month, more than ` +
        `ml-delivery:monitoring.monthlyBudget, ${monthlyBudget}: every month will set its alerts off`,
    );
  }
  return { refusals: [], warnings };
}
