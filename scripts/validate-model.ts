import { readCandidate, requireSignature } from "../delivery/candidate.ts";
import { fetchModel, withTemporaryFolder } from "../delivery/evaluation.ts";
import { inspectModel } from "../delivery/gate/inspect.ts";
import { type GateVerdict, verdictOf } from "../delivery/gate/reason.ts";
import { judge } from "../delivery/gate.ts";
import { type Command, type ExitCode, required, runCommand } from "./support/command.ts";
import { MODEL_PATH, SERVE_COMMAND } from "./support/flags.ts";
import { GATE_FLAGS, gateLimits, PUBLIC_KEY, signingRule } from "./support/gate-flags.ts";

const EXIT: Record<GateVerdict["verdict"], ExitCode> = { pass: 0, fail: 1, "cannot decide": 2 };

export const command: Command = {
  name: "validate-model",
  summary:
    "The gate: may this model be delivered? Checks its files against the manifest, its metrics against limits, and that it does what its manifest and its golden samples say.",
  example: "--model-path s3://bucket/models/latest/ --min-accuracy 0.85 --max-latency 100",
  flags: { "model-path": MODEL_PATH, ...GATE_FLAGS, "public-key": PUBLIC_KEY, "serve-command": SERVE_COMMAND },
  async run(context) {
    const limits = gateLimits(context);
    const candidate = await readCandidate(required(context, "model-path"), process.env["MODELS_BUCKET"]);
    requireSignature(candidate, await signingRule(context));
    const judged = judge(candidate, limits);
    // A model that its figures refuse already is neither fetched nor loaded.
    const inspected = judged.verdict === "pass" ? await inspect(candidate.path, limits, context) : [];
    const { verdict, reasons } = verdictOf([...judged.reasons, ...inspected]);
    const { version } = candidate.manifest;
    const text = [`${verdict}: model ${version}`, ...reasons.map((r) => `- ${r.verdict}: ${r.message}`)].join("\n");
    return {
      exitCode: EXIT[verdict],
      report: { verdict, version, limits, reasons },
      text,
      outputs: { verdict, version },
    };
  },
};

function inspect(path: string, limits: ReturnType<typeof gateLimits>, context: Parameters<Command["run"]>[0]) {
  return withTemporaryFolder(async (scratch) => {
    const model = await fetchModel(path, undefined, scratch);
    return inspectModel(model, limits, required(context, "serve-command"));
  });
}

if (import.meta.main) await runCommand(command);
