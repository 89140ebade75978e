import type { Notification, Pipeline } from "../model.ts";
import { all, changed, jobOutput, onBranch } from "../values.ts";
import { lint, unitTests } from "./parts/checks.ts";
import { type DeploymentOptions, deployModel } from "./parts/deployment.ts";
import { BRANCH } from "./parts/set-up.ts";
import { EXPERIMENT, type GateOptions, TRAINED_FROM, trainModel, validateData } from "./parts/training.ts";

export interface DeliveryOptions extends GateOptions, DeploymentOptions {
  /** For systems that do not tell anybody by themselves. */
  readonly notify?: Notification;
}

/**
 * `ml-pipeline` and `ml-training` as one, for systems that keep one pipeline a repository: lint and tests of every
 * change; on the branch, where what models are made of changed, on to production. A person says yes before that.
 */
export function delivery({ notify, ...options }: DeliveryOptions = {}): Pipeline {
  const modelChanged = changed(...TRAINED_FROM);
  const condition = all(onBranch(BRANCH), modelChanged);
  return {
    name: "delivery",
    source: "pipelines/definitions/delivery.ts",
    on: {
      push: { branches: [BRANCH] },
      pullRequest: { branches: [BRANCH] },
      manual: { inputs: { experiment_name: { ...EXPERIMENT.experiment_name, required: false, default: "default" } } },
    },
    whenBusy: "wait",
    ...(notify && { notify }),
    jobs: [
      validateData(condition),
      lint,
      unitTests,
      trainModel({
        ...options,
        needs: ["data-validation", lint.id, unitTests.id],
        if: condition,
        alias: "latest",
        outputs: ACCURACY,
      }),
      ...deployModel({
        ...options,
        if: modelChanged,
        approval: {
          question: "Deploy to production?",
          shows: { accuracy: jobOutput("train-model", "accuracy"), version: jobOutput("train-model", "version") },
        },
      }),
    ],
  };
}

const ACCURACY = { accuracy: { from: "step", step: "evaluate", name: "accuracy" } } as const;
