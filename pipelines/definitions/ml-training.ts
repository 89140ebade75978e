import type { Pipeline } from "../model.ts";
import { type DeploymentOptions, deployModel } from "./parts/deployment.ts";
import { BRANCH } from "./parts/set-up.ts";
import { EXPERIMENT, type GateOptions, TRAINED_FROM, trainModel, validateData } from "./parts/training.ts";

/** What teams set otherwise; the rest of the pipeline is the same for all. */
export interface MlTrainingOptions extends GateOptions, DeploymentOptions {}

/**
 * From a change of the model's code to a canary in production: check the data, train, measure, pass the gate, deploy to
 * staging, test there, deploy to production for a tenth of the requests.
 *
 * Models are trained in staging. Both deployments get the very version that passed the gate, not whatever `latest`
 * means by then.
 */
export function mlTraining(options: MlTrainingOptions = {}): Pipeline {
  return {
    name: "ml-training",
    source: "pipelines/definitions/ml-training.ts",
    on: { push: { branches: [BRANCH], paths: TRAINED_FROM }, manual: { inputs: EXPERIMENT } },
    whenBusy: "wait",
    jobs: [
      validateData(),
      trainModel({ ...options, needs: ["data-validation"], alias: "latest" }),
      ...deployModel(options),
    ],
  };
}
