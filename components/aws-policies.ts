import { type CiJob, ciJobs } from "./ci-jobs.ts";

/** A statement of an IAM policy. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A policy of IAM's language. */
export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** What the jobs of an environment reach in AWS. */
export interface Reach {
  /** Buckets of the environment. */
  readonly data: string;
  readonly models: string;
  /** Buckets of access logs and the like: a refresh reads their settings. */
  readonly others: readonly string[];
  /** Models buckets of other environments that `deploy` copies packages from. */
  readonly sources: readonly string[];
  /** Where Pulumi keeps the environment's state, if that is S3. */
  readonly state?: { readonly bucket: string; readonly project: string; readonly stack: string } | undefined;
  /** ARN of the KMS key that encrypts the state's secrets. */
  readonly stateKey?: string | undefined;
  /** ARNs of the KMS keys that encrypt the environment's buckets. */
  readonly bucketKeys: readonly string[];
  /** ARNs of the KMS keys that encrypt the sources. */
  readonly sourceKeys: readonly string[];
  /** ARNs of the jobs' own roles and of the OIDC provider: a refresh reads them. */
  readonly identities: readonly string[];
}

/**
 * What a job may do in AWS, and what it may not do whatever else is granted to it. Object for object what the commands
 * of that job read and write; `tests/components/aws-policies.test.ts` holds both sides.
 */
export function jobPolicy(job: CiJob, reach: Reach): Policy {
  const rights: Record<CiJob, () => Statement[]> = {
    validate: () => readData(reach, "data", "metadata"),
    train: () => [...readData(reach, "data", "metadata"), ...splitData(reach), ...readModels(reach), ...publish(reach)],
    gate: () => [...readData(reach, "data/test"), ...readModels(reach), ...measure(reach)],
    promote: () => rollOut(reach),
    deploy: () => [...rollOut(reach), ...copyPackages(reach)],
    rollback: () => rollOut(reach),
    preview: () => [...readModels(reach, "releases"), ...seeStack(reach), ...readState(reach)],
  };
  const refused = [...keepHistory(reach), ...noIdentities(), ...(reads(job) ? [] : [noTrainingData(reach)])];
  return { Version: "2012-10-17", Statement: [...rights[job](), ...useKeys(job, reach), ...refused] };
}

const reads = (job: CiJob) => job === "validate" || job === "train" || job === "gate";

const bucketArn = (bucket: string) => `arn:aws:s3:::${bucket}`;
const below = (bucket: string, ...paths: readonly string[]) => paths.map((path) => `${bucketArn(bucket)}/${path}`);

function allow(Sid: string, Action: readonly string[], Resource: readonly string[]): Statement {
  return { Sid, Effect: "Allow", Action, Resource };
}

/**
 * S3 says "not there" only to whoever may list the bucket, and "denied" to all others. That question carries no prefix,
 * hence `IfExists`: with a plain condition every look at a missing object would fail.
 */
function list(Sid: string, bucket: string, prefixes: readonly string[]): Statement {
  const Condition = { StringLikeIfExists: { "s3:prefix": prefixes.map((prefix) => `${prefix}/*`) } };
  return { ...allow(Sid, ["s3:ListBucket"], [bucketArn(bucket)]), Condition };
}

function readData({ data }: Reach, ...prefixes: readonly string[]): Statement[] {
  const objects = prefixes.map((prefix) => `${prefix}/*`);
  return [list("ListData", data, prefixes), allow("ReadData", ["s3:GetObject"], below(data, ...objects))];
}

/** `prepare-data` moves pictures between the two sides; `check-new-data` notes how far it has looked. */
function splitData({ data }: Reach): Statement[] {
  const sides = ["data/processed/*", "data/test/*"];
  return [
    allow("WriteSides", ["s3:PutObject"], below(data, ...sides, "metadata/*")),
    allow("ClearSides", ["s3:DeleteObject"], below(data, ...sides)),
  ];
}

function readModels({ models }: Reach, ...more: readonly string[]): Statement[] {
  const prefixes = ["models", ...more];
  const objects = prefixes.map((prefix) => `${prefix}/*`);
  return [list("ListModels", models, prefixes), allow("ReadModels", ["s3:GetObject"], below(models, ...objects))];
}

/** May make objects, and never replace one: S3 refuses a write that does not say `If-None-Match`. */
function create(Sid: string, bucket: string, ...paths: readonly string[]): Statement {
  const Condition = { Null: { "s3:if-none-match": "false" } };
  return { ...allow(Sid, ["s3:PutObject"], below(bucket, ...paths)), Condition };
}

const MODEL_FILES = ["model.onnx", "labels.json", "golden.json", "manifest.json"].map((name) => `models/*/${name}`);
/** Written once a model is measured: its metrics, and the signature of it all. */
const MEASURED = ["metrics.json", "model.sig"].map((name) => `models/*/${name}`);

/** A new package, and the alias that names it. */
function publish({ models }: Reach): Statement[] {
  const aliases = below(models, "models/latest/alias.json", "models/new/alias.json");
  return [create("PublishModels", models, ...MODEL_FILES), allow("MoveAliases", ["s3:PutObject"], aliases)];
}

/** What lies beside a package once it is measured: figures, written once, and its card, which nothing reads. */
function measure({ models }: Reach): Statement[] {
  const cards = allow("WriteCards", ["s3:PutObject"], below(models, "models/*/reports/*"));
  return [create("WriteMetrics", models, ...MEASURED), cards];
}

/** What every update of the stack needs, and no training rights. */
function rollOut(reach: Reach): Statement[] {
  return [
    ...readModels(reach, "releases"),
    create("RecordReleases", reach.models, "releases/*"),
    ...seeStack(reach),
    ...readState(reach),
    ...writeState(reach),
  ];
}

/** Byte for byte from where it was trained; what is there already is never replaced. */
function copyPackages({ models, sources }: Reach): Statement[] {
  const copy = create("CopyPackages", models, ...MODEL_FILES, ...MEASURED);
  if (sources.length === 0) return [copy];
  const from = sources.flatMap((bucket) => below(bucket, "models/*"));
  const lists = sources.map((bucket, index) => list(`ListSource${index + 1}`, bucket, ["models"]));
  return [copy, ...lists, allow("ReadSources", ["s3:GetObject"], from)];
}

/** What a refresh asks about the buckets, by the names of the permissions; each is about one setting. */
const BUCKET_SETTINGS = [
  "s3:GetAccelerateConfiguration",
  "s3:GetBucketAcl",
  "s3:GetBucketCORS",
  "s3:GetBucketLocation",
  "s3:GetBucketLogging",
  "s3:GetBucketObjectLockConfiguration",
  "s3:GetBucketOwnershipControls",
  "s3:GetBucketPolicy",
  "s3:GetBucketPublicAccessBlock",
  "s3:GetBucketRequestPayment",
  "s3:GetBucketTagging",
  "s3:GetBucketVersioning",
  "s3:GetBucketWebsite",
  "s3:GetEncryptionConfiguration",
  "s3:GetLifecycleConfiguration",
  "s3:GetReplicationConfiguration",
];
const IDENTITY_SETTINGS = [
  "iam:GetOpenIDConnectProvider",
  "iam:GetRole",
  "iam:GetRolePolicy",
  "iam:GetUser",
  "iam:GetUserPolicy",
  "iam:ListAttachedRolePolicies",
  "iam:ListRolePolicies",
];
const KEY_SETTINGS = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"];

/** Settings of what the stack has made, so that drift is seen; no content. */
function seeStack({ data, models, others, identities, bucketKeys }: Reach): Statement[] {
  return [
    allow("SeeBuckets", BUCKET_SETTINGS, [data, models, ...others].map(bucketArn)),
    allow("SeeIdentities", IDENTITY_SETTINGS, identities),
    ...(bucketKeys.length === 0 ? [] : [allow("SeeKeys", KEY_SETTINGS, bucketKeys)]),
  ];
}

/** Pulumi's files of this stack alone, in a bucket that it may share with others. */
function stateFiles({ bucket, project, stack }: NonNullable<Reach["state"]>): string[] {
  const own = [
    `.pulumi/stacks/${project}/${stack}.json*`,
    `.pulumi/history/${project}/${stack}/*`,
    `.pulumi/backups/${project}/${stack}/*`,
    `.pulumi/locks/organization/${project}/${stack}/*`,
  ];
  return below(bucket, ...own);
}

function readState({ state, stateKey }: Reach): Statement[] {
  if (state === undefined) return [];
  const files = [...stateFiles(state), ...below(state.bucket, ".pulumi/meta.yaml", ".pulumi/Pulumi.yaml")];
  return [
    list("ListState", state.bucket, [".pulumi"]),
    allow("ReadState", ["s3:GetObject"], files),
    ...(stateKey === undefined ? [] : [allow("ReadSecrets", ["kms:Decrypt"], [stateKey])]),
  ];
}

function writeState({ state }: Reach): Statement[] {
  return state === undefined ? [] : [allow("WriteState", ["s3:PutObject", "s3:DeleteObject"], stateFiles(state))];
}

/** Objects of a bucket with a KMS key are read and written with it. */
function useKeys(job: CiJob, { bucketKeys, sourceKeys }: Reach): Statement[] {
  const write = job === "validate" || job === "preview" ? [] : ["kms:GenerateDataKey"];
  const own = bucketKeys.length > 0 ? [allow("UseKeys", ["kms:Decrypt", ...write], bucketKeys)] : [];
  const copied = job === "deploy" && sourceKeys.length > 0;
  return [...own, ...(copied ? [allow("UseSourceKeys", ["kms:Decrypt"], sourceKeys)] : [])];
}

/** No job destroys a model, a release record, an old version of anything, or what keeps them. */
function keepHistory({ data, models }: Reach): Statement[] {
  const deny = (Sid: string, Action: readonly string[], Resource: readonly string[]): Statement => ({
    Sid,
    Effect: "Deny",
    Action,
    Resource,
  });
  return [
    deny("KeepModels", ["s3:DeleteObject"], below(models, "*")),
    deny("KeepVersions", ["s3:DeleteObjectVersion"], below(models, "*").concat(below(data, "*"))),
    deny(
      "KeepBuckets",
      ["s3:DeleteBucket*", "s3:PutBucket*", "s3:PutLifecycleConfiguration"],
      [bucketArn(data), bucketArn(models)],
    ),
  ];
}

/** Every verb of IAM that changes something or passes a role on: no job makes itself or another one mightier. */
const IAM_CHANGES =
  "Add Attach Create Deactivate Delete Detach Enable Put Remove Reset Resync Set Tag Untag Update Upload"
    .split(" ")
    .map((verb) => `iam:${verb}*`);

function noIdentities(): Statement[] {
  return [{ Sid: "NoIdentities", Effect: "Deny", Action: [...IAM_CHANGES, "iam:PassRole"], Resource: ["*"] }];
}

function noTrainingData({ data }: Reach): Statement {
  return { Sid: "NoTrainingData", Effect: "Deny", Action: ["s3:GetObject"], Resource: below(data, "*") };
}

/**
 * Who may take a role on: jobs with one of these subjects, for AWS and nothing else.
 *
 * @param issuer without `https://`
 * @param provider ARN of the account's OIDC provider for it
 */
export function tokenTrust(issuer: string, provider: string, subjects: readonly string[]): object {
  return trust({ Federated: provider }, "sts:AssumeRoleWithWebIdentity", {
    StringEquals: { [`${issuer}:aud`]: "sts.amazonaws.com", [`${issuer}:sub`]: subjects },
  });
}

/** Who may take a role on where a team has to use keys: one user, who may do nothing else. */
export function userTrust(user: string): object {
  return trust({ AWS: user }, "sts:AssumeRole");
}

function trust(Principal: object, Action: string, Condition?: object): object {
  const statement = { Effect: "Allow", Principal, Action, ...(Condition === undefined ? {} : { Condition }) };
  return { Version: "2012-10-17", Statement: [statement] };
}

/** All that the user of `auth: keys` may do: take on the roles of the jobs. */
export function mayAssume(roles: readonly string[]): Policy {
  return { Version: "2012-10-17", Statement: [allow("TakeOnRoles", ["sts:AssumeRole"], roles)] };
}

/** Name of a job's role: `<project>-<stack>-<job>`. IAM allows 64 characters; the config allows 24 and 16. */
export function roleName({ project, stack }: { project: string; stack: string }, job: CiJob): string {
  return `${project}-${stack}-${job}`;
}

/** Names of all the jobs' roles. */
export function roleNames(scope: { project: string; stack: string }): string[] {
  return ciJobs.map((job) => roleName(scope, job));
}
