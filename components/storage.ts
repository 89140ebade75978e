import * as pulumi from "@pulumi/pulumi";
import type { Scope } from "./names.ts";
import { type BucketArgs, createBucket, createLogBucket } from "./storage/bucket.ts";
import { createKey } from "./storage/key.ts";
import { lifecycleOf } from "./storage/lifecycle.ts";
import { keepVersions } from "./storage/policies.ts";

/** Arguments of {@link Storage}. */
export interface StorageArgs {
  readonly scope: Scope;
  /** Whether the buckets refuse to be deleted. Where they do not, deleting one deletes all objects in it. */
  readonly protect: boolean;
  /** `kms`: with a key of the stack's own, whose use the account's trail shows. `s3`: with one that S3 keeps. */
  readonly encryption: "kms" | "s3";
  /** ARNs of the IAM principals that may delete a version of a model nevertheless, where `protect` holds. */
  readonly breakGlass: readonly string[];
}

/**
 * The buckets of an environment: `data` for pictures, `models` for model packages and the log of releases, and `logs`
 * for who asked the two for what. Private, encrypted, versioned, owned by the account, and reached over TLS 1.2 alone.
 * Where they are protected, nobody deletes a version of a model, whatever IAM allows.
 *
 * Cost: about $0.023 a GB and month, half of it for what is old; $1 a month for the key. Deleting it destroys every data
 * set and model of the environment; deployments that run go on, as Azure ML has its own copy of their models.
 */
export class Storage extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:storage:Storage";

  /** Name of the data bucket. */
  readonly data: pulumi.Output<string>;
  /** Name of the models bucket. */
  readonly models: pulumi.Output<string>;
  /** ARN of the key that both are encrypted with, for who reads and writes them; none where S3 keeps it. */
  readonly keyArn: pulumi.Output<string> | undefined;

  constructor(name: string, args: StorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Storage.type, name, {}, opts);
    const { scope, protect } = args;
    const key = args.encryption === "kms" ? createKey(`${name}-key`, scope, { parent: this, protect }) : undefined;
    const logs = createLogBucket(`${name}-logs`, { scope, protect }, this);
    const shared: Omit<BucketArgs, "purpose" | "lifecycle" | "statements"> = { scope, protect, key, logs };

    const data = createBucket(
      `${name}-data`,
      { ...shared, purpose: "data", lifecycle: lifecycleOf.data, statements: () => [] },
      this,
    );
    const models = createBucket(
      `${name}-models`,
      {
        ...shared,
        purpose: "models",
        lifecycle: lifecycleOf.models,
        statements: (arn) => (protect ? [keepVersions(arn, args.breakGlass)] : []),
      },
      this,
    );

    this.data = data.bucket;
    this.models = models.bucket;
    this.keyArn = key?.arn;
    this.registerOutputs({ data: this.data, models: this.models });
  }
}
