import { type Comparison, type Contrast, compareModels, noChampion } from "../delivery/compare.ts";
import { fetchData, fetchModel, type LocalModel, predict, withTemporaryFolder } from "../delivery/evaluation.ts";
import type { Interval } from "../delivery/statistics.ts";
import {
  type Command,
  type Context,
  type ExitCode,
  integerFlag,
  numberFlag,
  required,
  runCommand,
} from "./support/command.ts";
import { CURRENT_MODEL_FLAGS, currentModel } from "./support/current-model.ts";
import { bucketFolder, EVALUATE_COMMAND, MODEL_PATH } from "./support/flags.ts";

const EXIT: Record<Comparison["verdict"], ExitCode> = {
  better: 0,
  "no champion yet": 0,
  worse: 1,
  "no difference shown": 1,
  "cannot decide": 2,
};

export const command: Command = {
  name: "compare-models",
  summary:
    "Is the new model better than the current one? Runs both on the same test data and compares picture by picture.",
  example:
    "--current-model s3://bucket/models/latest/ --new-model s3://bucket/models/new/ --test-data s3://bucket/data/test/",
  flags: {
    ...CURRENT_MODEL_FLAGS,
    "new-model": { ...MODEL_PATH, help: "model that may replace it" },
    "test-data": { help: "test data, a sub-folder a class; default s3://$DATA_BUCKET/data/test/", value: "PATH" },
    command: EVALUATE_COMMAND,
    alpha: { help: "a difference counts when chance shows it at most this often", value: "0..1", default: "0.05" },
    seed: { help: "of the bootstrap that intervals come from", value: "N", default: "1" },
  },
  async run(context) {
    const alpha = numberFlag(context, "alpha", 0, 1);
    const seed = integerFlag(context, "seed", 0, 2 ** 31 - 1);
    return withTemporaryFolder(async (scratch) => {
      const comparison = await compare(context, { alpha, seed }, scratch);
      const { verdict, is_better } = comparison;
      return {
        exitCode: EXIT[verdict],
        report: comparison,
        text: describe(comparison),
        outputs: { is_better, verdict },
      };
    });
  },
};

type Options = { readonly alpha: number; readonly seed: number };

const bytesOf = ({ manifest }: LocalModel) => manifest.files["model.onnx"].bytes;

/** The answer in a sentence, and a line a figure. */
function describe({ verdict, reason, accuracy, latency_ms: latency, model_size_mb: size }: Comparison): string {
  const change = (value: number, digits: number) => `${value < 0 ? "" : "+"}${value.toFixed(digits)}`;
  const range = ({ low, high }: Interval, digits: number) => `95 %: ${change(low, digits)} to ${change(high, digits)}`;
  const line = (name: string, figure: Contrast, digits: number, note = "") =>
    `- ${name} ${figure.current.toFixed(digits)} → ${figure.new.toFixed(digits)}, ${change(figure.difference, digits)}${note}`;
  return [
    `${verdict}: ${reason}`,
    ...(accuracy ? [line("accuracy", accuracy, 4, ` (${range(accuracy.interval, 4)})`)] : []),
    ...(latency ? [line("milliseconds a picture", latency, 2, ` (${range(latency.interval, 2)})`)] : []),
    ...(size ? [line("model MB", size, 2)] : []),
  ].join("\n");
}

async function compare(context: Context, { alpha, seed }: Options, scratch: string): Promise<Comparison> {
  const bucket = process.env["MODELS_BUCKET"];
  const testData = bucketFolder(context, "test-data", "DATA_BUCKET", "data/test/");
  const candidate = await fetchModel(required(context, "new-model"), bucket, `${scratch}/new`);
  if (context.flags["current-environment"] === undefined) required(context, "current-model");
  const currentPath = await currentModel(context);
  if (currentPath === undefined) return noChampion();
  const current = await fetchModel(currentPath, bucket, `${scratch}/current`);
  const data = await fetchData(testData, `${scratch}/data`, context.say);
  const run = (model: typeof current, name: string) =>
    predict(model, data, required(context, "command"), `${scratch}/${name}-out`, (line) =>
      context.say(`${name}: ${line}`),
    );
  // One after the other: run together they would take time from each other and measure wrong latencies.
  const before = { predictions: await run(current, "current"), bytes: bytesOf(current) };
  const after = { predictions: await run(candidate, "new"), bytes: bytesOf(candidate) };
  return compareModels(before, after, { alpha, seed });
}

if (import.meta.main) await runCommand(command);
