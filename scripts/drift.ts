import { driftTable, findDrift, trafficDrift } from "../delivery/drift.ts";
import { type Command, required, runCommand } from "./support/command.ts";
import { ENVIRONMENT } from "./support/flags.ts";

export const command: Command = {
  name: "drift",
  summary:
    "Shows what somebody changed in the clouds since the last update. Changes nothing. 1: something was changed.",
  example: "--environment production",
  flags: { environment: ENVIRONMENT },
  async run(context) {
    const environment = required(context, "environment");
    const drifts = await findDrift(environment, process.cwd());
    const traffic = trafficDrift(drifts);
    const report = { environment, drifted: drifts.length > 0, traffic: traffic ?? null, drifts };
    if (drifts.length === 0) {
      return { exitCode: 0, report, text: `${environment} is as the last update left it`, outputs: { drifted: false } };
    }
    const remedy =
      `To go back to what the stack file says: \`pulumi refresh --stack ${environment}\`, then \`pulumi up --stack ${environment}\`. ` +
      "To keep it: write it into the stack file first.";
    const text = [...(traffic ? [`${environment}: ${traffic}`] : []), driftTable(drifts), remedy].join("\n\n");
    return { exitCode: 1, report, text, outputs: { drifted: true } };
  },
};

if (import.meta.main) await runCommand(command);
