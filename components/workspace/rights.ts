import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { subscriptionOf } from "../names.ts";

/** Roles built into Azure. */
const roles = {
  contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  keyVaultAdministrator: "00482a5a-887f-4fb3-b363-3b7fe8e74483",
  blobDataContributor: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  acrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
} as const;

/** ARM ids of what a workspace consists of. */
export interface Parts {
  readonly storage: pulumi.Output<string>;
  readonly vault: pulumi.Output<string>;
  readonly registry: pulumi.Output<string>;
  readonly insights: pulumi.Output<string>;
}

type Right = readonly [what: string, role: keyof typeof roles, scope: pulumi.Output<string>];

/**
 * What Microsoft asks for an identity that a workspace acts as, and no more
 * (learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication, "Workspace").
 */
export function workspaceRights({ storage, vault, registry, insights }: Parts): Right[] {
  return [
    ["manage-storage", "contributor", storage],
    ["manage-vault", "contributor", vault],
    ["manage-registry", "contributor", registry],
    ["manage-insights", "contributor", insights],
    ["show-data", "blobDataContributor", storage],
    ["keep-secrets", "keyVaultAdministrator", vault],
  ];
}

/** What nodes and deployments may: pull images, and use the workspace's own two containers, not the whole account. */
export function computeRights({ storage, registry }: Parts, workspaceId: pulumi.Output<string>): Right[] {
  const containers = pulumi.interpolate`${storage}/blobServices/default/containers`;
  return [
    ["pull-images", "acrPull", registry],
    ["use-data", "blobDataContributor", pulumi.interpolate`${containers}/azureml-blobstore-${workspaceId}`],
    ["write-logs", "blobDataContributor", pulumi.interpolate`${containers}/azureml`],
  ];
}

/** Gives the rights to an identity. */
export function grant(
  name: string,
  identity: UserAssignedIdentity,
  rights: readonly Right[],
  opts: { readonly parent: pulumi.Resource; readonly dependsOn?: pulumi.Resource },
): pulumi.Resource[] {
  const definitions = pulumi.interpolate`/subscriptions/${identity.id.apply(subscriptionOf)}/providers/Microsoft.Authorization/roleDefinitions`;
  // The kind saves Azure from looking for an identity that its directory may not have heard of yet.
  const who = { principalId: identity.principalId, principalType: "ServicePrincipal" };
  return rights.map(([what, role, scope]) => {
    const roleDefinitionId = pulumi.interpolate`${definitions}/${roles[role]}`;
    return new RoleAssignment(`${name}-may-${what}`, { scope, ...who, roleDefinitionId }, opts);
  });
}
