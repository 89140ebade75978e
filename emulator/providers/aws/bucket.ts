import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  PutBucketTaggingCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { hexDigits } from "../naming.ts";
import type { Call } from "../provider.ts";
import type { SimpleType } from "../simple-resource.ts";
import { isObject, needText, type Properties, present, text, type Value } from "../values.ts";
import { type AwsSurroundings, orAbsent } from "./s3-client.ts";

/** `aws:s3/bucket:Bucket`. Versioning, policy and the like are resources of their own. */
export function bucketType(aws: AwsSurroundings): SimpleType {
  const outputsOf = async (bucket: string, inputs: Properties, call: Call): Promise<Properties> => {
    const region = aws.region(call.session);
    const tags = await tagsOf(aws.s3(call.session), bucket);
    return present({
      ...inputs,
      bucket,
      arn: `arn:aws:s3:::${bucket}`,
      bucketDomainName: `${bucket}.s3.amazonaws.com`,
      bucketRegionalDomainName: `${bucket}.s3.${region}.amazonaws.com`,
      bucketRegion: region,
      forceDestroy: inputs["forceDestroy"] ?? false,
      region,
      tags,
      tagsAll: tags ?? {},
    });
  };

  return {
    token: "aws:s3/bucket:Bucket",
    required: ["bucket"],
    optional: ["bucketPrefix", "forceDestroy", "tags", "objectLockEnabled"],
    replaceOn: ["bucket", "bucketPrefix", "objectLockEnabled"],
    computed: ["arn", "bucketDomainName", "bucketRegionalDomainName", "bucketRegion", "region", "tagsAll"],
    stable: ["arn", "bucketDomainName", "bucketRegionalDomainName", "bucketRegion", "region"],
    maps: ["tags"],
    // These steer the provider; S3 knows nothing of them.
    writeOnly: ["forceDestroy", "bucketPrefix", "objectLockEnabled"],
    identity: ["bucket"],

    defaults(inputs, old, naming) {
      if (inputs["bucket"] !== undefined) return inputs;
      const prefix = text(inputs, "bucketPrefix");
      const kept = old?.["bucketPrefix"] === inputs["bucketPrefix"] ? old?.["bucket"] : undefined;
      const made =
        prefix === undefined ? (naming.proposed ?? `${naming.name}-${hexDigits(naming.seed, 7)}`) : undefined;
      return { ...inputs, bucket: kept ?? made ?? `${prefix}${hexDigits(naming.seed, 26)}` };
    },

    judge(inputs) {
      const name = text(inputs, "bucket");
      if (name === undefined || /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) return [];
      const reason = `'${name}' is no name for a bucket: 3 to 63 lower-case letters, digits, dots and hyphens`;
      return [{ property: "bucket", reason }];
    },

    async create(inputs, call) {
      const [client, bucket, region] = [aws.s3(call.session), needText(inputs, "bucket"), aws.region(call.session)];
      if ((await orAbsent(client.send(new HeadBucketCommand({ Bucket: bucket })))) !== undefined) {
        throw new Error(
          `BucketAlreadyExists: there is a bucket \`${bucket}\` already; import it, or choose another name`,
        );
      }
      const place =
        region === "us-east-1" ? {} : { CreateBucketConfiguration: { LocationConstraint: region as "eu-west-1" } };
      const lock = inputs["objectLockEnabled"] === true ? { ObjectLockEnabledForBucket: true } : {};
      await client.send(new CreateBucketCommand({ Bucket: bucket, ...place, ...lock }));
      await setTags(client, bucket, inputs["tags"]);
      return { id: bucket, outputs: await outputsOf(bucket, inputs, call) };
    },

    async read({ id, inputs }, call) {
      const client = aws.s3(call.session);
      const location = await orAbsent(client.send(new GetBucketLocationCommand({ Bucket: id })));
      if (location === undefined) return undefined;
      const live = present({ bucket: id, tags: await tagsOf(client, id) });
      return { id, inputs: live, outputs: await outputsOf(id, inputs, call) };
    },

    async update({ id }, inputs, call) {
      await setTags(aws.s3(call.session), id, inputs["tags"]);
      return outputsOf(id, inputs, call);
    },

    async delete({ id, outputs }, call) {
      const client = aws.s3(call.session);
      if (outputs["forceDestroy"] === true) await orAbsent(empty(client, id));
      await orAbsent(client.send(new DeleteBucketCommand({ Bucket: id })));
    },
  };
}

async function tagsOf(client: S3Client, bucket: string): Promise<Properties | undefined> {
  const answer = await orAbsent(client.send(new GetBucketTaggingCommand({ Bucket: bucket })));
  if (answer?.TagSet === undefined) return undefined;
  return Object.fromEntries(answer.TagSet.map(({ Key, Value: value }) => [Key ?? "", value ?? ""]));
}

async function setTags(client: S3Client, bucket: string, tags: Value | undefined): Promise<void> {
  const entries = isObject(tags) ? Object.entries(tags) : [];
  if (entries.length === 0) {
    await orAbsent(client.send(new DeleteBucketTaggingCommand({ Bucket: bucket })));
    return;
  }
  const set = entries.map(([Key, value]) => ({ Key, Value: String(value) }));
  await client.send(new PutBucketTaggingCommand({ Bucket: bucket, Tagging: { TagSet: set } }));
}

/** Deletes every version and every delete marker, a page at a time. */
async function empty(client: S3Client, bucket: string): Promise<void> {
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    const objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
      Key: Key ?? "",
      VersionId: VersionId ?? "null",
    }));
    if (objects.length === 0) return;
    const answer = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } }),
    );
    const [first] = answer.Errors ?? [];
    if (first !== undefined)
      throw new Error(`cannot empty \`${bucket}\`: ${first.Key}: ${first.Code} ${first.Message}`);
  }
}
