import type { Key } from "@pulumi/aws/kms/key.js";
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketLogging } from "@pulumi/aws/s3/bucketLogging.js";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import type * as pulumi from "@pulumi/pulumi";
import { bucketName, type Purpose, type Scope, tagsOf } from "../names.ts";
import { lifecycleOf } from "./lifecycle.ts";
import { policyOf, type Statement, takeLogs, tlsOnly } from "./policies.ts";

/** What a bucket is for, and what holds for it beyond what holds for all. */
export interface BucketArgs {
  readonly scope: Scope;
  readonly purpose: Purpose;
  readonly protect: boolean;
  /** @default - a key that S3 keeps */
  readonly key: Key | undefined;
  /** Where its access logs go, under its purpose. @default - nowhere */
  readonly logs: LogBucket | undefined;
  readonly lifecycle: (typeof lifecycleOf)[Purpose];
  /** Statements of its policy beside those that demand TLS. */
  readonly statements: (arn: pulumi.Output<string>) => readonly Statement[];
}

/** The bucket that takes access logs, once S3 may write to it. */
export interface LogBucket {
  readonly bucket: Bucket;
  readonly policy: BucketPolicy;
}

/** A bucket behind all its locks. */
export function createBucket(name: string, args: BucketArgs, parent: pulumi.Resource): Bucket {
  return createLocked(name, args, parent).bucket;
}

/** For the logs of the other buckets. S3 writes them with its own key only; a log of the logs would never end. */
export function createLogBucket(
  name: string,
  { scope, protect }: Pick<BucketArgs, "scope" | "protect">,
  parent: pulumi.Resource,
): LogBucket {
  const buckets = (["data", "models"] as const).map((purpose) => bucketName(scope, purpose));
  const own = { key: undefined, logs: undefined, lifecycle: lifecycleOf.logs };
  const statements = (arn: pulumi.Output<string>) => [takeLogs(arn, buckets, parent)];
  return createLocked(name, { scope, protect, purpose: "logs", ...own, statements }, parent);
}

function createLocked(name: string, args: BucketArgs, parent: pulumi.Resource): LogBucket {
  const { scope, protect, key, logs } = args;
  const inputs = { bucket: bucketName(scope, args.purpose), forceDestroy: !protect, tags: tagsOf(scope) };
  const bucket = new Bucket(name, inputs, { parent, protect });
  const target = { bucket: bucket.id };

  const versioning = new BucketVersioning(
    `${name}-versioning`,
    { ...target, versioningConfiguration: { status: "Enabled" } },
    { parent },
  );
  new BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    { ...target, rules: [encryptionWith(key)] },
    { parent },
  );
  new BucketOwnershipControls(
    `${name}-ownership`,
    { ...target, rule: { objectOwnership: "BucketOwnerEnforced" } },
    { parent },
  );
  const closed = new BucketPublicAccessBlock(
    `${name}-closed`,
    { ...target, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    { parent },
  );
  // S3 answers 409 to two changes of who may reach a bucket at the same time.
  const policy = new BucketPolicy(
    `${name}-policy`,
    { ...target, policy: policyOf([...tlsOnly(bucket.arn), ...args.statements(bucket.arn)]) },
    { parent, dependsOn: closed },
  );
  // Rules about versions that are not current mean nothing before there are versions.
  new BucketLifecycleConfiguration(
    `${name}-lifecycle`,
    { ...target, rules: [...args.lifecycle] },
    { parent, dependsOn: versioning },
  );
  if (logs) {
    new BucketLogging(
      `${name}-logging`,
      { ...target, targetBucket: logs.bucket.id, targetPrefix: `${args.purpose}/` },
      { parent, dependsOn: logs.policy },
    );
  }
  return { bucket, policy };
}

/** With a key of one's own, a bucket key saves nearly all calls to KMS, and their price. */
function encryptionWith(key: Key | undefined) {
  if (!key) return { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } };
  return {
    applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn },
    bucketKeyEnabled: true,
  };
}
