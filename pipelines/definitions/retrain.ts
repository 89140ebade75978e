import type { Job, Pipeline, RunStep } from "../model.ts";
import { env, equals, jobOutput, stepOutput } from "../values.ts";
import { type DeploymentOptions, deployModel } from "./parts/deployment.ts";
import { PREPARE, signInToAws } from "./parts/set-up.ts";
import {
  DATA_BUCKET,
  data,
  EXPERIMENT,
  type GateOptions,
  model,
  TRAIN,
  trainModel,
  VALIDATE_DATA,
} from "./parts/training.ts";

export interface RetrainOptions extends GateOptions, DeploymentOptions {}

/**
 * Every week, and by hand: where there is new data, train on it, and deploy what is better than the model in use.
 *
 * No new data and "not better" are answers: the run ends well, without a deployment. A model that fails its gate is a
 * failure, and the data stays new, so that the next run says so again.
 */
export function retrain(options: RetrainOptions = {}): Pipeline {
  return {
    name: "retrain",
    source: "pipelines/definitions/retrain.ts",
    on: {
      schedule: ["0 0 * * 0"],
      manual: { inputs: { experiment_name: { ...EXPERIMENT.experiment_name, required: false, default: "retrain" } } },
    },
    whenBusy: "wait",
    jobs: [
      checkData(),
      trainModel({
        ...options,
        needs: ["check-data"],
        if: equals(jobOutput("check-data", "has_new_data"), "true"),
        alias: "new",
        champion: CHAMPION,
        before: [pin, VALIDATE_DATA],
        snapshot: stepOutput("pin", "snapshot"),
        after: [compare],
        outputs: { is_better: stepOutput("compare", "is_better"), snapshot: stepOutput("pin", "snapshot") },
      }),
      rememberData(),
      ...deployModel({ ...options, if: equals(jobOutput("train-model", "is_better"), "true") }),
    ],
  };
}

const LAST_CHECK = ["s3://", env("DATA_BUCKET"), "/metadata/last_check.txt"] as const;
const CHECK = [
  "node",
  "scripts/check-new-data.ts",
  "--data-path",
  data("raw"),
  "--last-check-path",
  LAST_CHECK,
] as const satisfies RunStep["run"];

/** What is trained on is what is there now: data that arrives later is new to the next run. */
const pin: RunStep = {
  name: "Note which data is used",
  id: "pin",
  answers: true,
  run: [...CHECK, "--output-path", ["s3://", env("DATA_BUCKET"), "/metadata/snapshots/"]],
};

function checkData(): Job {
  return {
    id: "check-data",
    name: "Look for new data",
    stage: "validate",
    environment: "staging",
    permissions: TRAIN,
    timeoutMinutes: 15,
    env: DATA_BUCKET,
    steps: [
      ...PREPARE,
      signInToAws("VALIDATE"),
      { name: "Check for new data", id: "check", answers: true, run: CHECK },
    ],
    outputs: { has_new_data: stepOutput("check", "has_new_data") },
  };
}

/** Whose model is to be bettered. */
const CHAMPION = "production";

const compare: RunStep = {
  name: "Compare models",
  id: "compare",
  answers: true,
  run: [
    "node",
    "scripts/compare-models.ts",
    "--current-environment",
    CHAMPION,
    "--new-model",
    model("new"),
    "--test-data",
    data("test"),
  ],
};

/** Only now: a run that broke off on the way is one that has not looked at the data. */
function rememberData(): Job {
  return {
    id: "remember-data",
    name: "Remember which data was used",
    stage: "train",
    needs: ["train-model"],
    environment: "staging",
    permissions: TRAIN,
    timeoutMinutes: 15,
    env: DATA_BUCKET,
    steps: [
      ...PREPARE,
      signInToAws("TRAIN"),
      {
        name: "Remember the data",
        env: { DATA_SNAPSHOT: jobOutput("train-model", "snapshot") },
        run: [...CHECK, "--commit-mark", [env("DATA_SNAPSHOT")]],
      },
    ],
  };
}
