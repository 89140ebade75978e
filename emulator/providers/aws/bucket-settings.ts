import {
  DeleteBucketEncryptionCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLoggingCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketLoggingCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { needText, only, type Properties, present, type Value } from "../values.ts";
import { fromS3, toS3 } from "./spelling.ts";

/** A setting of a bucket that is a resource of its own: `aws:s3/bucketVersioning:BucketVersioning` and the like. */
export interface BucketSetting {
  readonly token: string;
  readonly required: readonly string[];
  readonly optional: readonly string[];
  put(client: S3Client, bucket: string, inputs: Properties): Promise<unknown>;
  /** The inputs as S3 has them; undefined where there is no such setting. Throws S3's own `NoSuch…` errors. */
  get(client: S3Client, bucket: string): Promise<Properties | undefined>;
  remove(client: S3Client, bucket: string, inputs: Properties): Promise<unknown>;
}

/** A value in S3's spelling, for a command that types it more closely than properties can be. */
const s3 = <T>(value: Value | undefined): T => toS3(value ?? null) as unknown as T;

const blocks = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"];

/** Every setting that the emulator offers. */
export const bucketSettings: readonly BucketSetting[] = [
  {
    token: "aws:s3/bucketVersioning:BucketVersioning",
    required: ["versioningConfiguration"],
    optional: [],
    put: (client, Bucket, inputs) =>
      client.send(
        new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: s3(inputs["versioningConfiguration"]) }),
      ),
    async get(client, Bucket) {
      const { Status, MFADelete } = await client.send(new GetBucketVersioningCommand({ Bucket }));
      return Status === undefined ? undefined : { versioningConfiguration: fromS3({ Status, MFADelete }) };
    },
    // Versioning cannot be taken away, only suspended; a bucket that never had it stays as it is.
    async remove(client, Bucket, inputs) {
      const { versioningConfiguration } = inputs;
      if (only(versioningConfiguration as Properties, ["status"])["status"] !== "Enabled") return;
      const VersioningConfiguration = { Status: "Suspended" as const };
      await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    },
  },
  {
    token: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    required: [],
    optional: [...blocks, "skipDestroy"],
    put: (client, Bucket, inputs) =>
      client.send(
        new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: s3(only(inputs, blocks)) }),
      ),
    async get(client, Bucket) {
      const answer = await client.send(new GetPublicAccessBlockCommand({ Bucket }));
      return fromS3(answer.PublicAccessBlockConfiguration) as Properties;
    },
    async remove(client, Bucket, inputs) {
      if (inputs["skipDestroy"] !== true) await client.send(new DeletePublicAccessBlockCommand({ Bucket }));
    },
  },
  {
    token: "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    required: ["rule"],
    optional: [],
    put: (client, Bucket, inputs) =>
      client.send(
        new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [s3(inputs["rule"])] } }),
      ),
    async get(client, Bucket) {
      const answer = await client.send(new GetBucketOwnershipControlsCommand({ Bucket }));
      return { rule: fromS3(answer.OwnershipControls?.Rules?.[0]) };
    },
    remove: (client, Bucket) => client.send(new DeleteBucketOwnershipControlsCommand({ Bucket })),
  },
  {
    token: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    required: ["rules"],
    optional: [],
    put: (client, Bucket, inputs) =>
      client.send(
        new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: s3(inputs["rules"]) } }),
      ),
    async get(client, Bucket) {
      const answer = await client.send(new GetBucketEncryptionCommand({ Bucket }));
      return { rules: fromS3(answer.ServerSideEncryptionConfiguration?.Rules) };
    },
    remove: (client, Bucket) => client.send(new DeleteBucketEncryptionCommand({ Bucket })),
  },
  {
    token: "aws:s3/bucketPolicy:BucketPolicy",
    required: ["policy"],
    optional: [],
    put: (client, Bucket, inputs) => {
      const policy = inputs["policy"];
      const Policy = typeof policy === "string" ? needText(inputs, "policy") : JSON.stringify(policy);
      return client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    },
    async get(client, Bucket) {
      const { Policy } = await client.send(new GetBucketPolicyCommand({ Bucket }));
      return present({ policy: Policy });
    },
    remove: (client, Bucket) => client.send(new DeleteBucketPolicyCommand({ Bucket })),
  },
  {
    token: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    required: ["rules"],
    optional: [],
    put: (client, Bucket, inputs) =>
      client.send(
        new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: s3(inputs["rules"]) } }),
      ),
    async get(client, Bucket) {
      const answer = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
      return { rules: fromS3(answer.Rules) };
    },
    remove: (client, Bucket) => client.send(new DeleteBucketLifecycleCommand({ Bucket })),
  },
  {
    token: "aws:s3/bucketLogging:BucketLogging",
    required: ["targetBucket", "targetPrefix"],
    optional: [],
    put: (client, Bucket, inputs) => {
      const LoggingEnabled = {
        TargetBucket: needText(inputs, "targetBucket"),
        TargetPrefix: String(inputs["targetPrefix"] ?? ""),
      };
      return client.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled } }));
    },
    async get(client, Bucket) {
      const { LoggingEnabled } = await client.send(new GetBucketLoggingCommand({ Bucket }));
      if (LoggingEnabled === undefined) return undefined;
      return present({ targetBucket: LoggingEnabled.TargetBucket, targetPrefix: LoggingEnabled.TargetPrefix });
    },
    remove: (client, Bucket) => client.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: {} })),
  },
];
