import { RoleAssignment, type RoleAssignmentArgs } from "@pulumi/azure-native/authorization/roleAssignment.js";
import { RoleDefinition } from "@pulumi/azure-native/authorization/roleDefinition.js";
import { FederatedIdentityCredential } from "@pulumi/azure-native/managedidentity/federatedIdentityCredential.js";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { type AzureRole, azureRoles, rightsOf, roleOf, writersOfEndpoint } from "./azure-roles.ts";
import { type AzureJob, azureJobs, type Trust } from "./ci-jobs.ts";
import { type Scope, subscriptionOf, tagsOf } from "./names.ts";
import type { WorkspaceAddress } from "./workspace.ts";

/** A service principal that an administrator has made, with a secret that Pulumi never sees. */
export interface Principal {
  readonly clientId: string;
  /** Object id: what roles are assigned to. */
  readonly principalId: string;
}

/** Arguments of {@link AzureIdentity}. */
export interface AzureIdentityArgs {
  readonly scope: Scope;
  readonly workspace: WorkspaceAddress;
  readonly location: string;
  /** Whose tokens a job's identity trusts; or who acts for every job, where a team has to use keys. */
  readonly signIn: Trust | Principal;
  /** Whether the endpoint has keys, which the program asks for. */
  readonly asksForKeys: boolean;
  /** Object ids of who may call the endpoint, and nothing else. */
  readonly callers: readonly string[];
}

/**
 * Who CI is in Azure: an identity for each kind of job that trusts the CI system's tokens, and roles that allow what the job
 * does, within the stack's resource group. Nothing on the subscription; nobody here may assign roles.
 *
 * Costs nothing. Deleting it locks the environment's jobs out of Azure, and its callers out of the endpoint.
 */
export class AzureIdentity extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:azure-identity:AzureIdentity";

  /** What each job signs in as. */
  readonly clientIds: Readonly<Record<AzureJob, pulumi.Output<string>>>;

  constructor(name: string, args: AzureIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super(AzureIdentity.type, name, {}, opts);
    const { workspaceId, resourceGroup } = args.workspace;
    const subscription = workspaceId.apply((id) => `/subscriptions/${subscriptionOf(id)}`);
    const group = pulumi.interpolate`${subscription}/resourceGroups/${resourceGroup}`;
    const roles = createRoles(name, args, { subscription, group }, this);
    const principals = createPrincipals(name, args, this);
    const operator = pulumi.interpolate`${subscription}${IDENTITY_OPERATOR}`;
    const assign = (who: string, role: string, inputs: Omit<RoleAssignmentArgs, "principalType">) =>
      // The kind saves Azure from looking for an identity that its directory may not have heard of yet.
      new RoleAssignment(
        `${name}-${who}-may-${role}`,
        { ...inputs, principalType: "ServicePrincipal" },
        { parent: this },
      );

    for (const { who, jobs, principalId } of principals) {
      for (const role of new Set(jobs.map((job) => roleOf[job]))) {
        assign(who, role, { scope: group, principalId, roleDefinitionId: roles[role] });
      }
      if (!jobs.some((job) => writersOfEndpoint.includes(job))) continue;
      assign(who, "hand-on", { scope: args.workspace.identityId, principalId, roleDefinitionId: operator });
    }
    for (const principalId of args.callers) {
      assign(`caller-${principalId}`, "score", { scope: group, principalId, roleDefinitionId: roles.score });
    }
    this.clientIds = Object.fromEntries(
      principals.flatMap(({ jobs, clientId }) => jobs.map((job) => [job, pulumi.output(clientId)])),
    ) as Record<AzureJob, pulumi.Output<string>>;
    this.registerOutputs({ clientIds: this.clientIds });
  }
}

/** Managed Identity Operator, built into Azure: may read an identity and hand it to a resource. */
const IDENTITY_OPERATOR = "/providers/Microsoft.Authorization/roleDefinitions/f1a07417-d97a-45cb-824c-7a7467783830";

/** Defined in the subscription, as Azure has it, and assignable in the group alone. */
function createRoles(
  name: string,
  { scope, asksForKeys }: AzureIdentityArgs,
  { subscription, group }: { subscription: pulumi.Output<string>; group: pulumi.Output<string> },
  parent: pulumi.Resource,
): Record<AzureRole, pulumi.Output<string>> {
  const roles = azureRoles.map((role) => {
    const { actions, dataActions } = rightsOf(role, asksForKeys);
    const definition = new RoleDefinition(
      `${name}-${role}-role`,
      {
        scope: subscription,
        // A directory knows a name once.
        roleName: `${scope.project} ${scope.stack}: ${role}`,
        roleType: "CustomRole",
        description: `What CI, or a caller, may do to ${role} in ${scope.stack} of ${scope.project}`,
        permissions: [{ actions: [...actions], dataActions: [...dataActions] }],
        assignableScopes: [group],
      },
      { parent },
    );
    return [role, definition.id] as const;
  });
  return Object.fromEntries(roles) as Record<AzureRole, pulumi.Output<string>>;
}

/** Somebody that jobs sign in as. */
interface SignIn {
  /** Part of the names of what is made for it. */
  readonly who: string;
  readonly jobs: readonly AzureJob[];
  readonly clientId: pulumi.Input<string>;
  readonly principalId: pulumi.Input<string>;
}

function createPrincipals(name: string, args: AzureIdentityArgs, parent: pulumi.Resource): readonly SignIn[] {
  const { signIn } = args;
  if ("principalId" in signIn) return [{ who: "ci", jobs: azureJobs, ...signIn }];
  return azureJobs.map((job) => {
    const { clientId, principalId } = createIdentity(name, job, signIn, args, parent);
    return { who: job, jobs: [job], clientId, principalId };
  });
}

function createIdentity(
  name: string,
  job: AzureJob,
  trust: Trust,
  { scope, workspace, location }: AzureIdentityArgs,
  parent: pulumi.Resource,
): UserAssignedIdentity {
  const shared = { resourceGroupName: workspace.resourceGroup };
  const identity = new UserAssignedIdentity(
    `${name}-${job}`,
    { ...shared, location, resourceName: `id-${scope.project}-${scope.stack}-${job}`, tags: tagsOf(scope) },
    { parent },
  );
  // One after the other: Azure answers 409 to two that are written to one identity at a time.
  let last: pulumi.Resource = identity;
  for (const subject of trust.subjects(job)) {
    const context = contextOf(trust, subject);
    last = new FederatedIdentityCredential(
      `${name}-${job}-${context ?? trust.system}`,
      {
        ...shared,
        resourceName: identity.name,
        federatedIdentityCredentialResourceName: [trust.system, context].filter(Boolean).join("-"),
        issuer: `https://${trust.issuer}`,
        subject,
        audiences: ["api://AzureADTokenExchange"],
      },
      { parent, dependsOn: last },
    );
  }
  return identity;
}

/** What tells the subjects of a job apart: with GitHub, where it runs (`environment-staging`). Others have one. */
function contextOf({ system }: Trust, subject: string): string | undefined {
  return system === "github" ? subject.split(":").slice(2).join("-").replaceAll("_", "-") : undefined;
}
