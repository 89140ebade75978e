import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, isNode, parseDocument } from "yaml";
import { inputError, messageOf } from "./errors.ts";
import { DEFAULT_LIMITS, type GateLimits } from "./gate.ts";
import type { EndpointConfig } from "./rollout.ts";
import type { SigningRule } from "./signing.ts";
import { parseStackFile, type StackFile, stackConfig } from "./stack-file.ts";

/** How a new model takes over. */
export type RolloutConfig = {
  /** Rising per cent, the last 100. */
  readonly steps: readonly number[];
  /** Minutes to watch at each step. */
  readonly bakeMinutes: number;
  /** Deployments that stay for the way back. */
  readonly keepPrevious: number;
  /** Windows of the week in which nothing is rolled out. @default - none */
  readonly freeze?: readonly string[];
};

const DEFAULT_ROLLOUT: RolloutConfig = { steps: [10, 25, 50, 100], bakeMinutes: 10, keepPrevious: 1 };

/** An environment as its stack file describes it. */
export type Environment = {
  readonly name: string;
  readonly folder: string;
  readonly file: StackFile;
  /** Config key of the endpoint, such as `ml-delivery:endpoint`. */
  readonly endpointKey: string;
  readonly endpointName: string;
  readonly endpoint: EndpointConfig;
  readonly limits: GateLimits;
  readonly signing: SigningRule;
  readonly rollout: RolloutConfig;
  /** Where the environment keeps its own packages. */
  readonly modelsPath: string;
};

/** A stack's config as the engine has it, before anything checks it. */
export type RawConfig = {
  readonly file: StackFile;
  /** The project's own namespace of keys, such as `ml-delivery`. */
  readonly namespace: string;
  /** A value by its key without the namespace. A key that the stack file does not set has the project's default, whole. */
  readonly config: (key: string) => unknown;
};

/** Reads the config of `Pulumi.<name>.yaml`, with the defaults of `Pulumi.yaml`. */
export async function readRawConfig(name: string, folder: string): Promise<RawConfig> {
  if (!/^[a-z][a-z0-9-]*$/.test(name))
    throw inputError(`environment \`${name}\` must be a stack's name, such as \`staging\``);
  const fileName = `Pulumi.${name}.yaml`;
  const read = (file: string) =>
    readFile(join(folder, file), "utf8").catch((error: unknown) => {
      throw inputError(`environment \`${name}\` needs \`${file}\` in \`${folder}\`: ${messageOf(error)}`);
    });
  const project = parseDocument(await read("Pulumi.yaml"));
  const namespace: unknown = project.get("name");
  if (typeof namespace !== "string") throw inputError("`Pulumi.yaml` has no `name`");
  const file = parseStackFile(await read(fileName), fileName);
  const config = (key: string) =>
    stackConfig(file, `${namespace}:${key}`) ?? plain(project, ["config", `${namespace}:${key}`, "default"]);
  return { file, namespace, config };
}

/** Reads `Pulumi.<name>.yaml` and `Pulumi.yaml` of a folder. */
export async function readEnvironment(name: string, folder: string, modelsPath?: string): Promise<Environment> {
  const { file, namespace, config } = await readRawConfig(name, folder);
  const fileName = file.name;
  const endpoint = config("endpoint") as (Partial<EndpointConfig> & { name?: unknown }) | undefined;
  if (typeof endpoint?.name !== "string")
    throw inputError(`\`${fileName}\` has no \`${namespace}:endpoint\` with a \`name\``);
  const subject = config("project");
  if (modelsPath === undefined && typeof subject !== "string") {
    throw inputError(
      `\`${fileName}\` has no \`${namespace}:project\`, so the models bucket is not known; give --models-path`,
    );
  }
  return {
    name,
    folder,
    file,
    endpointKey: `${namespace}:endpoint`,
    endpointName: endpoint.name,
    endpoint: { ...endpoint, deployments: endpoint.deployments ?? {}, traffic: endpoint.traffic ?? {} },
    limits: { ...DEFAULT_LIMITS, ...(config("gate") as Partial<GateLimits> | undefined) },
    signing: { required: false, ...(config("signing") as Partial<SigningRule> | undefined) },
    rollout: { ...DEFAULT_ROLLOUT, ...(config("rollout") as Partial<RolloutConfig> | undefined) },
    modelsPath: modelsPath ?? `s3://${String(subject)}-${name}-models/models/`,
  };
}

function plain(document: Document, path: readonly string[]): unknown {
  const value: unknown = document.getIn(path);
  return isNode(value) ? value.toJS(document) : value;
}
