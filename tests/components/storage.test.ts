import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Storage, type StorageArgs } from "../../components/storage.ts";
import { scope, tags } from "./fixtures.ts";
import { only, record, tree } from "./mocks.ts";

const build = (args: Partial<StorageArgs> = {}) => {
  const all = { scope, protect: true, encryption: "s3" as const, breakGlass: [] };
  return () => new Storage("storage", { ...all, ...args });
};
const denied = (bucket: string) => ({
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
});
const tls = (bucket: string) => [
  { Sid: "TlsOnly", ...denied(bucket), Condition: { Bool: { "aws:SecureTransport": "false" } } },
  { Sid: "Tls12", ...denied(bucket), Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } } },
];
const policy = async (purpose: string, args: Partial<StorageArgs> = {}) =>
  JSON.parse(only(await record(build(args)), `storage-${purpose}-policy`).inputs.policy).Statement;

describe("Storage", () => {
  it("makes three buckets, each with its own locks, and nothing else", async () => {
    const bucket = (purpose: string): [string, string][] => [
      ["aws:s3/bucket:Bucket", `storage-${purpose}`],
      ["aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", `storage-${purpose}-closed`],
      [
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        `storage-${purpose}-encryption`,
      ],
      ["aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", `storage-${purpose}-lifecycle`],
      ...(purpose === "logs"
        ? []
        : [["aws:s3/bucketLogging:BucketLogging", `storage-${purpose}-logging`] satisfies [string, string]]),
      ["aws:s3/bucketOwnershipControls:BucketOwnershipControls", `storage-${purpose}-ownership`],
      ["aws:s3/bucketPolicy:BucketPolicy", `storage-${purpose}-policy`],
      ["aws:s3/bucketVersioning:BucketVersioning", `storage-${purpose}-versioning`],
    ];
    assert.deepEqual(tree(await record(build())), [
      ["ml-delivery:storage:Storage", "storage"],
      ...bucket("data"),
      ...bucket("logs"),
      ...bucket("models"),
    ]);
  });

  it("names buckets after project, stack and purpose", async () => {
    const seen = await record(build());
    for (const purpose of ["data", "models", "logs"]) {
      assert.deepEqual(only(seen, `storage-${purpose}`).inputs, {
        bucket: `plants-staging-${purpose}`,
        forceDestroy: false,
        tags,
      });
    }
  });

  for (const purpose of ["data", "models", "logs"]) {
    it(`keeps every version, encrypts, and lets nobody in from outside: ${purpose}`, async () => {
      const seen = await record(build());
      const bucket = `plants-staging-${purpose}`;
      assert.deepEqual(only(seen, `storage-${purpose}-versioning`).inputs, {
        bucket,
        versioningConfiguration: { status: "Enabled" },
      });
      assert.deepEqual(only(seen, `storage-${purpose}-encryption`).inputs, {
        bucket,
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
      });
      assert.deepEqual(only(seen, `storage-${purpose}-ownership`).inputs, {
        bucket,
        rule: { objectOwnership: "BucketOwnerEnforced" },
      });
      assert.deepEqual(only(seen, `storage-${purpose}-closed`).inputs, {
        bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
    });
  }

  it("refuses plain HTTP and old TLS on the bucket and on all in it", async () => {
    assert.deepEqual(await policy("data"), tls("plants-staging-data"));
  });

  it("deletes a bucket that is not empty only where it is not protected", async () => {
    assert.equal(only(await record(build({ protect: false })), "storage-data").inputs.forceDestroy, true);
    assert.equal(only(await record(build()), "storage-data").inputs.forceDestroy, false);
  });
});

describe("versions of models", () => {
  const keep = {
    Sid: "KeepVersions",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:DeleteObjectVersion",
    Resource: "arn:aws:s3:::plants-staging-models/*",
  };

  it("are deleted by nobody where they are protected", async () => {
    assert.deepEqual(await policy("models"), [...tls("plants-staging-models"), keep]);
  });

  it("are deleted by whom the config names, and by nobody else", async () => {
    const breakGlass = ["arn:aws:iam::123456789012:role/break-glass"];
    const Condition = { ArnNotEquals: { "aws:PrincipalArn": breakGlass } };
    assert.deepEqual((await policy("models", { breakGlass })).at(-1), { ...keep, Condition });
  });

  it("go with the bucket where it is not protected", async () => {
    assert.deepEqual(await policy("models", { protect: false }), tls("plants-staging-models"));
  });
});

describe("access logs", () => {
  it("of data and models go to the third bucket, each under its purpose", async () => {
    const seen = await record(build());
    for (const purpose of ["data", "models"]) {
      assert.deepEqual(only(seen, `storage-${purpose}-logging`).inputs, {
        bucket: `plants-staging-${purpose}`,
        targetBucket: "plants-staging-logs",
        targetPrefix: `${purpose}/`,
      });
    }
  });

  it("are taken from S3 alone, and of these two buckets of this account alone", async () => {
    assert.deepEqual((await policy("logs")).at(-1), {
      Sid: "TakeLogs",
      Effect: "Allow",
      Principal: { Service: "logging.s3.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: "arn:aws:s3:::plants-staging-logs/*",
      Condition: {
        ArnEquals: { "aws:SourceArn": ["arn:aws:s3:::plants-staging-data", "arn:aws:s3:::plants-staging-models"] },
        StringEquals: { "aws:SourceAccount": "123456789012" },
      },
    });
  });
});

describe("what grows old", () => {
  const rules = async (purpose: string) => {
    const { inputs } = only(await record(build()), `storage-${purpose}-lifecycle`);
    // biome-ignore lint/suspicious/noExplicitAny: rules have as many shapes as there are ages
    return inputs.rules.map(({ id, status, filter, ...rest }: any) => [id, status, filter.prefix, rest]);
  };
  const abandoned = [
    "abandoned-uploads",
    "Enabled",
    "",
    { abortIncompleteMultipartUpload: { daysAfterInitiation: 7 } },
  ];

  it("in data becomes cheaper, and goes a quarter of a year after it was replaced", async () => {
    assert.deepEqual(await rules("data"), [
      abandoned,
      ["old-pictures", "Enabled", "data/", { transitions: [{ days: 90, storageClass: "STANDARD_IA" }] }],
      ["replaced-versions", "Enabled", "", { noncurrentVersionExpiration: { noncurrentDays: 90 } }],
    ]);
  });

  it("in models becomes cheaper and never goes", async () => {
    const transitions = [{ noncurrentDays: 30, storageClass: "STANDARD_IA" }];
    assert.deepEqual(await rules("models"), [
      abandoned,
      ["replaced-versions", "Enabled", "", { noncurrentVersionTransitions: transitions }],
    ]);
  });

  it("in logs goes after a year", async () => {
    const ends = { expiration: { days: 365 }, noncurrentVersionExpiration: { noncurrentDays: 30 } };
    assert.deepEqual(await rules("logs"), [abandoned, ["a-year", "Enabled", "", ends]]);
  });
});

describe("Storage with a key of its own", () => {
  it("makes one that rotates, waits 30 days for its end, and is governed by IAM", async () => {
    const { policy, ...inputs } = only(await record(build({ encryption: "kms" })), "storage-key").inputs;
    assert.deepEqual(inputs, {
      description: "Data and models of plants, staging",
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      // From here on the SDK's own, and tags.
      tags,
    });
    assert.deepEqual(JSON.parse(policy).Statement, [
      {
        Sid: "GovernedByIam",
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::123456789012:root" },
        Action: "kms:*",
        Resource: "*",
      },
    ]);
  });

  it("encrypts data and models with it by way of a bucket key, and logs as S3 can write them", async () => {
    const seen = await record(build({ encryption: "kms" }));
    const algorithm = (purpose: string) => only(seen, `storage-${purpose}-encryption`).inputs.rules;
    const own = [
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: "arn:aws:kms:key/storage-key" },
        bucketKeyEnabled: true,
      },
    ];
    assert.deepEqual([algorithm("data"), algorithm("models")], [own, own]);
    assert.deepEqual(algorithm("logs"), [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }]);
  });
});
