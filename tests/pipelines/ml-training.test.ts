import assert from "node:assert/strict";
import { test } from "node:test";
import { isRunStep } from "../../pipelines/check.ts";
import { type MlTrainingOptions, mlTraining } from "../../pipelines/definitions/ml-training.ts";
import type { Argument } from "../../pipelines/model.ts";

/** The commands of the pipeline, variables written as `$NAME`. */
function commands(options?: MlTrainingOptions): Record<string, string[]> {
  const show = (argument: Argument) =>
    typeof argument === "string"
      ? argument
      : argument.map((part) => (typeof part === "string" ? part : `$${part.env}`)).join("");
  const steps = mlTraining(options).jobs.flatMap((job) => job.steps.filter(isRunStep));
  return Object.fromEntries(steps.map((step) => [step.name, step.run.map(show)]));
}

/** The flags of a command with their values. */
function flags(command: readonly string[] = []): Record<string, string | undefined> {
  return Object.fromEntries(
    command.flatMap((word, index) => (word.startsWith("--") ? [[word, command[index + 1]] as const] : [])),
  );
}

test("a model goes through validation, gate, staging and tests, in this order, to production", () => {
  const graph = mlTraining().jobs.map(({ id, needs }) => [id, needs ?? []]);
  assert.deepEqual(graph, [
    ["data-validation", []],
    ["train-model", ["data-validation"]],
    ["deploy-staging", ["train-model"]],
    ["integration-tests", ["deploy-staging"]],
    ["deploy-production", ["train-model", "integration-tests"]],
  ]);
});

test("both deployments take the version that passed the gate", () => {
  const path = "s3://$TRAINED_BUCKET/models/$MODEL_VERSION/";
  const { "Deploy to staging": staging, "Deploy to production": production } = commands();
  assert.deepEqual(flags(staging), {
    "--model-path": path,
    "--environment": "staging",
    "--endpoint-name": "plant-classifier-staging",
  });
  assert.deepEqual(flags(production), {
    "--model-path": path,
    "--environment": "production",
    "--endpoint-name": "plant-classifier-prod",
    "--traffic-percentage": "10",
  });
  assert.deepEqual(mlTraining().jobs[1]?.outputs?.["version"], { from: "step", step: "gate", name: "version" });
});

test("the gate's limits are the definition's parameters", () => {
  const gate = (options?: MlTrainingOptions) => flags(commands(options)["Model validation gate"]);
  const path = "s3://$MODELS_BUCKET/models/latest/";
  assert.deepEqual(gate(), {
    "--model-path": path,
    "--min-accuracy": "0.85",
    "--max-latency": "100",
    "--max-size": "500",
  });
  assert.deepEqual(gate({ minAccuracy: 0.4, maxLatencyMs: 250, maxModelSizeMb: 20 }), {
    "--model-path": path,
    "--min-accuracy": "0.4",
    "--max-latency": "250",
    "--max-size": "20",
  });
});
