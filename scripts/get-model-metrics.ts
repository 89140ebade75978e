import { readCandidate } from "../delivery/candidate.ts";
import { inputError } from "../delivery/errors.ts";
import { parseJson } from "../delivery/json.ts";
import { type Command, required, runCommand } from "./support/command.ts";
import { MODEL_PATH } from "./support/flags.ts";

export const command: Command = {
  name: "get-model-metrics",
  summary: "Prints one figure of a model, for scripts; with --json, all of them.",
  example: "--model-path s3://bucket/models/latest/ --metric accuracy",
  flags: {
    "model-path": MODEL_PATH,
    metric: {
      help: "figure to print; a dot goes into a group, as in latency_ms.p99",
      value: "NAME",
      default: "accuracy",
    },
  },
  async run(context) {
    const { manifest, metrics, path } = await readCandidate(
      required(context, "model-path"),
      process.env["MODELS_BUCKET"],
    );
    if (metrics === undefined) throw inputError(`model \`${path}\` has no \`metrics.json\`; run evaluate`);
    const parsed = parseJson(metrics, `\`${path}metrics.json\``);
    const foreign = (parsed as { model_sha256?: unknown } | null)?.model_sha256 !== manifest.files["model.onnx"].sha256;
    if (foreign) throw inputError(`\`${path}metrics.json\` was measured on another model; run evaluate on this one`);
    const name = required(context, "metric");
    const value = name.split(".").reduce<unknown>((at, key) => {
      return typeof at === "object" && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined;
    }, parsed);
    if (typeof value !== "number" || !Number.isFinite(value)) {
      const known = Object.entries(parsed as object).filter(([, v]) => typeof v === "number");
      throw inputError(`\`${name}\` is no figure of this model; there are ${known.map(([key]) => key).join(", ")}`);
    }
    const report = { version: manifest.version, ...(parsed as object) };
    return { exitCode: 0, report, text: String(value), outputs: { value, version: manifest.version } };
  },
};

if (import.meta.main) await runCommand(command);
