import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bucketType } from "../../../emulator/providers/aws/bucket.ts";
import { bucketSettings } from "../../../emulator/providers/aws/bucket-settings.ts";
import { settingType } from "../../../emulator/providers/aws/setting-type.ts";
import { fromS3, toS3 } from "../../../emulator/providers/aws/spelling.ts";
import type { Properties } from "../../../emulator/providers/values.ts";

const aws = { s3: () => assert.fail("a rule asks no service"), region: () => "us-east-1" };
const naming = { name: "data", seed: Buffer.alloc(32, 0xcd) };

describe("S3's spelling", () => {
  it("differs by the first letter and by its exceptions, both ways and at any depth", () => {
    const pulumi = {
      rules: [
        {
          id: "x",
          applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: "k" },
          bucketKeyEnabled: true,
        },
      ],
      versioningConfiguration: { status: "Enabled", mfaDelete: "Disabled" },
    };
    const s3 = {
      Rules: [
        {
          ID: "x",
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "k" },
          BucketKeyEnabled: true,
        },
      ],
      VersioningConfiguration: { Status: "Enabled", MFADelete: "Disabled" },
    };
    assert.deepEqual(toS3(pulumi), s3);
    assert.deepEqual(fromS3(s3), pulumi);
  });
});

describe("a bucket's name", () => {
  const name = (inputs: Properties, old?: Properties) => bucketType(aws).defaults?.(inputs, old, naming)["bucket"];

  it("is the program's, or made from a prefix, or from the resource's own name", () => {
    assert.equal(name({ bucket: "given" }), "given");
    assert.equal(name({ bucketPrefix: "logs-" }), "logs-cdcdcdcdcdcdcdcdcdcdcdcdcd");
    assert.equal(name({}), "data-cdcdcdc");
  });

  it("stays while the prefix does", () => {
    assert.equal(name({ bucketPrefix: "logs-" }, { bucketPrefix: "logs-", bucket: "logs-1" }), "logs-1");
    assert.equal(
      name({ bucketPrefix: "new-" }, { bucketPrefix: "logs-", bucket: "logs-1" }),
      "new-cdcdcdcdcdcdcdcdcdcdcdcdcd",
    );
    assert.equal(name({}, { bucket: "data-1" }), "data-1");
  });

  it("that S3 would refuse is refused at preview", () => {
    const judge = (bucket: string) => bucketType(aws).judge?.({ bucket }).length;
    assert.deepEqual(["ok-name", "Upper", "ab", "-x-"].map(judge), [0, 1, 1, 1]);
  });
});

describe("a bucket's policy", () => {
  const setting = bucketSettings.find(({ token }) => token === "aws:s3/bucketPolicy:BucketPolicy");
  assert.ok(setting);
  const same = settingType(setting, aws).same;

  it("is the same in another order of keys and spacing, and not with another meaning", () => {
    assert.equal(same?.(["policy"], '{"a":1,"b":[2]}', '{ "b": [2], "a": 1 }'), true);
    assert.equal(same?.(["policy"], '{"a":1}', '{"a":2}'), false);
    assert.equal(same?.(["policy"], "not JSON", "{}"), false);
  });
});
