import { type Arm, type ArmReply, type ArmRequest, propertiesOf } from "./arm.ts";
import { armErrors } from "./errors.ts";
import {
  deleteResource,
  existing,
  getResource,
  headResource,
  listResources,
  patchResource,
  putResource,
} from "./handlers/resources.ts";
import { readUsages, USAGES_TYPE } from "./ml/usages.ts";
import { METRICS_TYPE, readMetrics } from "./monitor/metrics.ts";
import { parentOf, parseResourceId, type ResourceId } from "./resource-id.ts";
import { SUBSCRIPTION_ID, TENANT_ID } from "./tokens.ts";
import { findType, isKnownNamespace } from "./types/catalogue.ts";

/** Where the status of a long-running operation is read. */
export const OPERATION_STATUSES = "operationStatuses";
/** Where clients of the older protocol follow a long-running operation. */
export const OPERATION_RESULTS = "operationResults";

/** Finds the handler for a request and calls it. @throws AzureError for whatever is not offered. */
export async function route(arm: Arm, request: Omit<ArmRequest, "id"> & { readonly path: string }): Promise<ArmReply> {
  const { path } = request;
  const groupListing = /^(\/subscriptions\/[^/]+(?:\/resourceGroups\/[^/]+)?)\/resources$/i.exec(path)?.[1];
  if (groupListing !== undefined) return listEverything(arm, groupListing);
  const id = parseResourceId(path);
  if (id === undefined) throw armErrors.invalidPath(path);
  if (id.subscription.toLowerCase() !== SUBSCRIPTION_ID) throw armErrors.subscriptionNotFound(id.subscription);
  if (id.type === "Microsoft.Resources/subscriptions") return subscription(request.method, id);
  const operation = operationOf(id);
  if (operation !== undefined && request.method === "GET") return followOperation(arm, operation, id);
  if (id.isCollection && id.type.toLowerCase() === METRICS_TYPE.toLowerCase())
    return readMetrics(arm, { ...request, id });
  if (id.isCollection && id.type.toLowerCase() === USAGES_TYPE.toLowerCase())
    return readUsages(arm, { ...request, id });
  if (request.method === "POST") return act(arm, { ...request, id });
  return handle(arm, { ...request, id });
}

async function handle(arm: Arm, request: ArmRequest): Promise<ArmReply> {
  const { id, method } = request;
  const type = findType(id.type);
  if (type === undefined) throw unknownType(request);
  if (id.isCollection) {
    if (method !== "GET") throw armErrors.methodNotAllowed(method, id.path);
    return listResources(arm, request, type);
  }
  switch (method) {
    case "GET":
      return getResource(arm, request, type);
    case "HEAD":
      return headResource(arm, request);
    case "PUT":
      return putResource(arm, request, type);
    case "PATCH":
      return patchResource(arm, request, type);
    case "DELETE":
      return deleteResource(arm, request, type);
    default:
      throw armErrors.methodNotAllowed(method, id.path);
  }
}

async function act(arm: Arm, request: ArmRequest): Promise<ArmReply> {
  const parent = parseResourceId(parentOf(request.id));
  const name = request.id.path.split("/").at(-1) ?? "";
  const type = parent === undefined ? undefined : findType(parent.type);
  if (parent === undefined || type === undefined) throw unknownType(request);
  const resource = existing(arm, parent);
  const action = Object.entries(type.actions ?? {}).find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
  if (action === undefined || !request.id.isCollection) throw armErrors.notOffered(`POST ${type.type}/${name}`);
  return action(arm, resource, request);
}

function unknownType({ id, apiVersion }: ArmRequest) {
  if (!isKnownNamespace(id.namespace)) return armErrors.invalidNamespace(id.namespace);
  return armErrors.invalidType(id.type.split("/").slice(1).join("/"), id.namespace, apiVersion);
}

function subscription(method: string, { subscription: id, path }: ResourceId): ArmReply {
  if (method !== "GET") throw armErrors.methodNotAllowed(method, path);
  const body = {
    id: `/subscriptions/${id}`,
    subscriptionId: id,
    tenantId: TENANT_ID,
    displayName: "Rehearsal",
    state: "Enabled",
  };
  return { status: 200, body };
}

function listEverything(arm: Arm, prefix: string): ArmReply {
  const inGroups = arm.store.under(prefix).filter(({ id }) => /\/resourcegroups\//i.test(id));
  const value = inGroups.map(({ id, name, type, location, tags, fields }) => ({
    id,
    name,
    type,
    location,
    tags,
    provisioningState: propertiesOf({ fields } as Parameters<typeof propertiesOf>[0])["provisioningState"],
  }));
  return { status: 200, body: { value: value.sort((left, right) => (left.id < right.id ? -1 : 1)) } };
}

function operationOf(id: ResourceId): string | undefined {
  const kind = id.type.split("/").at(-1)?.toLowerCase();
  if (kind !== OPERATION_STATUSES.toLowerCase() && kind !== OPERATION_RESULTS.toLowerCase()) return undefined;
  return id.names.at(-1);
}

async function followOperation(arm: Arm, operation: string, id: ResourceId): Promise<ArmReply> {
  const status = await arm.operations.status(operation);
  if (status === undefined) throw armErrors.resourceNotFound(id);
  if (id.type.toLowerCase().endsWith(OPERATION_STATUSES.toLowerCase())) {
    return { status: 200, body: { ...status, id: id.path, name: operation } };
  }
  if (status.status === "InProgress") return { status: 202 };
  return status.status === "Succeeded" ? { status: 200 } : { status: 400, body: { error: status.error } };
}
