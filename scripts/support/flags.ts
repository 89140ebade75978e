import { inputError } from "../../delivery/errors.ts";
import type { WorkspaceName } from "../../delivery/workspace.ts";
import { type Context, type Flag, required } from "./command.ts";

/** Flags that several commands share, said once. */

export const MODEL_PATH: Flag = {
  help: "model package: a local folder, s3://bucket/models/<version>/ or an alias such as s3://bucket/models/latest/",
  value: "PATH",
  required: true,
};

/** The stack, which is the environment's name. */
export const ENVIRONMENT: Flag = {
  help: "stack to act on: Pulumi.<environment>.yaml in the current folder",
  value: "NAME",
  required: true,
};

/** Where an Azure ML workspace is; the variables are what a stack writes into its GitHub environment. */
export const WORKSPACE_FLAGS = {
  subscription: {
    help: "Azure subscription",
    value: "ID",
    env: ["AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID"],
    required: true,
  },
  "resource-group": {
    help: "resource group of the workspace",
    value: "NAME",
    env: ["AZURE_RESOURCE_GROUP"],
    required: true,
  },
  workspace: { help: "Azure ML workspace", value: "NAME", env: ["AZURE_ML_WORKSPACE"], required: true },
} as const satisfies Record<string, Flag>;

/** The workspace that {@link WORKSPACE_FLAGS} name. */
export function workspaceName(context: Context): WorkspaceName {
  return {
    subscription: required(context, "subscription"),
    resourceGroup: required(context, "resource-group"),
    workspace: required(context, "workspace"),
  };
}

/** Where an endpoint is and how a caller shows who it is. */
export const SCORING_FLAGS = {
  "endpoint-url": { help: "the endpoint's scoring URL", value: "URL", env: ["ENDPOINT_URL"], required: true },
  "api-key-env": {
    help: "environment variable that holds the endpoint's key; where it is empty, an Entra ID token is used",
    value: "NAME",
    default: "ENDPOINT_API_KEY",
  },
} as const satisfies Record<string, Flag>;

/** The models folder of a release, where the stack file does not say it. */
export const MODELS_PATH: Flag = {
  help: "the environment's own models folder; default s3://<project>-<environment>-models/models/ from the stack file",
  value: "PATH",
};

/** Acts within a freeze window; the reason goes into the record. */
export const OVERRIDE_FREEZE: Flag = {
  help: "act in spite of a freeze window of rollout.freeze; the reason is recorded",
  value: "REASON",
};

/** The model's own command that answers test pictures. */
export const EVALUATE_COMMAND: Flag = {
  help: "command that runs the model on test data; words separated by spaces",
  value: "COMMAND",
  default: "node src/evaluate.ts",
};

/** The model's own server, which golden samples are scored by. */
export const SERVE_COMMAND: Flag = {
  help: "command that serves a model, which golden samples are scored by; words separated by spaces",
  value: "COMMAND",
  default: "node src/serve.ts",
};

/** A path flag whose default lies in the environment's bucket; the variable holds the bucket's name. */
export function bucketFolder(context: Context, flag: string, variable: string, folder: string): string {
  const given = context.flags[flag];
  if (given !== undefined) return given;
  const bucket = process.env[variable];
  if (bucket === undefined || bucket === "") {
    throw inputError(
      `\`--${flag}\` is missing; give a path, or set \`${variable}\` to a bucket's name for its \`${folder}\``,
    );
  }
  return `s3://${bucket.replace(/^s3:\/\//, "").replace(/\/+$/, "")}/${folder}`;
}
