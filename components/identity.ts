import { getClientConfigOutput } from "@pulumi/azure-native/authorization/getClientConfig.js";
import * as pulumi from "@pulumi/pulumi";
import { AwsIdentity } from "./aws-identity.ts";
import { AzureIdentity, type Principal } from "./azure-identity.ts";
import { azureJobs, type CiJob, ciJobs, type OidcRepository, type Trust, trustOf } from "./ci-jobs.ts";
import { bucketName, type Scope } from "./names.ts";
import type { WorkspaceAddress } from "./workspace.ts";

/** Arguments of {@link Identity}. */
export interface IdentityArgs {
  readonly scope: Scope;
  readonly workspace: WorkspaceAddress;
  readonly location: string;
  /** Whether the account's OIDC provider, if this stack keeps it, refuses to be deleted. */
  readonly protect: boolean;
  /** The repository whose jobs are trusted. */
  readonly repository: OidcRepository;
  /** Who keeps what the AWS account has once: its OIDC provider of the CI system. */
  readonly singletons: "here" | "elsewhere";
  /** What the endpoint asks of its callers. */
  readonly authMode: "Key" | "AMLToken" | "AADToken";
  /** ARN of the KMS key of the buckets. @default - S3 keeps the key */
  readonly bucketKey?: pulumi.Output<string> | undefined;
  /** `oidc`: no key anywhere. `keys`: for teams whose CI cannot show a token; somebody makes the keys outside Pulumi. */
  readonly auth: "oidc" | "keys";
  /** With keys: the service principal that acts for all jobs in Azure. */
  readonly principal?: Principal | undefined;
  /** Stacks of the same project whose model packages `deploy` copies. @default - none */
  readonly readsFrom?: readonly string[] | undefined;
  /** ARNs of the KMS keys of their buckets. @default - S3 keeps them */
  readonly sourceKeys?: readonly string[] | undefined;
  /** Where Pulumi keeps state, if that is S3, and the KMS key of its secrets. @default - another backend */
  readonly state?: { readonly bucket: string; readonly kmsKey?: string | undefined } | undefined;
  /** Object ids of who may call the endpoint. @default - nobody beside the jobs that test it */
  readonly callers?: readonly string[] | undefined;
}

/** Values of GitHub variables by name. */
type Variables = Readonly<Record<string, pulumi.Output<string>>>;

/**
 * Who the jobs of CI are, in both clouds, and what they may do there. What each job reads to sign in stands in
 * `variables`: `AWS_ROLE_<JOB>`, `AZURE_CLIENT_ID_<JOB>`, `AZURE_TENANT_ID`.
 *
 * Costs nothing. Deleting it locks all jobs of the environment out of both clouds.
 */
export class Identity extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:identity:Identity";

  /** For jobs of the stack's environment. */
  readonly variables: Variables;
  /** For previews, which have an environment of their own. */
  readonly previewVariables: Variables;

  constructor(name: string, args: IdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Identity.type, name, {}, opts);
    const { scope, auth, protect, workspace, location } = args;
    if (auth === "keys") void pulumi.log.warn(KEYS_WARNING, this);
    const signIn = signInOf(args);
    const trust = "system" in signIn ? signIn : undefined;

    const aws = new AwsIdentity(
      `${name}-aws`,
      {
        scope,
        trust,
        ownsProvider: args.singletons === "here",
        protect,
        reach: reachOf(args),
        bucketKey: args.bucketKey,
      },
      { parent: this },
    );
    const azure = new AzureIdentity(
      `${name}-azure`,
      {
        scope,
        workspace,
        location,
        signIn,
        asksForKeys: args.authMode === "Key",
        callers: args.callers ?? [],
      },
      { parent: this },
    );

    const { tenantId } = getClientConfigOutput({ parent: this });
    const of = (jobs: readonly CiJob[]): Variables => ({
      ...Object.fromEntries(jobs.map((job) => [`AWS_ROLE_${job.toUpperCase()}`, aws.roles[job]])),
      ...Object.fromEntries(
        azureJobs
          .filter((job) => jobs.includes(job))
          .map((job) => [`AZURE_CLIENT_ID_${job.toUpperCase()}`, azure.clientIds[job]]),
      ),
      AZURE_TENANT_ID: tenantId,
    });
    this.variables = of(ciJobs.filter((job) => job !== "preview"));
    this.previewVariables = of(["preview"]);
    this.registerOutputs({});
  }
}

const KEYS_WARNING =
  "ml-delivery:identity.auth is keys: whoever gets hold of a key is CI until somebody takes the key away. Set it to " +
  "oidc as soon as your CI can show tokens; docs/security.md says what to do with keys until then.";

/** Whose tokens are trusted, or who holds the keys. */
function signInOf({ auth, repository, scope, principal }: IdentityArgs): Trust | Principal {
  if (auth === "oidc") return trustOf(repository, scope.stack);
  if (principal === undefined) throw new Error("keys need a principal, which holds the one of Azure");
  return principal;
}

function reachOf({ scope, readsFrom = [], sourceKeys = [], state }: IdentityArgs) {
  const { project, stack } = scope;
  return {
    data: bucketName(scope, "data"),
    models: bucketName(scope, "models"),
    others: [bucketName(scope, "logs")],
    sources: readsFrom.map((other) => bucketName({ project, stack: other }, "models")),
    sourceKeys,
    state: state && { bucket: state.bucket, project: pulumi.getProject(), stack },
    stateKey: state?.kmsKey,
  };
}
