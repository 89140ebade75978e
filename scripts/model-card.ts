import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { modelExists, modelsPathOf } from "../delivery/candidate.ts";
import { compareModels } from "../delivery/compare.ts";
import { DeliveryError, inputError } from "../delivery/errors.ts";
import { fetchData, fetchModel, predict, withTemporaryFolder } from "../delivery/evaluation.ts";
import { judge } from "../delivery/gate.ts";
import { formatLocation, type Location, within } from "../delivery/location.ts";
import type { Manifest } from "../delivery/manifest.ts";
import { parseMetrics } from "../delivery/metrics.ts";
import { openFolder } from "../delivery/objects.ts";
import { type ModelPackage, readPackage } from "../delivery/package.ts";
import { modelCardMarkdown } from "../delivery/report/model-card/markdown.ts";
import { modelCardPage } from "../delivery/report/model-card/page.ts";
import type { ModelCard } from "../delivery/report/model-card/sections.ts";
import { type Command, type Context, required, runCommand } from "./support/command.ts";
import { CURRENT_MODEL_FLAGS, currentModel } from "./support/current-model.ts";
import { bucketFolder, EVALUATE_COMMAND, MODEL_PATH } from "./support/flags.ts";
import { GATE_FLAGS, gateLimits } from "./support/gate-flags.ts";

export const command: Command = {
  name: "model-card",
  summary:
    "Writes what there is to know about a model, as a page and as Markdown, into reports/ beside it: figures, charts, the gate's view, the model it follows, data and lineage. Run evaluate first.",
  example: "--model-path s3://bucket/models/latest/ --test-data s3://bucket/data/test/ --output-path reports",
  flags: {
    "model-path": MODEL_PATH,
    ...CURRENT_MODEL_FLAGS,
    "current-model": {
      help: "model to compare with; default the one that the model's manifest says it follows",
      value: "PATH",
    },
    "test-data": {
      help: "test data, for the comparison; default s3://$DATA_BUCKET/data/test/",
      value: "PATH",
    },
    command: EVALUATE_COMMAND,
    ...GATE_FLAGS,
    "output-path": { help: "write the card into this local folder too", value: "DIR" },
  },
  async run(context) {
    const limits = gateLimits(context);
    const modelsBucket = process.env["MODELS_BUCKET"];
    const found = await readPackage(required(context, "model-path"), modelsBucket && modelsPathOf(modelsBucket));
    const { manifest, metrics, path } = found;
    if (metrics === undefined) throw inputError(`model \`${path}\` has no \`metrics.json\`; run evaluate`);
    const comparison = await compareWithChampion(found, context);
    const card: ModelCard = {
      manifest,
      path,
      metrics: parseMetrics(metrics, `\`${path}metrics.json\``),
      gate: judge({ metrics, manifest }, limits),
      ...(comparison && { comparison }),
    };
    const files = { "model-card.html": await modelCardPage(card), "model-card.md": modelCardMarkdown(card) };
    const folder = openFolder(path);
    for (const [name, text] of Object.entries(files)) await folder.put(`reports/${name}`, text);
    const local = context.flags["output-path"];
    if (local !== undefined) {
      await mkdir(local, { recursive: true });
      for (const [name, text] of Object.entries(files)) await writeFile(join(local, name), text);
    }
    const where = `${path}reports/model-card.html`;
    return {
      exitCode: 0,
      report: { version: manifest.version, path: where, verdict: card.gate.verdict, comparison: comparison ?? null },
      text: `card of model ${manifest.version}, at ${where}${local === undefined ? "" : ` and in ${local}`}`,
      outputs: { version: manifest.version, model_card: where },
    };
  },
};

/** Runs the model and the one it is to replace on the same pictures; undefined where there is no other. */
async function compareWithChampion({ manifest, location, path }: ModelPackage, context: Context) {
  const modelsBucket = process.env["MODELS_BUCKET"];
  const named = Object.keys(CURRENT_MODEL_FLAGS).some((flag) => context.flags[flag] !== undefined);
  const champion = named ? await currentModel(context) : await parentOf(manifest, location, modelsBucket);
  if (champion === undefined) return undefined;
  const testData = bucketFolder(context, "test-data", "DATA_BUCKET", "data/test/");
  return withTemporaryFolder(async (scratch) => {
    const current = await fetchModel(champion, modelsBucket, `${scratch}/current`);
    const version = current.manifest.version;
    if (version === manifest.version) return undefined;
    const model = await fetchModel(path, modelsBucket, `${scratch}/new`);
    const data = await fetchData(testData, `${scratch}/data`, context.say);
    const ask = async (asked: typeof model, name: string) => ({
      bytes: asked.manifest.files["model.onnx"].bytes,
      predictions: await predict(asked, data, required(context, "command"), `${scratch}/${name}-out`, (line) =>
        context.say(`${name}: ${line}`),
      ),
    });
    try {
      // One after the other: run together they would measure each other's latencies.
      const before = await ask(current, "current");
      return { champion: version, result: compareModels(before, await ask(model, "new")) };
    } catch (error) {
      // Such as a class that the older model does not know: the card is still worth having, and says why.
      if (!(error instanceof DeliveryError) || error.kind !== "input") throw error;
      return {
        champion: version,
        result: { verdict: "cannot decide", is_better: false, reason: error.message } as const,
      };
    }
  });
}

/** The package that training started from, where it is still there. */
async function parentOf({ parent }: Manifest, location: Location, modelsBucket: string | undefined) {
  if (parent === null) return undefined;
  const path = formatLocation(within(within(location, ".."), parent));
  return (await modelExists(path, modelsBucket)) ? path : undefined;
}

if (import.meta.main) await runCommand(command);
