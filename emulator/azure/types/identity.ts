import type { Arm } from "../arm.ts";
import { armErrors } from "../errors.ts";
import { uuidOf } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { TENANT_ID } from "../tokens.ts";

/** The ids of the identity that a user-assigned identity stands for. */
export function userIdentity(id: string): { readonly principalId: string; readonly clientId: string } {
  return { principalId: uuidOf("principal", id), clientId: uuidOf("client", id) };
}

/** Adds to a resource's `identity` what Azure works out: principal and client ids. */
export function completeIdentity(arm: Arm, draft: Stored): Stored {
  const identity = draft.fields["identity"];
  if (typeof identity !== "object" || identity === null) return draft;
  const asked: Record<string, unknown> = { ...identity };
  const type = String(asked["type"] ?? "None");
  const completed: Record<string, unknown> = { type };
  if (type.includes("SystemAssigned")) {
    completed["principalId"] = uuidOf("principal", draft.id);
    completed["tenantId"] = TENANT_ID;
  }
  const users = asked["userAssignedIdentities"];
  if (type.includes("UserAssigned") && typeof users === "object" && users !== null) {
    completed["userAssignedIdentities"] = Object.fromEntries(Object.keys(users).map((id) => [id, assigned(arm, id)]));
  }
  return { ...draft, fields: { ...draft.fields, identity: completed } };
}

function assigned(arm: Arm, id: string) {
  if (arm.store.get(id) === undefined)
    throw armErrors.invalidContent(`The user-assigned identity '${id}' does not exist.`);
  return userIdentity(id);
}
