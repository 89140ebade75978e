import type { Concurrency, Env, SetUpStep, Write } from "../../model.ts";
import { literal, secret, variable } from "../../values.ts";

/** The branch that deploys. */
export const BRANCH = "main";
const NODE_VERSION = "24";
const PULUMI_VERSION = "3.259.0";

/** What a job does in the clouds: each kind has a role in AWS and an identity in Azure with just the rights for it. */
export type JobKind = "VALIDATE" | "TRAIN" | "GATE" | "PROMOTE" | "DEPLOY" | "ROLLBACK" | "PREVIEW";

/** A session that ends by itself. Nothing is stored that somebody could carry away. */
export const SESSION: Write = { write: "short-lived sessions in the clouds" };
export const COMMITS: Write = { write: "what is deployed is a commit on the stack file" };

const CODE: SetUpStep = { name: "Check out", setUp: { tool: "code" } };
/** With the commits that were made since the run began: a deployment builds on the one before it. */
const LATEST_CODE: SetUpStep = { name: "Check out", setUp: { tool: "code", latest: true } };
const DEPENDENCIES: SetUpStep = { name: "Install dependencies", setUp: { tool: "dependencies" } };
const PULUMI: SetUpStep = { name: "Set up Pulumi", setUp: { tool: "pulumi", version: PULUMI_VERSION } };

export const setUpNode = (version: Extract<SetUpStep["setUp"], { tool: "node" }>["version"]): SetUpStep => ({
  name: "Set up Node.js",
  setUp: { tool: "node", version },
});
const NODE = setUpNode(literal(NODE_VERSION));

/** For jobs that run commands. */
export const PREPARE: readonly SetUpStep[] = [CODE, NODE, DEPENDENCIES];
/** For jobs that show or apply the stack of the commit that started the run. */
export const PREPARE_STACK: readonly SetUpStep[] = [...PREPARE, PULUMI];
/** For jobs that change what is deployed. */
export const PREPARE_RELEASE: readonly SetUpStep[] = [LATEST_CODE, NODE, DEPENDENCIES, PULUMI];
export const prepareOn = (node: SetUpStep): readonly SetUpStep[] => [CODE, node, DEPENDENCIES];

export const signInToAws = (kind: JobKind): SetUpStep => ({
  name: `Sign in to AWS to ${kind.toLowerCase()}`,
  setUp: { tool: "aws", role: variable(`AWS_ROLE_${kind}`), region: variable("AWS_REGION") },
});

export const signInToAzure = (kind: JobKind): SetUpStep => ({
  name: `Sign in to Azure to ${kind.toLowerCase()}`,
  setUp: {
    tool: "azure",
    client: variable(`AZURE_CLIENT_ID_${kind}`),
    tenant: variable("AZURE_TENANT_ID"),
    subscription: variable("AZURE_SUBSCRIPTION_ID"),
  },
});

export const signIn = (kind: JobKind): readonly SetUpStep[] => [signInToAws(kind), signInToAzure(kind)];

/** What a command that reads or changes a stack finds it by. */
export const STACK_ENV: Env = {
  ARM_SUBSCRIPTION_ID: variable("AZURE_SUBSCRIPTION_ID"),
  ARM_TENANT_ID: variable("AZURE_TENANT_ID"),
  // The job's own token may not manage environments and their secrets, which are part of the stack.
  GITHUB_TOKEN: secret("DELIVERY_GITHUB_TOKEN"),
  PULUMI_BACKEND_URL: variable("PULUMI_BACKEND_URL"),
  PULUMI_CONFIG_PASSPHRASE: secret("PULUMI_CONFIG_PASSPHRASE"),
};

export const STACKS = ["staging", "production"] as const;
export type Stack = (typeof STACKS)[number];

/** The environment that may look at a stack's clouds and change nothing. Its jobs wait for nobody's approval. */
export const previewOf = (stack: Stack): string => `${stack}-preview`;

/** Two updates of one stack at a time would fight over its lock, and one cut short leaves it half changed. */
export function oneUpdateAtATime(stack: Stack): Concurrency {
  return { group: `update-${stack}`, whenBusy: "wait" };
}
