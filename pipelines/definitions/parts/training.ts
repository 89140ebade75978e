import type { Condition, Env, Job, Permissions, RunStep, StepOutput } from "../../model.ts";
import { env, input, literal, secret, stepOutput, variable } from "../../values.ts";
import { PREPARE, SESSION, type Stack, signIn, signInToAws } from "./set-up.ts";

/** The gate's limits, as a team sets them. */
export interface GateOptions {
  /** Least share of right answers on the test data. @default 0.85 */
  readonly minAccuracy?: number;
  /** Most mean latency of one prediction, milliseconds. @default 100 */
  readonly maxLatencyMs?: number;
  /** Most size of a model, MB. @default 500 */
  readonly maxModelSizeMb?: number;
  /** What of the accuracy must reach its limit: as measured, or the low end of its interval. @default - the command's */
  readonly decideOn?: string | undefined;
  /** Least pictures measured, and of each class. @default - the command's */
  readonly minSamples?: number | undefined;
  readonly minClassSamples?: number | undefined;
  /** Least share of each class that is recognised. @default - not asked */
  readonly minClassRecall?: number | undefined;
  /** Whether a package must have golden samples. @default - the command's */
  readonly golden?: string | undefined;
  /** What loading the model may take, MB and seconds. @default - the command's */
  readonly loadMemoryMb?: number | undefined;
  readonly loadSeconds?: number | undefined;
  /**
   * PEM of the key that signs models. Where there is one, what was measured is signed with the secret
   * `MODEL_SIGNING_KEY`, and the gate asks for the signature. @default - models are not signed
   */
  readonly publicKey?: string | undefined;
}

/** Flags of the gate that are left out where the team sets nothing. */
const OPTIONAL_LIMITS = {
  decideOn: "--decide-on",
  minSamples: "--min-samples",
  minClassSamples: "--min-class-samples",
  minClassRecall: "--min-class-recall",
  golden: "--golden",
  loadMemoryMb: "--load-memory",
  loadSeconds: "--load-time",
} as const;

/** What a model is made of: a change here asks for a new one. */
export const TRAINED_FROM = ["src/**", "config/**", "schemas/**"] as const;

/** Read the code, and ask the clouds for a session. */
export const TRAIN: Permissions = { contents: "read", idToken: SESSION };

/** The data bucket of the job's own environment. */
export const DATA_BUCKET: Env = { DATA_BUCKET: variable("DATA_BUCKET") };
const BUCKETS: Env = { ...DATA_BUCKET, MODELS_BUCKET: variable("MODELS_BUCKET") };
/** Where training jobs are submitted. */
const WORKSPACE: Env = {
  AZURE_SUBSCRIPTION_ID: variable("AZURE_SUBSCRIPTION_ID"),
  AZURE_RESOURCE_GROUP: variable("AZURE_RESOURCE_GROUP"),
  AZURE_ML_WORKSPACE: variable("AZURE_ML_WORKSPACE"),
  AZURE_ML_COMPUTE: variable("AZURE_ML_COMPUTE"),
};

/** A folder of the data bucket, and a model of the models bucket, as arguments. */
export const data = (folder: string) => ["s3://", env("DATA_BUCKET"), `/data/${folder}/`] as const;
export const model = (alias: string) => ["s3://", env("MODELS_BUCKET"), `/models/${alias}/`] as const;

export const VALIDATE_DATA: RunStep = {
  name: "Validate data",
  run: ["node", "scripts/validate-data.ts", "--data-path", data("raw"), "--schema-path", "schemas/data_schema.json"],
};

/** Checks the data before anybody pays for a training. */
export function validateData(condition?: Condition): Job {
  return {
    id: "data-validation",
    name: "Validate the data",
    stage: "validate",
    ...(condition && { if: condition }),
    environment: "staging",
    permissions: TRAIN,
    timeoutMinutes: 30,
    env: DATA_BUCKET,
    steps: [...PREPARE, signInToAws("VALIDATE"), VALIDATE_DATA],
  };
}

export interface Training extends GateOptions {
  readonly needs: readonly string[];
  readonly if?: Condition;
  /** The alias that the new model gets. */
  readonly alias: "latest" | "new";
  /** The stack whose model in use the new one's card compares with. @default - the model that training followed */
  readonly champion?: Stack;
  /** A snapshot of the data that it is trained on. @default - what there is when it starts */
  readonly snapshot?: StepOutput;
  /** Run before the training, and after the gate. */
  readonly before?: readonly RunStep[];
  readonly after?: readonly RunStep[];
  /** @default - the version that passed the gate, and the bucket it lies in */
  readonly outputs?: Job["outputs"];
}

/** Trains in staging, measures, and asks the gate. */
export function trainModel(training: Training): Job {
  const { needs, alias, snapshot, before = [], after = [], outputs } = training;
  return {
    id: "train-model",
    name: "Train, evaluate, pass the gate",
    stage: "train",
    needs,
    ...(training.if && { if: training.if }),
    environment: "staging",
    permissions: TRAIN,
    timeoutMinutes: 300,
    // An alias names one model at a time, and the gate below judges the one it names.
    concurrency: { group: "train-model", whenBusy: "wait" },
    env: { ...BUCKETS, ...WORKSPACE },
    steps: [
      ...PREPARE,
      ...signIn("TRAIN"),
      ...before,
      prepareData(snapshot),
      train(alias),
      // Who judges a model may not change it.
      signInToAws("GATE"),
      evaluate(alias),
      ...(training.publicKey === undefined ? [] : [sign(alias)]),
      // Before the gate: what is refused has a card too.
      card(alias, training),
      gate(alias, training),
      ...after,
    ],
    outputs: { models_bucket: variable("MODELS_BUCKET"), version: stepOutput("gate", "version"), ...outputs },
  };
}

const prepareData = (snapshot: StepOutput | undefined): RunStep => ({
  name: "Prepare data",
  ...(snapshot && { env: { DATA_SNAPSHOT: snapshot } }),
  run: [
    "node",
    "scripts/prepare-data.ts",
    "--data-path",
    data("raw"),
    "--processed-path",
    data("processed"),
    "--test-path",
    data("test"),
    ...(snapshot ? ["--snapshot-path", [env("DATA_SNAPSHOT")] as const] : []),
  ],
});

const train = (alias: string): RunStep => ({
  name: "Train model",
  id: "train",
  // Unset, nothing is written to MLflow.
  env: { EXPERIMENT_NAME: input("experiment_name", "default"), MLFLOW_TRACKING_URI: variable("MLFLOW_TRACKING_URI") },
  run: [
    "node",
    "scripts/train.ts",
    "--data-path",
    data("processed"),
    "--output-path",
    ["s3://", env("MODELS_BUCKET"), "/models/"],
    "--experiment-name",
    [env("EXPERIMENT_NAME")],
    ...(alias === "latest" ? [] : ["--alias", alias]),
  ],
});

const evaluate = (alias: string): RunStep => ({
  name: "Evaluate model",
  id: "evaluate",
  run: ["node", "scripts/evaluate.ts", "--model-path", model(alias), "--test-data", data("test")],
});

/** After the measuring, since the figures are signed too. The key is in reach of this step alone. */
const sign = (alias: string): RunStep => ({
  name: "Sign the model",
  env: { MODEL_SIGNING_KEY: secret("MODEL_SIGNING_KEY") },
  run: ["node", "scripts/sign-model.ts", "--model-path", model(alias)],
});

/** The card lies beside the model, and with the run. */
const card = (alias: string, options: Training): RunStep => ({
  name: "Write the model card",
  ...askedSignature(options),
  run: [
    "node",
    "scripts/model-card.ts",
    "--model-path",
    model(alias),
    ...(options.champion === undefined ? [] : ["--current-environment", options.champion]),
    "--test-data",
    data("test"),
    ...limits(options),
    "--output-path",
    "reports",
  ],
  artifacts: { name: "model-card", paths: ["reports/model-card.html", "reports/model-card.md"] },
});

const gate = (alias: string, options: GateOptions): RunStep => ({
  name: "Model validation gate",
  id: "gate",
  ...askedSignature(options),
  run: ["node", "scripts/validate-model.ts", "--model-path", model(alias), ...limits(options)],
});

/** A public key is no secret, and the gate must ask for the one that stands in the stack file. */
function askedSignature({ publicKey }: GateOptions): Pick<RunStep, "env"> {
  return publicKey === undefined ? {} : { env: { MODEL_PUBLIC_KEY: literal(publicKey) } };
}

function limits(options: GateOptions): string[] {
  const { minAccuracy = 0.85, maxLatencyMs = 100, maxModelSizeMb = 500 } = options;
  const more = Object.entries(OPTIONAL_LIMITS).flatMap(([name, flag]) => {
    const value = options[name as keyof typeof OPTIONAL_LIMITS];
    return value === undefined ? [] : [flag, String(value)];
  });
  const asked = { "--min-accuracy": minAccuracy, "--max-latency": maxLatencyMs, "--max-size": maxModelSizeMb };
  return [...Object.entries(asked).flatMap(([flag, limit]) => [flag, String(limit)]), ...more];
}

/** Asked for when a new model is trained: groups the runs of one question in the workspace. */
export const EXPERIMENT = {
  experiment_name: { description: "Experiment name: groups training runs in the workspace", required: true },
} as const;
