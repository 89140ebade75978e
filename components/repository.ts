import { ActionsEnvironmentSecret } from "@pulumi/github/actionsEnvironmentSecret.js";
import { ActionsEnvironmentVariable } from "@pulumi/github/actionsEnvironmentVariable.js";
import { RepositoryEnvironment } from "@pulumi/github/repositoryEnvironment.js";
import { RepositoryEnvironmentDeploymentPolicy } from "@pulumi/github/repositoryEnvironmentDeploymentPolicy.js";
import * as pulumi from "@pulumi/pulumi";
import type { Scope } from "./names.ts";

/** Arguments of {@link Repository}. */
export interface RepositoryArgs {
  readonly scope: Scope;
  /** Name of the repository, without its owner. It exists already. */
  readonly repository: string;
  /** Ids of who approves a deployment, at most six; one of them is enough. Without any, nobody has to. */
  readonly reviewers: { readonly teams: readonly number[]; readonly users: readonly number[] };
  /** Minutes that every job of the environment waits, the way back too; at most 43200. @default 0 */
  readonly waitMinutes?: number | undefined;
  /** Branches, or patterns of their names, whose jobs may use the environment. @default - any */
  readonly branches?: readonly string[] | undefined;
  /** What the workflows of this environment read, by name. */
  readonly variables: Variables;
  /**
   * What previews of pull requests and the watch for drift read. Their jobs have an environment of their own,
   * `<stack>-preview`: it waits for nobody and takes any branch, so it must lead to no right to change anything.
   */
  readonly previewVariables: Variables;
  /** Address and key of the endpoint, for tests that call it. @default - no secrets */
  readonly endpoint?: { readonly url: pulumi.Output<string>; readonly apiKey: pulumi.Output<string> | undefined };
}

type Variables = Readonly<Record<string, pulumi.Input<string>>>;

/**
 * A GitHub environment: who may use it, and what its workflows need to know. What the repository has once is
 * RepositoryRules.
 *
 * Costs nothing; reviewers on private repositories need GitHub Enterprise. Deleting it stops the pipeline: its jobs name
 * this environment, and its secrets go with it.
 */
export class Repository extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:repository:Repository";

  /** Name of the environment, which is the stack's. */
  readonly environment: pulumi.Output<string>;

  constructor(name: string, args: RepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Repository.type, name, {}, opts);
    const environment = createEnvironment(name, args, this);
    createBranchPolicies(name, args, environment, this);
    createVariables(name, environment, args.variables, this);
    const preview = createPreview(name, args, this);
    createVariables(`${name}-preview`, preview, args.previewVariables, this);

    const target = { repository: args.repository, environment: environment.environment };
    for (const [secretName, value] of Object.entries(endpointSecrets(args))) {
      new ActionsEnvironmentSecret(`${name}-${slug(secretName)}`, { ...target, secretName, value }, { parent: this });
    }

    this.environment = environment.environment;
    this.registerOutputs({ environment: this.environment });
  }
}

function createEnvironment(name: string, args: RepositoryArgs, parent: pulumi.Resource): RepositoryEnvironment {
  const { teams, users } = args.reviewers;
  const reviewed = teams.length + users.length > 0;
  const branched = (args.branches ?? []).length > 0;
  return new RepositoryEnvironment(
    `${name}-environment`,
    {
      repository: args.repository,
      environment: args.scope.stack,
      // An approval that administrators can skip is none.
      canAdminsBypass: false,
      ...(reviewed ? { reviewers: [{ teams: [...teams], users: [...users] }], preventSelfReview: true } : {}),
      ...(args.waitMinutes ? { waitTimer: args.waitMinutes } : {}),
      ...(branched ? { deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true } } : {}),
    },
    { parent },
  );
}

/** Without reviewers and branches: a pull request is previewed before anybody has looked at it. */
function createPreview(name: string, args: RepositoryArgs, parent: pulumi.Resource): RepositoryEnvironment {
  const environment = `${args.scope.stack}-preview`;
  return new RepositoryEnvironment(
    `${name}-preview`,
    { repository: args.repository, environment, canAdminsBypass: false },
    { parent },
  );
}

function createVariables(
  name: string,
  { repository, environment }: RepositoryEnvironment,
  variables: Variables,
  parent: pulumi.Resource,
): void {
  for (const [variableName, value] of Object.entries(variables)) {
    const inputs = { repository, environment, variableName, value };
    new ActionsEnvironmentVariable(`${name}-${slug(variableName)}`, inputs, { parent });
  }
}

function createBranchPolicies(
  name: string,
  { repository, branches = [] }: RepositoryArgs,
  { environment }: RepositoryEnvironment,
  parent: pulumi.Resource,
): void {
  for (const branchPattern of branches) {
    const inputs = { repository, environment, branchPattern };
    new RepositoryEnvironmentDeploymentPolicy(`${name}-from-${slug(branchPattern)}`, inputs, { parent });
  }
}

/** `STAGING_ENDPOINT_URL` and `STAGING_API_KEY`, where the endpoint has a key. */
function endpointSecrets({ scope, endpoint }: RepositoryArgs): Record<string, pulumi.Output<string>> {
  if (!endpoint?.apiKey) return {};
  const prefix = scope.stack.toUpperCase().replaceAll("-", "_");
  return {
    [`${prefix}_ENDPOINT_URL`]: pulumi.secret(endpoint.url),
    [`${prefix}_API_KEY`]: pulumi.secret(endpoint.apiKey),
  };
}

/** `DATA_BUCKET` as part of a resource's name: `data-bucket`. */
function slug(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9.*]+/g, "-");
}
