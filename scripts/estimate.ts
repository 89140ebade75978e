import { type Comparison, compareEstimates, type EstimateSummary, summarize } from "../delivery/estimate/compare.ts";
import { estimate } from "../delivery/estimate/estimate.ts";
import { readPlan } from "../delivery/estimate/plan.ts";
import { comparisonTable, estimateTable } from "../delivery/estimate/table.ts";
import { stackOutputs } from "../delivery/stack.ts";
import { type Command, type Context, numberFlag, required, runCommand } from "./support/command.ts";

const amount = (help: string) => ({ help: `${help}; not added up if absent`, value: "N" });

export const command: Command = {
  name: "estimate",
  summary: "Estimates what a stack costs a month, from its config and the prices in delivery/estimate/prices.ts.",
  example: "--stack production --node-hours 40 --deployed",
  flags: {
    stack: { help: "stack to price: Pulumi.<stack>.yaml in the current folder", value: "NAME", required: true },
    deployed: { help: "compare with the estimate that the stack's last update left as its output" },
    "node-hours": amount("hours a month that nodes of the cluster work, together"),
    "log-gb": amount("gigabytes of logs a month"),
    "data-gb": amount("gigabytes kept in the buckets"),
  },
  async run(context) {
    const stack = required(context, "stack");
    const usage = {
      nodeHours: assumed(context, "node-hours"),
      logGb: assumed(context, "log-gb"),
      dataGb: assumed(context, "data-gb"),
    };
    const found = estimate(await readPlan(stack, process.cwd()), usage);
    const comparison = context.flags["deployed"] === undefined ? undefined : await against(stack, summarize(found));
    return {
      exitCode: 0,
      report: { stack, ...found, ...(comparison === undefined ? {} : { comparison }) },
      text: [estimateTable(stack, found), ...(comparison === undefined ? [] : [comparisonTable(comparison)])].join(
        "\n\n",
      ),
      outputs: { fixed: found.fixed, ...(comparison === undefined ? {} : { difference: comparison.difference }) },
    };
  },
};

async function against(stack: string, now: EstimateSummary): Promise<Comparison> {
  const { monthlyEstimate } = await stackOutputs({ name: stack });
  return compareEstimates(monthlyEstimate as EstimateSummary | undefined, now);
}

function assumed(context: Context, flag: string): number | undefined {
  return context.flags[flag] === undefined ? undefined : numberFlag(context, flag, 0, 1e9);
}

if (import.meta.main) await runCommand(command);
