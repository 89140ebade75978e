import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { InputError, runCommand, wholeNumber } from "./command-line.ts";
import { fingerprint, listDataset } from "./dataset.ts";
import { extractFeatures } from "./training/features.ts";
import { learnFilters } from "./training/filters.ts";
import { goldenSamples } from "./training/golden.ts";
import { buildExtractor, encodeExtractor, encodeNetwork } from "./training/network.ts";
import { affordableViews, defaultParameters, type Parameters } from "./training/parameters.ts";
import { samplePatches } from "./training/patches.ts";
import { startProgress } from "./training/progress.ts";
import { fitClassifier } from "./training/regression.ts";

export interface TrainOptions {
  readonly dataPath: string;
  readonly outputPath: string;
  readonly experimentName: string;
  readonly parameters: Parameters;
}

/** What `training.json` holds. */
export interface TrainingRecord {
  readonly experiment: string;
  readonly parameters: Parameters;
  readonly data: {
    readonly fingerprint: string;
    readonly count: number;
    readonly classes: Readonly<Record<string, number>>;
  };
  /** Share of the views learnt from that the model gets right; it says nothing of pictures it has not seen. */
  readonly trainingAccuracy: number;
  readonly loss: number;
  readonly steps: number;
  readonly features: number;
  /** Views of each picture that were learnt from. */
  readonly views: number;
  readonly seconds: number;
}

/**
 * Learns to tell the classes of a data set apart and writes `model.onnx`, `labels.json`, `golden.json` and `training.json`.
 *
 * A single-layer convolutional network (Coates, Lee & Ng 2011, "An analysis of single-layer networks in unsupervised
 * feature learning"): filters learnt from patches by k-means, their responses pooled over a grid, and a logistic regression
 * on top. The same data, seed and machine type give the same bytes.
 */
export async function train({
  dataPath,
  outputPath,
  experimentName,
  parameters,
}: TrainOptions): Promise<TrainingRecord> {
  const started = performance.now();
  const dataset = await listDataset(dataPath);
  const { classes, pictures } = dataset;
  if (classes.length < 2)
    throw new InputError(`\`${dataPath}\` has the one class \`${classes[0]}\`; at least 2 are needed`);
  console.log(`train: ${pictures.length} pictures, ${classes.length} classes: ${classes.join(", ")}`);
  if (dataset.ignored.length > 0)
    console.log(`train: ${dataset.ignored.length} files are no pictures and were left out`);

  const filtering = startProgress("filters", parameters.scales.length);
  const patches = await samplePatches(dataset, parameters);
  const filters = [];
  for (const [index, scale] of parameters.scales.entries()) {
    const sample = patches[index];
    if (sample) filters.push(await learnFilters(sample, scale, parameters));
    filtering(index + 1);
  }
  const extractor = buildExtractor(filters, parameters);

  const views = affordableViews(parameters.views, pictures.length);
  const extracting = startProgress("features", pictures.length);
  const features = await extractFeatures(encodeExtractor(extractor), dataset, {
    featureCount: extractor.featureCount,
    views,
    seed: parameters.seed,
    workers: availableParallelism(),
    onPicture: extracting,
  });

  const fitting = startProgress("classifier", parameters.steps);
  const labels = pictures.flatMap(({ label }) => Array<number>(views).fill(classes.indexOf(label)));
  const { penalty, steps } = parameters;
  const fit = await fitClassifier(features, labels, classes.length, { penalty, steps, onStep: fitting });

  const record: TrainingRecord = {
    experiment: experimentName,
    parameters,
    data: {
      fingerprint: await fingerprint(dataset),
      count: pictures.length,
      classes: Object.fromEntries(classes.map((name) => [name, pictures.filter(({ label }) => label === name).length])),
    },
    trainingAccuracy: fit.accuracy,
    loss: fit.loss,
    steps: fit.steps,
    features: extractor.featureCount,
    views,
    seconds: Math.round(performance.now() - started) / 1000,
  };
  await mkdir(outputPath, { recursive: true });
  await writeFile(join(outputPath, "model.onnx"), encodeNetwork(extractor, fit.classifier));
  await writeFile(join(outputPath, "labels.json"), `${JSON.stringify(classes)}\n`);
  const golden = await goldenSamples(dataset, extractor, fit.classifier);
  await writeFile(join(outputPath, "golden.json"), `${JSON.stringify(golden)}\n`);
  await writeFile(join(outputPath, "training.json"), `${JSON.stringify(record, null, 2)}\n`);
  return record;
}

if (import.meta.main) {
  await runCommand(
    {
      name: "train",
      about: "Trains a classifier on a folder of pictures with a sub-folder a class.",
      example: "node src/train.ts --data-path data/processed --output-path model",
      flags: {
        "data-path": { value: "DIR", about: "pictures to learn from: DIR/<class>/<file>.jpg" },
        "output-path": { value: "DIR", about: "where model.onnx, labels.json, golden.json and training.json go" },
        "experiment-name": { value: "NAME", about: "recorded in training.json", default: "default" },
        seed: { value: "N", about: "the same data and seed give the same model", default: "1" },
      },
    },
    async (flags) => {
      const { trainingAccuracy, seconds } = await train({
        dataPath: flags["data-path"],
        outputPath: flags["output-path"],
        experimentName: flags["experiment-name"],
        parameters: { ...defaultParameters, seed: wholeNumber("seed", flags.seed, 0, 2 ** 31 - 1) },
      });
      console.log(`train: accuracy on the training pictures ${trainingAccuracy.toFixed(3)}, ${seconds.toFixed(1)} s`);
    },
  );
}
