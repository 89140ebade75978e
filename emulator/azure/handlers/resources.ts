import { type Arm, type ArmReply, type ArmRequest, propertiesOf, type ResourceType, withProperties } from "../arm.ts";
import { armErrors } from "../errors.ts";
import { idKey, parentOf, parseResourceId, type ResourceId } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { findType } from "../types/catalogue.ts";
import { completeIdentity } from "../types/identity.ts";
import { mergePatch, readResourceBody } from "./body.ts";

const UNFINISHED = new Set(["Creating", "Updating", "Deleting"]);
const PATCHABLE = ["tags", "identity", "sku", "kind", "properties"];

/** GET of a resource. */
export function getResource(arm: Arm, request: ArmRequest, type: ResourceType): ArmReply {
  return { status: 200, body: shown(arm, type, existing(arm, request.id)) };
}

/** HEAD: whether it exists. */
export function headResource(arm: Arm, request: ArmRequest): ArmReply {
  return { status: arm.store.get(request.id.path) === undefined ? 404 : 204 };
}

/** GET of a collection. */
export function listResources(arm: Arm, request: ArmRequest, type: ResourceType): ArmReply {
  const parent = parentOf(request.id);
  checkExists(arm, parent, request.id);
  return { status: 200, body: { value: arm.store.list(type.type, parent).map((each) => shown(arm, type, each)) } };
}

/** PUT: creates or replaces. */
export async function putResource(arm: Arm, request: ArmRequest, type: ResourceType): Promise<ArmReply> {
  checkExists(arm, type.makesParent === true ? grandparentOf(request.id) : parentOf(request.id), request.id);
  checkGroupStays(arm, request.id);
  const previous = arm.store.get(request.id.path);
  const { location, tags, fields } = readResourceBody(request);
  checkLocation(type, request.id, location, previous);
  const place = location ?? previous?.location;
  const draft: Stored = {
    id: previous?.id ?? request.id.path,
    name: previous?.name ?? request.id.names.at(-1) ?? "",
    type: type.type,
    ...(place === undefined ? {} : { location: place.replaceAll(" ", "").toLowerCase() }),
    ...(tags === undefined ? {} : { tags }),
    fields,
    hidden: previous?.hidden ?? {},
  };
  return write(arm, type, draft, previous);
}

/** PATCH: changes what the type lets be changed. */
export async function patchResource(arm: Arm, request: ArmRequest, type: ResourceType): Promise<ArmReply> {
  const previous = existing(arm, request.id);
  const { tags, fields } = readResourceBody(request);
  const allowed = type.patchable ?? PATCHABLE;
  const refused = Object.keys(fields).find((name) => !allowed.includes(name));
  if (refused !== undefined) {
    throw armErrors.invalidContent(
      `PATCH of '${type.type}' carries '${refused}'; ${allowed.map((name) => `'${name}'`).join(", ")} are allowed. Use PUT.`,
    );
  }
  const merged = mergePatch(previous.fields, fields);
  const draft: Stored = {
    ...previous,
    ...(tags === undefined ? {} : { tags: { ...previous.tags, ...tags } }),
    fields: merged as Stored["fields"],
  };
  return write(arm, type, draft, previous);
}

/** DELETE: removes the resource and all under it. */
export async function deleteResource(arm: Arm, request: ArmRequest, type: ResourceType): Promise<ArmReply> {
  const resource = arm.store.get(request.id.path);
  if (type.implicit !== undefined) throw armErrors.methodNotAllowed("DELETE", request.id.path);
  if (resource === undefined) return { status: 204 };
  checkIdle(resource);
  type.leave?.(arm, resource);
  if (type.apply === undefined && type.leavesSlowly !== true) {
    await removeTree(arm, resource);
    return { status: 200 };
  }
  await arm.store.put(withProperties(resource, { provisioningState: "Deleting" }));
  return { status: 202, operation: arm.operations.begin(() => removeOrFail(arm, resource)) };
}

// A deletion that fails may be asked for again; one that the end of the service cuts short goes on at the next start.
async function removeOrFail(arm: Arm, resource: Stored): Promise<void> {
  try {
    await removeTree(arm, resource);
  } catch (error) {
    if (!arm.stopping.aborted) await arm.store.put(withProperties(resource, { provisioningState: "Failed" }));
    throw error;
  }
}

/** Removes a resource and all under it, innermost first: what is left at any moment is whole. */
export async function removeTree(arm: Arm, resource: Stored): Promise<void> {
  for (const each of [...arm.store.under(resource.id), resource]) {
    await findType(each.type)?.removed?.(arm, each);
    await arm.store.remove(each.id);
  }
}

/** A resource as a GET shows it. */
export function shown(arm: Arm, type: ResourceType, { fields, hidden: _, ...rest }: Stored): unknown {
  const live = type.live?.(arm, { fields, hidden: _, ...rest });
  if (live === undefined) return { ...rest, ...fields };
  return { ...rest, ...fields, properties: { ...propertiesOf({ fields, hidden: _, ...rest }), ...live } };
}

/** The resource. @throws in Azure's words where there is none. */
export function existing(arm: Arm, id: ResourceId): Stored {
  const resource = arm.store.get(id.path);
  if (resource !== undefined) return resource;
  checkExists(arm, parentOf(id), id);
  if (id.type === "Microsoft.Resources/resourceGroups") throw armErrors.resourceGroupNotFound(id.names[0] ?? "");
  throw armErrors.resourceNotFound(id);
}

async function write(arm: Arm, type: ResourceType, draft: Stored, previous: Stored | undefined): Promise<ArmReply> {
  if (previous !== undefined) checkIdle(previous);
  const identified = completeIdentity(arm, draft);
  const completed = (await type.complete?.(arm, identified, previous)) ?? identified;
  const status = previous === undefined ? 201 : 200;
  if (type.apply === undefined) {
    const resource = withProperties(completed, { provisioningState: "Succeeded" });
    await arm.store.put(resource);
    await type.stored?.(arm, resource);
    return { status, body: shown(arm, type, resource) };
  }
  // Between the check above and here `complete` may have waited, and another request may have been faster.
  const now = arm.store.get(draft.id);
  if (now !== previous) throw armErrors.busy(draft.id);
  const resource = withProperties(completed, { provisioningState: previous === undefined ? "Creating" : "Updating" });
  await arm.store.put(resource);
  const operation = arm.operations.begin(() => settle(arm, type, resource, previous));
  return { status, body: shown(arm, type, resource), operation };
}

/** Makes a resource so and stores how that ended. */
export async function settle(
  arm: Arm,
  type: ResourceType,
  resource: Stored,
  previous: Stored | undefined,
): Promise<void> {
  const finish = async (provisioningState: string) => {
    const now = arm.store.get(resource.id) ?? resource;
    if (!arm.stopping.aborted) await arm.store.put(withProperties(now, { provisioningState }));
  };
  try {
    await arm.faults.onOperation(resource.id);
    await type.apply?.(arm, resource, previous);
  } catch (error) {
    await finish("Failed");
    throw error;
  }
  await finish("Succeeded");
}

function checkGroupStays(arm: Arm, { subscription, resourceGroup }: ResourceId): void {
  const group = arm.store.get(`/subscriptions/${subscription}/resourceGroups/${resourceGroup ?? ""}`);
  if (group === undefined || propertiesOf(group)["provisioningState"] !== "Deleting") return;
  throw armErrors.resourceGroupBeingDeleted(group.name);
}

function grandparentOf(id: ResourceId): string {
  const parent = parseResourceId(parentOf(id));
  return parent === undefined ? parentOf(id) : parentOf(parent);
}

function checkIdle(resource: Stored): void {
  const state = propertiesOf(resource)["provisioningState"];
  if (typeof state === "string" && UNFINISHED.has(state)) throw armErrors.busy(resource.id);
}

function checkLocation(
  type: ResourceType,
  id: ResourceId,
  location: string | undefined,
  previous: Stored | undefined,
): void {
  if (type.located !== true) return;
  if (location === undefined) throw armErrors.locationRequired();
  const normal = location.replaceAll(" ", "").toLowerCase();
  if (previous?.location !== undefined && previous.location !== normal) {
    throw armErrors.locationChanged(id.names.at(-1) ?? "", previous.location, normal);
  }
}

// A resource exists, a subscription always does, and some resources exist without having been created.
function checkExists(arm: Arm, parent: string, child: ResourceId): void {
  const id = parseResourceId(parent);
  if (id === undefined) throw armErrors.invalidPath(parent);
  if (id.type === "Microsoft.Resources/subscriptions" || arm.store.get(parent) !== undefined) return;
  if (id.resourceGroup !== undefined) {
    const group = `/subscriptions/${id.subscription}/resourceGroups/${id.resourceGroup}`;
    if (arm.store.get(group) === undefined) throw armErrors.resourceGroupNotFound(id.resourceGroup);
  }
  const implicit = findType(id.type)?.implicit;
  if (implicit === undefined || idKey(id.names.at(-1) ?? "") !== implicit)
    throw armErrors.parentNotFound(child.type, parent);
  checkExists(arm, parentOf(id), id);
}
