import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DeliveryError, inputError, messageOf } from "../delivery/errors.ts";
import { fetchData, withTemporaryFolder } from "../delivery/evaluation.ts";
import { currentCommit } from "../delivery/git.ts";
import { type TrackedRun, type Tracking, trackingFrom, trackRun } from "../delivery/mlflow.ts";
import { publishPackage, readAlias, setAlias } from "../delivery/package.ts";
import {
  checkExperimentName,
  DATA_PLACEHOLDER,
  MODEL_PLACEHOLDER,
  readTrainingRecord,
  trainOnCluster,
} from "../delivery/training.ts";
import { findWorkspace } from "../delivery/workspace.ts";
import { type Command, type Context, integerFlag, required, runCommand } from "./support/command.ts";
import { bucketFolder, WORKSPACE_FLAGS, workspaceName } from "./support/flags.ts";
import { onInterrupt } from "./support/interrupt.ts";
import { createProgress } from "./support/progress.ts";

export const command: Command = {
  name: "train",
  summary:
    "Trains a model as a job on the workspace's cluster, publishes it under its version and points an alias at it. Where MLFLOW_TRACKING_URI is set, the run is written down there too.",
  example: "--data-path s3://bucket/data/processed/ --output-path s3://bucket/models/ --experiment-name leaves",
  flags: {
    "data-path": { help: "training data; default s3://$DATA_BUCKET/data/processed/", value: "PATH" },
    "output-path": { help: "where models are published; default s3://$MODELS_BUCKET/models/", value: "PATH" },
    "experiment-name": { help: "groups jobs in the workspace", value: "NAME", default: "default" },
    seed: { help: "of all that is random in training", value: "N", default: "1" },
    alias: { help: "is pointed at the new model", value: "NAME", default: "latest" },
    command: {
      help: `training command with ${DATA_PLACEHOLDER} and ${MODEL_PLACEHOLDER}; default node src/train.ts with these, the experiment and the seed`,
      value: "COMMAND",
    },
    image: {
      help: "container image of the job",
      value: "IMAGE",
      env: ["TRAINING_IMAGE"],
      default: "ghcr.io/example-org/ml-delivery/training:1.0.0",
    },
    code: {
      help: "files and folders that the job needs, separated by commas",
      value: "PATHS",
      default: "src,package.json",
    },
    compute: { help: "cluster of the workspace", value: "NAME", env: ["AZURE_ML_COMPUTE"], required: true },
    ...WORKSPACE_FLAGS,
  },
  async run(context) {
    const dataPath = bucketFolder(context, "data-path", "DATA_BUCKET", "data/processed/");
    const modelsPath = bucketFolder(context, "output-path", "MODELS_BUCKET", "models/");
    const alias = required(context, "alias");
    const plan = readPlan(context);
    const tracking = trackingFrom(process.env);
    const startedAt = Date.now();
    const workspace = await findWorkspace(workspaceName(context));
    // Read before training: if somebody else publishes meanwhile, the alias is theirs and this run is told.
    const parent = (await readAlias(modelsPath, alias)) ?? null;
    return withTemporaryFolder(async (scratch) => {
      const data = await fetchData(dataPath, `${scratch}/data`, context.say);
      const folder = `${scratch}/model`;
      const job = await onInterrupt((signal) =>
        trainOnCluster(workspace, plan, data, folder, {
          say: context.say,
          onSent: createProgress(context.say, "files sent"),
          signal,
        }),
      );
      const training = await readTrainingRecord(folder);
      if (training.fingerprint !== undefined && training.fingerprint !== data.fingerprint) {
        throw new DeliveryError(
          "surroundings",
          `job ${job} trained on other data (${training.fingerprint}) than was sent (${data.fingerprint}); what was sent is ` +
            "every file of the class folders that is not hidden, so take those out that the training passes over",
        );
      }
      const git = await currentCommit(".");
      const { version, path, created } = await publishPackage(folder, modelsPath, {
        data: { fingerprint: data.fingerprint, count: data.count },
        git,
        parameters: { ...training.parameters, experiment: plan.experiment, command: plan.command, job },
        parent,
      });
      await setAlias(modelsPath, alias, version, parent);
      const tracked =
        tracking &&
        (await track(tracking, context.say, {
          experiment: plan.experiment,
          name: job,
          startedAt,
          parameters: { ...training.parameters, command: plan.command },
          metrics: training.figures,
          tags: {
            "model.version": version,
            "model.path": path,
            "data.fingerprint": data.fingerprint,
            "data.count": String(data.count),
            ...(parent !== null && { "model.parent": parent }),
            ...(git !== null && { "mlflow.source.git.commit": git }),
          },
          artifacts: await artifactsOf(folder),
        }));
      const report = {
        version,
        path,
        created,
        alias,
        parent,
        job,
        data: { fingerprint: data.fingerprint, count: data.count },
        ...(tracked && { mlflow: tracked }),
      };
      const what = created ? "is published" : "was published before: same data, same seed, same model";
      return {
        exitCode: 0,
        report,
        text: `model ${version} ${what}, at ${path}; ${alias} names it`,
        outputs: { version, model_path: path },
      };
    });
  },
};

/** The model is published by now: that MLflow does not answer is told, and changes nothing about it. */
async function track(tracking: Tracking, say: Context["say"], run: TrackedRun) {
  try {
    const at = await trackRun(tracking, run);
    say(`run ${at.runId} is in MLflow: ${at.url}`);
    return at;
  } catch (error) {
    say(`warning: the model is published, but the run is not in MLflow, or not whole: ${messageOf(error)}`);
    return { error: messageOf(error) };
  }
}

/** What the job wrote, as MLflow keeps it. */
async function artifactsOf(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  return Object.fromEntries(files.map(({ name }) => [`model/${name}`, join(folder, name)]));
}

function readPlan(context: Context) {
  const experiment = checkExperimentName(required(context, "experiment-name"));
  const seed = integerFlag(context, "seed", 0, 2 ** 31 - 1);
  const given = context.flags["command"];
  const standard = `node src/train.ts --data-path ${DATA_PLACEHOLDER} --output-path ${MODEL_PLACEHOLDER} --experiment-name ${experiment} --seed ${seed}`;
  const code = required(context, "code").split(",").filter(Boolean);
  const outside = code.find((path) => path.startsWith("/") || path.split("/").includes(".."));
  if (outside !== undefined) throw inputError(`\`--code\` takes paths inside the current folder, got \`${outside}\``);
  return {
    experiment,
    command: given ?? standard,
    image: required(context, "image"),
    compute: required(context, "compute"),
    code,
  };
}

if (import.meta.main) await runCommand(command);
