import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import { OpenIdConnectProvider } from "@pulumi/aws/iam/openIdConnectProvider.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { User } from "@pulumi/aws/iam/user.js";
import { UserPolicy } from "@pulumi/aws/iam/userPolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { jobPolicy, mayAssume, type Reach, roleName, roleNames, tokenTrust, userTrust } from "./aws-policies.ts";
import { type CiJob, ciJobs, type Trust } from "./ci-jobs.ts";
import { type Scope, tagsOf } from "./names.ts";

/** Arguments of {@link AwsIdentity}. */
export interface AwsIdentityArgs {
  readonly scope: Scope;
  /** Whose tokens the roles trust. @default - a user takes the roles on, whose key somebody made outside Pulumi */
  readonly trust?: Trust | undefined;
  /** Whether this stack keeps the account's one OIDC provider of the CI system. Others point to it, made or not. */
  readonly ownsProvider: boolean;
  /** Whether that provider refuses to be deleted. */
  readonly protect: boolean;
  /** What the jobs reach, but for what only the account tells. */
  readonly reach: Omit<Reach, "bucketKeys" | "identities">;
  /** ARN of the KMS key that the buckets are encrypted with. @default - S3 keeps the key */
  readonly bucketKey?: pulumi.Output<string> | undefined;
}

/** Longest session, seconds: the shortest that IAM knows. */
const SESSION = 3600;

/**
 * Who CI is in AWS: a role for each kind of job, with what that job needs and no more, taken on for an hour at most. No
 * access key is made, stored or needed where tokens are trusted.
 *
 * Costs nothing. Deleting it locks the environment's jobs out of AWS; without the provider, those of every environment
 * of the account.
 */
export class AwsIdentity extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:aws-identity:AwsIdentity";

  /** ARN of each job's role. */
  readonly roles: Readonly<Record<CiJob, pulumi.Output<string>>>;

  constructor(name: string, args: AwsIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super(AwsIdentity.type, name, {}, opts);
    const { accountId } = getCallerIdentityOutput({}, { parent: this });
    const reach = pulumi.all([accountId, args.bucketKey ?? ""]).apply(([account, key]) => reachIn(account, key, args));
    const trusted = createTrusted(name, args, accountId, this);
    const roles = ciJobs.map((job) => [job, createRole(name, job, args.scope, trusted(job), reach, this).arn] as const);
    this.roles = Object.fromEntries(roles) as Record<CiJob, pulumi.Output<string>>;
    this.registerOutputs({ roles: this.roles });
  }
}

/** The ARN follows from the account and the issuer, so that two stacks need not wait for each other. */
const providerArn = (account: string, issuer: string) => `arn:aws:iam::${account}:oidc-provider/${issuer}`;
const roleArn = (account: string, role: string) => `arn:aws:iam::${account}:role/${role}`;

function reachIn(account: string, key: string, { scope, trust, reach }: AwsIdentityArgs): Reach {
  const provider = trust === undefined ? [] : [providerArn(account, trust.issuer)];
  const identities = [...roleNames(scope).map((role) => roleArn(account, role)), ...provider];
  return { ...reach, bucketKeys: key === "" ? [] : [key], identities };
}

/** Who may take a job's role on: its own tokens, or else the one user. */
function createTrusted(
  name: string,
  args: AwsIdentityArgs,
  accountId: pulumi.Output<string>,
  parent: pulumi.Resource,
): (job: CiJob) => pulumi.Output<object> {
  const { trust } = args;
  if (trust === undefined) {
    const { arn } = createUser(name, args, accountId, parent);
    return () => arn.apply(userTrust);
  }
  if (args.ownsProvider) createProvider(name, trust, args, parent);
  const { issuer } = trust;
  return (job) => accountId.apply((account) => tokenTrust(issuer, providerArn(account, issuer), trust.subjects(job)));
}

/** AWS checks the issuer's certificate by its authority: no thumbprint is needed. */
function createProvider(
  name: string,
  { system, issuer }: Trust,
  { scope, protect }: AwsIdentityArgs,
  parent: pulumi.Resource,
): void {
  new OpenIdConnectProvider(
    `${name}-${system}`,
    { url: `https://${issuer}`, clientIdLists: ["sts.amazonaws.com"], tags: tagsOf(scope) },
    { parent, protect },
  );
}

function createRole(
  name: string,
  job: CiJob,
  scope: Scope,
  trust: pulumi.Output<object>,
  reach: pulumi.Output<Reach>,
  parent: pulumi.Resource,
): Role {
  const role = new Role(
    `${name}-${job}`,
    {
      name: roleName(scope, job),
      description: `What CI may do to ${job} in ${scope.stack} of ${scope.project}`,
      assumeRolePolicy: pulumi.jsonStringify(trust),
      maxSessionDuration: SESSION,
      tags: tagsOf(scope),
    },
    { parent },
  );
  const policy = pulumi.jsonStringify(reach.apply((where) => jobPolicy(job, where)));
  new RolePolicy(`${name}-${job}-rights`, { role: role.name, name: "rights", policy }, { parent });
  return role;
}

/** May do nothing but take the roles on. Its key is made by hand: Pulumi would keep it in the state. */
function createUser(
  name: string,
  { scope }: AwsIdentityArgs,
  account: pulumi.Output<string>,
  parent: pulumi.Resource,
): User {
  const user = new User(
    `${name}-user`,
    { name: `${scope.project}-${scope.stack}-ci`, tags: tagsOf(scope) },
    { parent },
  );
  const roles = account.apply((id) => mayAssume(roleNames(scope).map((role) => roleArn(id, role))));
  const inputs = { user: user.name, name: "rights", policy: pulumi.jsonStringify(roles) };
  new UserPolicy(`${name}-user-rights`, inputs, { parent });
  return user;
}
