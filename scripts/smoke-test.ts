import { probeDeployment } from "../delivery/probe.ts";
import { authorize } from "../delivery/scoring.ts";
import { type Command, numberFlag, required, runCommand } from "./support/command.ts";
import { SCORING_FLAGS } from "./support/flags.ts";

export const command: Command = {
  name: "smoke-test",
  summary: "Asks one deployment about a picture, whatever its traffic, and checks the answer.",
  example: "--endpoint-url https://name.region.inference.ml.azure.com/predict --deployment m-3f2a9c01",
  flags: {
    ...SCORING_FLAGS,
    deployment: { help: "deployment to ask", value: "NAME", required: true },
    timeout: { help: "seconds to go on trying while a new deployment warms up", value: "S", default: "30" },
  },
  async run(context) {
    const deployment = required(context, "deployment");
    const report = await probeDeployment(
      required(context, "endpoint-url"),
      deployment,
      authorize(process.env[required(context, "api-key-env")]),
      { timeoutMs: numberFlag(context, "timeout", 0, 600) * 1000, say: context.say },
    );
    const passed = report.verdict === "pass";
    const text = passed ? `pass: ${deployment} answers` : `fail: ${deployment}: ${report.problems.join("; ")}`;
    return { exitCode: passed ? 0 : 1, report, text };
  },
};

if (import.meta.main) await runCommand(command);
