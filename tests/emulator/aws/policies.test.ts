import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  CreateBucketCommand,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { type AwsHome, openAws } from "./aws-home.ts";

const resource = (bucket: string) => [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
let home: AwsHome;
let s3: S3Client;

before(async () => {
  home = await openAws();
  s3 = home.client();
});
after(() => home.close());

async function bucketWith(name: string, statement: object, others: readonly object[] = []): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Principal: "*", Resource: resource(name), ...statement }, ...others],
  });
  await s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
}

describe("a bucket policy", () => {
  it("lets a connection through that meets a demand for TLS", async () => {
    const Condition = { Bool: { "aws:SecureTransport": "false" } };
    await bucketWith("tls-only", { Effect: "Deny", Action: "s3:*", Condition });
    const answer = await s3.send(new PutObjectCommand({ Bucket: "tls-only", Key: "a", Body: "a" }));
    assert.equal(answer.$metadata.httpStatusCode, 200);
  });

  it("refuses what it denies without a condition", async () => {
    await bucketWith("closed", { Effect: "Deny", Action: "s3:PutObject" });
    await assert.rejects(s3.send(new PutObjectCommand({ Bucket: "closed", Key: "a", Body: "a" })), (error) => {
      assert.equal((error as { $metadata: { httpStatusCode: number } }).$metadata.httpStatusCode, 403);
      return true;
    });
  });
});

describe("access logs", () => {
  const logTo = (TargetBucket: string) =>
    s3.send(
      new PutBucketLoggingCommand({
        Bucket: "logged",
        BucketLoggingStatus: { LoggingEnabled: { TargetBucket, TargetPrefix: "logged/" } },
      }),
    );
  const Action = "s3:PutObject";
  const Condition = { Bool: { "aws:SecureTransport": "false" } };

  it("go to a bucket whose policy lets S3 write them, whatever else it says of everybody", async () => {
    await s3.send(new CreateBucketCommand({ Bucket: "logged" }));
    const Principal = { Service: "logging.s3.amazonaws.com" };
    await bucketWith("logs", { Effect: "Allow", Principal, Action, Resource: "arn:aws:s3:::logs/*" }, [
      { Effect: "Deny", Principal: "*", Action: "s3:*", Resource: resource("logs"), Condition },
    ]);
    assert.equal((await logTo("logs")).$metadata.httpStatusCode, 200);
  });

  it("go to no other", async () => {
    await bucketWith("no-logs", { Effect: "Deny", Action, Condition });
    await assert.rejects(logTo("no-logs"), { name: "InvalidTargetBucketForLogging" });
  });
});
