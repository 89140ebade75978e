import { createHash } from "node:crypto";

/** Which project and environment a resource belongs to. Both are part of every name, so that stacks live side by side. */
export interface Scope {
  readonly project: string;
  readonly stack: string;
}

/** Tags of every resource that takes tags. */
export function tagsOf({ project, stack }: Scope): Record<string, string> {
  return { project, environment: stack, "managed-by": "pulumi" };
}

/** What a bucket is for. */
export type Purpose = "data" | "models" | "logs";

/** The bucket for `purpose`: `<project>-<stack>-<purpose>`. S3 allows 63 characters; the config allows 24 and 16. */
export function bucketName({ project, stack }: Scope, purpose: Purpose): string {
  return `${project}-${stack}-${purpose}`;
}

/** Azure's names for one environment. */
export interface AzureNames {
  readonly resourceGroup: string;
  /** Of nodes and deployments. */
  readonly identity: string;
  readonly workspaceIdentity: string;
  readonly network: string;
  readonly workspace: string;
  readonly storageAccount: string;
  readonly vault: string;
  readonly logs: string;
  readonly insights: string;
  readonly registry: string;
  readonly actionGroup: string;
  readonly budget: string;
}

/**
 * Names that say what they belong to. Storage accounts, vaults and registries share one name space with all of Azure,
 * allow at most 24 characters and partly no dash: their project is cut, and a digest of the whole scope keeps them apart.
 */
export function azureNames(scope: Scope): AzureNames {
  const { project, stack } = scope;
  const digest = createHash("sha256").update(`${project}/${stack}`).digest("hex").slice(0, 8);
  const short = project.replaceAll("-", "").slice(0, 10);
  const letter = stack.slice(0, 4).replaceAll("-", "");
  return {
    resourceGroup: `rg-${project}-${stack}`,
    identity: `id-${project}-${stack}`,
    workspaceIdentity: `id-${project}-${stack}-workspace`,
    network: `vnet-${project}-${stack}`,
    workspace: fitted(`mlw-${project}-${stack}`, 33, digest),
    storageAccount: `${short}${letter}${digest}`,
    vault: `kv-${short}${letter.slice(0, 3)}${digest}`,
    logs: `log-${project}-${stack}`,
    insights: `appi-${project}-${stack}`,
    registry: `cr${short}${letter}${digest}`,
    actionGroup: `ag-${project}-${stack}`,
    budget: `budget-${project}-${stack}`,
  };
}

/** The name, or where it is too long its beginning and the digest. */
function fitted(name: string, most: number, digest: string): string {
  return name.length <= most ? name : `${name.slice(0, most - digest.length - 1).replace(/-$/, "")}-${digest}`;
}

/** The subscription in an ARM id. */
export function subscriptionOf(id: string): string {
  const subscription = /^\/subscriptions\/([^/]+)/i.exec(id)?.[1];
  if (!subscription) throw new Error(`${id} is no ARM id: it does not start with /subscriptions/<id>`);
  return subscription;
}

/** The id of the resource group that an ARM id lies in. */
export function groupIdOf(id: string): string {
  const group = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(id)?.[0];
  if (!group)
    throw new Error(`${id} is in no resource group: it does not start with /subscriptions/<id>/resourceGroups/<name>`);
  return group;
}

/** A UUID that follows from what it stands for (RFC 9562, version 8), so that two runs agree. */
export function uuidOf(what: string): string {
  const hex = createHash("sha256").update(what).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The version of a model by its package's address, `s3://<bucket>/models/<version>/`. */
export function modelVersionOf(address: string): string {
  const version = /\/models\/([0-9a-f]{16})\/$/.exec(address)?.[1];
  if (!version) throw new Error(`${address} is no model package: it does not end in /models/<version>/`);
  return version;
}

/** A version for what is made of a container image: its tag, or the first characters of its digest. */
export function imageVersionOf(image: string): string {
  const [, digest, tag] = /(?:@sha256:([0-9a-f]{12})[0-9a-f]{52}|:([\w][\w.-]*))$/.exec(image) ?? [];
  const version = digest ?? tag;
  if (!version) throw new Error(`${image} has neither a version nor a digest`);
  return version;
}
