import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { stackFiles } from "../support/stack-files.ts";

export const root = join(import.meta.dirname, "..", "..");

/** A resource as a program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs have as many shapes as there are resources
  readonly inputs: any;
}

export const subscription = "00000000-0000-0000-0000-000000000001";

export const tenant = "00000000-0000-0000-0000-000000000002";

/** What the clouds would add to the inputs of a resource. */
function outputsOf({ type, name, inputs }: Registered): Record<string, unknown> {
  const given =
    inputs.endpointName ??
    inputs.workspaceName ??
    inputs.resourceGroupName ??
    inputs.computeName ??
    inputs.name ??
    name;
  switch (type) {
    case "aws:s3/bucket:Bucket":
      return { ...inputs, arn: `arn:aws:s3:::${inputs.bucket}` };
    case "aws:iam/role:Role":
      return { ...inputs, arn: `arn:aws:iam::123456789012:role/${inputs.name}` };
    case "aws:iam/user:User":
      return { ...inputs, arn: `arn:aws:iam::123456789012:user/${inputs.name}` };
    case "aws:kms/key:Key":
      return { ...inputs, arn: `arn:aws:kms:key/${name}` };
    case "azure-native:machinelearningservices:Workspace":
      return { ...inputs, name: inputs.workspaceName, workspaceId: "workspace-guid" };
    case "azure-native:managedidentity:UserAssignedIdentity":
      return {
        ...inputs,
        tenantId: tenant,
        principalId: "principal",
        clientId: `client-of-${name}`,
        name: inputs.resourceName,
      };
    case "azure-native:machinelearningservices:Compute":
      return { ...inputs, name: inputs.computeName };
    case "azure-native:machinelearningservices:OnlineEndpoint":
      return {
        ...inputs,
        name: inputs.endpointName,
        properties: {
          ...inputs.properties,
          scoringUri: `https://${inputs.endpointName}.eastus.inference.ml.azure.com/score`,
        },
      };
    case "azure-native:machinelearningservices:OnlineDeployment":
      return { ...inputs, name: inputs.deploymentName };
    default:
      return { ...inputs, name: given };
  }
}

function idOf({ type, name, inputs }: Registered): string {
  if (type === "aws:s3/bucket:Bucket") return inputs.bucket;
  if (!type.startsWith("azure-native:")) return `${name}-id`;
  return `/subscriptions/${subscription}/resourceGroups/${inputs.resourceGroupName ?? "none"}/mock/${name}`;
}

/** Builds a program under mocks and gives what it registered, sorted by name. In a preview only the inputs are known. */
export async function record(
  build: () => unknown,
  { stack = "staging", preview = false }: { stack?: string; preview?: boolean } = {},
): Promise<Registered[]> {
  const seen: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        const one = { type, name, inputs };
        seen.push(one);
        // Azure adds to `properties`, so a preview cannot know what will be in it.
        const { properties: _, ...known } = inputs;
        return preview ? { id: undefined, state: known } : { id: idOf(one), state: outputsOf(one) };
      },
      call({ token, inputs }) {
        if (token === "azure-native:machinelearningservices:listOnlineEndpointKeys") {
          return { primaryKey: `key-of-${inputs["endpointName"]}`, secondaryKey: "other" };
        }
        if (token === "aws:index/getCallerIdentity:getCallerIdentity") return { accountId: "123456789012" };
        if (token === "azure-native:authorization:getClientConfig") return { tenantId: tenant };
        throw new Error(`no mock for ${token}`);
      },
    },
    "ml-delivery",
    stack,
    preview,
  );
  await build();
  await settled(seen);
  return seen.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Registrations are asynchronous: waits until a while has passed without a new one. */
async function settled(seen: readonly Registered[]): Promise<void> {
  for (let before = -1; before !== seen.length; ) {
    before = seen.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The resource of this name; fails where there is none, or more than one. */
export function only(seen: readonly Registered[], name: string): Registered {
  const found = seen.filter((one) => one.name === name);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} resources are named ${name}`);
  return found[0];
}

/** `[type, name]` of each, for assertions on exact children. */
export function tree(seen: readonly Registered[]): [string, string][] {
  return seen.map(({ type, name }) => [type, name]);
}

/** The secret that an input holds. Under mocks a secret arrives as an object with Pulumi's signature. */
export function secretIn(input: unknown): unknown {
  const wrapped = input as { "4dabf18193072939515e22adb298388d"?: string; value?: unknown };
  if (wrapped?.["4dabf18193072939515e22adb298388d"] !== "1b47061264138c4ac30d75fd1eb44270") {
    throw new Error(`not a secret: ${JSON.stringify(input)}`);
  }
  return wrapped.value;
}

interface StackFile {
  readonly config: Record<string, unknown>;
}

/** Pulumi.yaml and a stack file, as the engine would put them together. */
export function stackConfig(stack: string, folder = stackFiles): Record<string, unknown> {
  const read = (file: string) => parse(readFileSync(file, "utf8"));
  const project = read(join(root, "Pulumi.yaml")) as { config: Record<string, { default?: unknown }> };
  const defaults = Object.entries(project.config).filter(([, { default: value }]) => value !== undefined);
  return {
    ...Object.fromEntries(defaults.map(([key, { default: value }]) => [key, value])),
    ...(read(join(folder, `Pulumi.${stack}.yaml`)) as StackFile).config,
  };
}
