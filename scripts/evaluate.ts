import { writeFile } from "node:fs/promises";
import { DeliveryError, inputError } from "../delivery/errors.ts";
import { fetchData, fetchModel, type LocalModel, predict, withTemporaryFolder } from "../delivery/evaluation.ts";
import { inspectFile, limitsOf } from "../delivery/gate/inspect.ts";
import { DEFAULT_LIMITS } from "../delivery/gate/limits.ts";
import { serveGolden } from "../delivery/gate/serve-golden.ts";
import { currentCommit } from "../delivery/git.ts";
import { readSliceTable, type SliceTable } from "../delivery/metrics/slices.ts";
import { computeMetrics, type Metrics, parseMetrics } from "../delivery/metrics.ts";
import { openFile, openFolder, pathOf } from "../delivery/objects.ts";
import { type Command, type Context, required, runCommand } from "./support/command.ts";
import { bucketFolder, EVALUATE_COMMAND, MODEL_PATH, SERVE_COMMAND } from "./support/flags.ts";

export const command: Command = {
  name: "evaluate",
  summary: "Measures a model on test data and writes metrics.json beside it, once.",
  example: "--model-path s3://bucket/models/latest/ --test-data s3://bucket/data/test/",
  flags: {
    "model-path": MODEL_PATH,
    "test-data": { help: "test data, a sub-folder a class; default s3://$DATA_BUCKET/data/test/", value: "PATH" },
    command: EVALUATE_COMMAND,
    "serve-command": SERVE_COMMAND,
    "slice-by": { help: "columns of the slice table to make slices by, separated by commas", value: "COLUMNS" },
    "slice-table": { help: "CSV table with a column path; default labels.csv of the test data", value: "FILE" },
    "output-path": { help: "write the metrics to this local file and not beside the model", value: "FILE" },
  },
  async run(context) {
    const testData = bucketFolder(context, "test-data", "DATA_BUCKET", "data/test/");
    const output = context.flags["output-path"];
    return withTemporaryFolder(async (scratch) => {
      const model = await fetchModel(required(context, "model-path"), process.env["MODELS_BUCKET"], `${scratch}/model`);
      const file = await inspectFile(`${model.folder}/model.onnx`, DEFAULT_LIMITS);
      if (file.verdict !== "pass") throw inputError(file.message);
      const data = await fetchData(testData, `${scratch}/data`, context.say);
      const kept = output === undefined ? readKept(model.metrics, model.path) : undefined;
      if (kept !== undefined) {
        const same = kept.test_data_sha256 === data.fingerprint;
        const note = same
          ? "measured before on the same test data; its metrics are kept"
          : "measured before on other test data; its metrics are never overwritten (use --output-path for new ones)";
        return outcome(model.manifest.version, kept, note, false);
      }
      const slices = await readSlices(context, testData);
      const golden = await scoreGolden(model, context);
      const predictions = await predict(model, data, required(context, "command"), `${scratch}/out`, context.say);
      const metrics = computeMetrics({
        predictions,
        labels: model.labels,
        model: model.manifest.files["model.onnx"],
        testDataSha256: data.fingerprint,
        slices,
        golden,
        git: await currentCommit("."),
      });
      const text = `${JSON.stringify(metrics, null, 2)}\n`;
      if (output !== undefined) await writeFile(output, text);
      else if (!(await openFolder(model.path).put("metrics.json", text, { ifNoneMatch: "*" }))) {
        throw new DeliveryError(
          "refused",
          `\`${model.path}metrics.json\` was written by somebody else meanwhile; theirs is kept`,
        );
      }
      return outcome(model.manifest.version, metrics, `written to ${output ?? `${model.path}metrics.json`}`, true);
    });
  },
};

function readKept(text: string | undefined, path: string): Metrics | undefined {
  return text === undefined ? undefined : parseMetrics(text, `\`${path}metrics.json\``);
}

async function readSlices({ flags }: Context, testData: string): Promise<SliceTable> {
  const columns = (flags["slice-by"] ?? "").split(",").filter(Boolean);
  if (columns.length === 0) return new Map();
  const file = openFile(flags["slice-table"] ?? `${testData.replace(/\/+$/, "")}/labels.csv`);
  const table = await file.folder.get(file.key);
  if (table === undefined) throw inputError(`no table to make slices by at \`${pathOf(file)}\`; give --slice-table`);
  return readSliceTable(table.content.toString("utf8"), columns, `\`${pathOf(file)}\``);
}

async function scoreGolden({ golden, folder, labels }: LocalModel, context: Context): Promise<Metrics["golden"]> {
  if (golden === undefined) return null;
  const command = required(context, "serve-command");
  const result = await serveGolden(golden, { folder, labels, command, limits: limitsOf(DEFAULT_LIMITS) });
  context.say(`${result.samples} golden samples served, ${result.max_difference.toPrecision(3)} from training at most`);
  return result;
}

function outcome(version: string, metrics: Metrics, note: string, written: boolean) {
  const { accuracy, accuracy_interval: interval, avg_latency_ms, latency_ms, model_size_mb, samples } = metrics;
  const range = `95 %: ${interval.low.toFixed(4)} to ${interval.high.toFixed(4)}`;
  const { ece, brier } = metrics.calibration;
  const text = [
    `model ${version}: ${note}`,
    `- accuracy ${accuracy} (${range}) on ${samples} pictures`,
    `- calibration error ${ece.toFixed(4)}, Brier score ${brier.toFixed(4)}`,
    `- avg_latency_ms ${avg_latency_ms}, p50 ${latency_ms.p50}, p95 ${latency_ms.p95}, p99 ${latency_ms.p99}`,
    `- model_size_mb ${model_size_mb}`,
    ...Object.entries(metrics.slices).flatMap(([column, slices]) =>
      Object.entries(slices).map(
        ([value, slice]) => `- ${column} ${value}: accuracy ${slice.accuracy.toFixed(4)} on ${slice.count} pictures`,
      ),
    ),
  ].join("\n");
  const outputs = { version, accuracy, avg_latency_ms, model_size_mb };
  return { exitCode: 0 as const, report: { version, written, ...metrics }, text, outputs };
}

if (import.meta.main) await runCommand(command);
