import assert from "node:assert/strict";
import { appendFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type DeleteMarkerEntry,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ObjectVersion,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { type AwsHome, openAws } from "./aws-home.ts";

const Bucket = "plant-phenotyping-staging-models";
let home: AwsHome;
let s3: S3Client;

before(async () => {
  home = await openAws();
  s3 = home.client();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
});
after(() => home.close());

const put = (Key: string, Body: string, more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

async function get(Key: string, VersionId?: string): Promise<string | undefined> {
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) }),
  );
  return Body?.transformToString();
}

/** Everything a client can see of the bucket: names, versions, times, digests, contents. */
async function picture() {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  const contents = await Promise.all(Versions.map(({ Key = "", VersionId }) => get(Key, VersionId)));
  const seen = (each: ObjectVersion | DeleteMarkerEntry) => [
    each.Key,
    each.VersionId,
    each.LastModified?.toISOString(),
    each.IsLatest,
  ];
  return {
    versions: Versions.map((each, index) => [...seen(each), each.ETag, contents[index]]),
    markers: DeleteMarkers.map(seen),
  };
}

const named = (name: string) => (error: unknown) => (error as Error).name === name;

describe("S3", () => {
  it("gives back what was put, with its metadata, under any key", async () => {
    const key = "data/raw/Épinard frais/leaf+1 (2).jpg";
    await put(key, "leaf", { Metadata: { source_file: "camera 1" }, ContentType: "image/jpeg" });
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: key }));
    assert.deepEqual(
      [head.ContentLength, head.ContentType, head.Metadata],
      [4, "image/jpeg", { source_file: "camera 1" }],
    );
    assert.equal(await get(key), "leaf");
    const list = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "data/raw/É" }));
    assert.deepEqual(
      list.Contents?.map(({ Key }) => Key),
      [key],
    );
  });

  it("keeps every version", async () => {
    const first = await put("models/latest/alias.json", "1");
    const second = await put("models/latest/alias.json", "2");
    assert.notEqual(first.VersionId, second.VersionId);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "models/latest/alias.json" }));
    await assert.rejects(get("models/latest/alias.json"), named("NoSuchKey"));
    assert.equal(await get("models/latest/alias.json", first.VersionId), "1");
  });

  it("creates a key once, however many try at the same time", async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => put("models/v1/manifest.json", `${index}`, { IfNoneMatch: "*" })),
    );
    const won = tries.findIndex(({ status }) => status === "fulfilled");
    assert.equal(tries.filter(({ status }) => status === "fulfilled").length, 1);
    for (const each of tries) if (each.status === "rejected") assert.equal(each.reason.name, "PreconditionFailed");
    assert.equal(await get("models/v1/manifest.json"), `${won}`);
  });

  it("says 304 and 412 to conditions on reading", async () => {
    const { ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key: "models/v1/manifest.json" }));
    const read = (more: object) => s3.send(new GetObjectCommand({ Bucket, Key: "models/v1/manifest.json", ...more }));
    await assert.rejects(
      read({ IfNoneMatch: ETag }),
      (error: { $metadata?: { httpStatusCode?: number } }) => error.$metadata?.httpStatusCode === 304,
    );
    await assert.rejects(read({ IfMatch: '"other"' }), named("PreconditionFailed"));
  });

  it("refuses other services by name", async () => {
    const response = await fetch(home.url, {
      method: "POST",
      headers: {
        Authorization:
          "AWS4-HMAC-SHA256 Credential=r/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
      },
    });
    assert.equal(response.status, 501);
    assert.match(
      await response.text(),
      /offers S3, IAM, STS and KMS; `sqs\.us-east-1\.amazonaws\.com` is none of them/,
    );
    assert.equal((await fetch(`${home.url}/moto-api/reset`, { method: "POST" })).status, 501);
  });
});

describe("what S3 holds", () => {
  it("is the same after a clean stop, down to versions and times", async () => {
    const before = await picture();
    assert.ok(before.versions.length >= 4 && before.markers.length === 1);
    await home.restart("stop");
    assert.deepEqual(await picture(), before);
  });

  it("is the same after kill -9, up to the last answer", async () => {
    await put("after/kill", "last words");
    const before = await picture();
    // Times would give a replay away: it must not happen within the second they are told in.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await home.restart("kill");
    assert.deepEqual(await picture(), before);
  });

  it("includes an upload in parts that is under way, and tags", async () => {
    const part = { Bucket, Key: "in/parts" };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(part));
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, UploadId, PartNumber: 1, Body: "whole" }));
    const Tagging = { TagSet: [{ Key: "stage", Value: "production" }] };
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key: "after/kill", Tagging }));
    for (const how of ["kill", "stop"] as const) await home.restart(how);
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
    const done = await s3.send(new CompleteMultipartUploadCommand({ ...part, UploadId, MultipartUpload }));
    assert.match(done.ETag ?? "", /-1"$/);
    await home.restart("stop");
    assert.equal(await get("in/parts"), "whole");
    assert.equal((await s3.send(new HeadObjectCommand(part))).ETag, done.ETag);
    const tags = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "after/kill" }));
    assert.deepEqual(tags.TagSet, Tagging.TagSet);
  });

  it("survives a request that was half written when the end came", async () => {
    const before = await picture();
    await home.restart("kill", () => {
      const journal = readdirSync(home.folder).find((file) => file.startsWith("journal."));
      appendFileSync(join(home.folder, journal ?? ""), Buffer.from([0x80, 0x05, 0x95, 0xff, 0x00]));
    });
    assert.deepEqual(await picture(), before);
  });

  it("is folded into the snapshot while nobody asks, so that the journal does not grow and a start stays quick", async () => {
    for (let index = 0; index < 150; index++) await put("same/key", "x".repeat(10_000));
    const journal = () => readdirSync(home.folder).filter((file) => file.startsWith("journal."));
    const size = () => statSync(join(home.folder, journal()[0] ?? "")).size;
    assert.ok(size() > 1_500_000);
    for (const end = Date.now() + 15_000; size() > 0 && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.equal(size(), 0);
    assert.equal(journal().length, 1);
    const before = await picture();
    await home.restart("kill");
    assert.deepEqual(await picture(), before);
  });

  it("is kept in one snapshot and one journal, which starts anew at each start", async () => {
    for (let index = 0; index < 20; index++) await put("same/key", "x".repeat(10_000));
    await home.restart("stop");
    assert.deepEqual(readdirSync(home.folder).filter((file) => file.startsWith("journal.")).length, 1);
    for (const file of readdirSync(home.folder)) {
      if (file.startsWith("journal.")) assert.equal(statSync(join(home.folder, file)).size, 0);
    }
  });
});
