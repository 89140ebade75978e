import { createHash } from "node:crypto";

/** An ARM id taken apart. A collection's id is that of its parent and one more type. */
export interface ResourceId {
  /** As it was written. */
  readonly path: string;
  readonly subscription: string;
  readonly resourceGroup: string | undefined;
  /** `Microsoft.Storage`; `Microsoft.Resources` for subscriptions and resource groups. */
  readonly namespace: string;
  /** `Microsoft.Storage/storageAccounts/blobServices`, as it was written. */
  readonly type: string;
  /** Names from the outermost to the innermost. */
  readonly names: readonly string[];
  /** What an extension resource extends, or the group or subscription a resource is in. */
  readonly scope: string;
  /** Whether the id ends with a type, as collections and actions do, and not with a name. */
  readonly isCollection: boolean;
}

const GROUP_TYPE = "Microsoft.Resources/resourceGroups";

/** Takes an ARM path apart; undefined where it is none. */
export function parseResourceId(path: string): ResourceId | undefined {
  const segments = path.split("/").slice(1).map(decodeURIComponent);
  const [root, subscription = "", groups, resourceGroup] = segments;
  if (root?.toLowerCase() !== "subscriptions" || subscription === "" || segments.includes("")) return undefined;
  const providers = segments.findLastIndex((segment) => segment.toLowerCase() === "providers");
  const inGroup = groups?.toLowerCase() === "resourcegroups";
  const group = inGroup ? resourceGroup : undefined;
  if (providers < 0) {
    if (inGroup && segments.length <= 4) return groupId(path, subscription, group);
    return segments.length === 2 ? subscriptionId(path, subscription) : undefined;
  }
  const namespace = segments[providers + 1];
  const rest = segments.slice(providers + 2);
  if (namespace === undefined || rest.length === 0) return undefined;
  const types = rest.filter((_, index) => index % 2 === 0);
  const names = rest.filter((_, index) => index % 2 === 1);
  const scope = `/${segments.slice(0, providers).join("/")}`;
  const isCollection = types.length > names.length;
  return {
    path,
    subscription,
    resourceGroup: group,
    namespace,
    type: [namespace, ...types].join("/"),
    names,
    scope,
    isCollection,
  };
}

/** The id of the resource that a resource or collection lies in: its outer resource, or its scope. */
export function parentOf(id: ResourceId): string {
  if (id.type === GROUP_TYPE) return `/subscriptions/${id.subscription}`;
  const inner = id.isCollection ? id.names.length : id.names.length - 1;
  if (inner === 0) return id.scope;
  const types = id.type.split("/").slice(1);
  const chain = types.slice(0, inner).flatMap((type, index) => [type, id.names[index] ?? ""]);
  return `${id.scope}/providers/${id.namespace}/${chain.join("/")}`;
}

/** The id under which the store keeps a resource: Azure's ids do not tell case apart. */
export function idKey(path: string): string {
  return path.toLowerCase();
}

/** A uuid that follows from what it stands for (RFC 9562, version 5), so that runs agree. */
export function uuidOf(...parts: readonly string[]): string {
  const hash = createHash("sha1")
    .update(parts.map((part) => part.toLowerCase()).join("\n"))
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

function subscriptionId(path: string, subscription: string): ResourceId {
  const common = { path, subscription, resourceGroup: undefined, namespace: "Microsoft.Resources", scope: path };
  return { ...common, type: "Microsoft.Resources/subscriptions", names: [subscription], isCollection: false };
}

function groupId(path: string, subscription: string, group: string | undefined): ResourceId {
  const common = { path, subscription, resourceGroup: group, namespace: "Microsoft.Resources", type: GROUP_TYPE };
  return {
    ...common,
    scope: `/subscriptions/${subscription}`,
    names: group === undefined ? [] : [group],
    isCollection: group === undefined,
  };
}
