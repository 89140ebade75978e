import { setTimeout as sleep } from "node:timers/promises";
import { type Arm, propertiesOf, type ResourceType, withProperties } from "../arm.ts";
import { AzureError, armErrors } from "../errors.ts";
import { idKey, parentOf, parseResourceId } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { TENANT_ID } from "../tokens.ts";
import { userIdentity } from "./identity.ts";

/** Who may do what: identities, whom they trust, roles and their assignments. They are kept and checked, not enforced. */

const userIdentities: ResourceType = {
  type: "Microsoft.ManagedIdentity/userAssignedIdentities",
  place: "group",
  located: true,
  complete: (_, draft) => withProperties(draft, { ...userIdentity(draft.id), tenantId: TENANT_ID }),
};

/** Azure's limit on one identity. */
const MOST_CREDENTIALS = 20;
/** How long Azure is taken to write a credential: a second one for the same identity meanwhile is refused. */
const CREDENTIAL_MS = 30;
const beingWritten = new WeakMap<Arm, Set<string>>();

const federatedCredentials: ResourceType = {
  type: "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
  place: "group",
  complete: async (arm, draft) => {
    const identity = identityOf(draft);
    const busy = beingWritten.get(arm) ?? new Set();
    beingWritten.set(arm, busy);
    if (busy.has(idKey(identity))) {
      throw new AzureError(
        409,
        "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
        `Too many Federated Identity Credentials are written concurrently for the managed identity '${identity}'. Concurrent Federated Identity Credentials writes under the same managed identity are not supported.`,
      );
    }
    checkCredential(draft, arm.store.list(federatedCredentials.type, identity));
    busy.add(idKey(identity));
    try {
      await sleep(CREDENTIAL_MS);
    } finally {
      busy.delete(idKey(identity));
    }
    return draft;
  },
};

function identityOf(credential: Stored): string {
  const id = parseResourceId(credential.id);
  return id === undefined ? "" : parentOf(id);
}

function checkCredential(draft: Stored, all: readonly Stored[]): void {
  const { issuer, subject, audiences } = propertiesOf(draft);
  const others = all.filter(({ id }) => idKey(id) !== idKey(draft.id));
  if (!/^[A-Za-z0-9][\w-]{2,119}$/.test(draft.name)) {
    throw armErrors.invalidContent(
      `The name '${draft.name}' is invalid: 3 to 120 letters, digits, '-' and '_', a letter or digit first.`,
    );
  }
  if (typeof issuer !== "string" || !issuer.startsWith("https://")) {
    throw armErrors.invalidContent(`properties.issuer must be an https URL; it is '${String(issuer)}'.`);
  }
  if (typeof subject !== "string" || subject === "") throw armErrors.invalidContent("properties.subject is missing.");
  if (!Array.isArray(audiences) || audiences.length !== 1) {
    throw armErrors.invalidContent("properties.audiences must hold exactly one audience.");
  }
  if (others.length >= MOST_CREDENTIALS) {
    throw armErrors.invalidContent(
      `An identity has at most ${MOST_CREDENTIALS} federated identity credentials, and this one has them.`,
    );
  }
  const same = others.find(
    (other) => propertiesOf(other)["issuer"] === issuer && propertiesOf(other)["subject"] === subject,
  );
  if (same === undefined) return;
  throw new AzureError(
    409,
    "Conflict",
    `Issuer and subject combination already exists for this Managed Identity, in '${same.name}'.`,
  );
}

const roleAssignments: ResourceType = {
  type: "Microsoft.Authorization/roleAssignments",
  place: "extension",
  complete: (arm, draft) => {
    const id = parseResourceId(draft.id);
    const { principalId, roleDefinitionId } = propertiesOf(draft);
    if (id === undefined || typeof principalId !== "string" || typeof roleDefinitionId !== "string") {
      throw armErrors.invalidContent("A role assignment needs properties.principalId and properties.roleDefinitionId.");
    }
    checkRoleExists(arm, roleDefinitionId, id.scope);
    const same = arm.store.list(roleAssignments.type, id.scope).find((other) => {
      const theirs = propertiesOf(other);
      const sameScope = String(theirs["scope"]).toLowerCase() === id.scope.toLowerCase();
      return sameScope && theirs["principalId"] === principalId && theirs["roleDefinitionId"] === roleDefinitionId;
    });
    if (same !== undefined && same.id.toLowerCase() !== draft.id.toLowerCase()) {
      throw new AzureError(
        409,
        "RoleAssignmentExists",
        `The role assignment already exists. The ID of the existing role assignment is ${same.name}.`,
      );
    }
    return withProperties(draft, { scope: id.scope });
  },
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Roles of one's own must exist and cover the scope. Those built into Azure are not listed here: their ids are believed. */
function checkRoleExists(arm: Arm, roleId: string, scope: string): void {
  const own = arm.store.get(roleId);
  const name = roleId.split("/").at(-1) ?? "";
  if (own === undefined) {
    if (UUID.test(name)) return;
    throw new AzureError(
      404,
      "RoleDefinitionDoesNotExist",
      `The specified role definition with ID '${name}' does not exist.`,
    );
  }
  const scopes = assignableScopes(own);
  if (scopes.some((each) => idKey(`${scope}/`).startsWith(idKey(`${each}/`)))) return;
  throw armErrors.invalidContent(
    `The role definition '${name}' cannot be assigned at '${scope}'; its assignable scopes are ${scopes.join(", ")}.`,
  );
}

function assignableScopes(role: Stored): readonly string[] {
  const scopes = propertiesOf(role)["assignableScopes"];
  return Array.isArray(scopes) ? scopes.map(String) : [];
}

const RIGHTS = ["actions", "notActions", "dataActions", "notDataActions"];
/** `Microsoft.Provider/type/read`, with `*` for any part of it. */
const OPERATION = /^(\*|(\*\/|[A-Za-z]+\.[A-Za-z.]+\/)([\w*]+\/)*(read|write|delete|action|\*))$/;

const roleDefinitions: ResourceType = {
  type: "Microsoft.Authorization/roleDefinitions",
  place: "extension",
  complete: (arm, draft) => {
    const { roleName, permissions } = propertiesOf(draft);
    if (!UUID.test(draft.name)) {
      throw new AzureError(400, "RoleDefinitionIdInvalid", `The role definition ID '${draft.name}' is not a GUID.`);
    }
    if (typeof roleName !== "string" || roleName === "" || roleName.length > 512) {
      throw armErrors.invalidContent("properties.roleName must be a text of 1 to 512 characters.");
    }
    if (assignableScopes(draft).length === 0) {
      throw armErrors.invalidContent("properties.assignableScopes must name at least one scope.");
    }
    checkPermissions(permissions);
    const everywhere = arm.store.list(roleDefinitions.type, "");
    const same = everywhere.find((other) => propertiesOf(other)["roleName"] === roleName);
    if (same !== undefined && idKey(same.id) !== idKey(draft.id)) {
      throw new AzureError(
        409,
        "RoleDefinitionWithSameNameExists",
        `A custom role with the same name already exists in this directory. Use a different name: '${roleName}'.`,
      );
    }
    return withProperties(draft, { type: "CustomRole" });
  },
  leave: (arm, role) => {
    const used = arm.store
      .list(roleAssignments.type, "")
      .some((each) => idKey(String(propertiesOf(each)["roleDefinitionId"])) === idKey(role.id));
    if (!used) return;
    throw new AzureError(
      400,
      "RoleDefinitionHasAssignments",
      `There are existing role assignments referencing role '${role.name}'.`,
    );
  },
};

function checkPermissions(permissions: unknown): void {
  const [only, ...more]: unknown[] = Array.isArray(permissions) ? permissions : [];
  if (typeof only !== "object" || only === null || more.length > 0) {
    throw armErrors.invalidContent("properties.permissions must hold exactly one set of permissions.");
  }
  for (const [name, operations] of Object.entries(only)) {
    if (!RIGHTS.includes(name)) {
      throw armErrors.invalidContent(`Could not find member '${name}' on object of type 'Permission'.`);
    }
    const odd = (Array.isArray(operations) ? operations : [operations]).find((each) => !OPERATION.test(String(each)));
    if (odd === undefined) continue;
    throw new AzureError(
      400,
      "InvalidActionOrNotAction",
      `'${String(odd)}' does not match any of the actions supported by the providers.`,
    );
  }
}

/** Types that say who may do what. */
export const accessTypes: readonly ResourceType[] = [
  userIdentities,
  federatedCredentials,
  roleAssignments,
  roleDefinitions,
];
