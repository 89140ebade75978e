import type { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import { DeliveryError, inputError, messageOf } from "./errors.ts";
import { checkKey, formatLocation, type Location } from "./location.ts";
import type { CopyOptions, ObjectFolder, ObjectInfo, PutOptions } from "./objects.ts";
import { retrying, stallTimeout } from "./retry.ts";
import { ChangedError, type Source } from "./source.ts";

type Sdk = typeof import("@aws-sdk/client-s3");
type Connection = { readonly sdk: Sdk; readonly client: S3Client };

let connection: Promise<Connection> | undefined;

/** By default the SDK writes on the console that it does not repeat streams. Here they are opened anew, see `sendStream`. */
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The SDK takes a quarter of a second to load: only commands that reach S3 pay for it, and once. */
function connect(): Promise<Connection> {
  connection ??= import("@aws-sdk/client-s3").then((sdk) => ({
    sdk,
    client: new sdk.S3Client({
      // Refusals to serve (429, 503), failures (5xx) and broken connections are tried again, later and later, by chance.
      maxAttempts: 5,
      logger: SILENT,
      // Without these a connection that stands still is waited for without end, while its body comes too.
      requestHandler: { connectionTimeout: 10_000, socketTimeout: stallTimeout() },
      // The default adds a CRC trailer to streamed bodies, which costs throughput; digests are checked by us.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    }),
  }));
  return connection;
}

/** A prefix of an S3 bucket. Endpoint, region and credentials come from the variables that the AWS SDK reads. */
export function openBucket(location: Extract<Location, { kind: "s3" }>): ObjectFolder {
  const { bucket, prefix } = location;
  const at = (key: string) => {
    checkKey(key);
    return { Bucket: bucket, Key: prefix + key };
  };
  const call = <Result>(action: string, work: (c: Connection) => Promise<Result>) => explained(location, action, work);
  const changed = (error: unknown, key: string) =>
    statusOf(error) === 412 ? new ChangedError(`\`s3://${bucket}/${prefix}${key}\``) : error;

  return {
    location,
    list: (below = "") => listObjects(location, below),
    async head(key) {
      return call(`look at ${key}`, async ({ sdk, client }) => {
        const found = await absent(client.send(new sdk.HeadObjectCommand(at(key))));
        return found && infoOf(key, found.ContentLength, found.ETag, found.VersionId);
      });
    },
    async get(key) {
      return call(`read ${key}`, async ({ sdk, client }) => {
        const found = await absent(client.send(new sdk.GetObjectCommand(at(key))));
        if (found?.Body === undefined) return undefined;
        return { content: Buffer.from(await found.Body.transformToByteArray()), etag: found.ETag ?? "" };
      });
    },
    async stream(key, etag) {
      return call(`read ${key}`, async ({ sdk, client }) => {
        const request = new sdk.GetObjectCommand({ ...at(key), ...(etag && { IfMatch: etag }) });
        const found = await absent(client.send(request)).catch((error: unknown) => {
          throw changed(error, key);
        });
        const name = `\`s3://${bucket}/${prefix}${key}\``;
        if (found?.Body === undefined)
          throw etag ? new ChangedError(name) : inputError(`object ${name} does not exist`);
        return found.Body as Readable;
      });
    },
    async put(key, content, options = {}) {
      return call(`write ${key}`, ({ sdk, client }) => {
        const request = { ...at(key), ...conditionsOf(options) };
        if (typeof content === "string" || content instanceof Uint8Array)
          return created(client.send(new sdk.PutObjectCommand({ ...request, Body: content })));
        return created(sendStream({ sdk, client }, request, content));
      });
    },
    async remove(key) {
      await call(`remove ${key}`, ({ sdk, client }) => client.send(new sdk.DeleteObjectCommand(at(key))));
    },
    async copyFrom(source, sourceKey, key, options) {
      if (source.kind !== "s3") throw new Error("a server-side copy needs both ends in S3");
      const path = `${source.bucket}/${source.prefix}${sourceKey}`;
      return call(`copy ${path} to ${key}`, async ({ sdk, client }) => {
        const request = { ...at(key), CopySource: path.split("/").map(encodeURIComponent).join("/") };
        const copied = await created(
          client.send(new sdk.CopyObjectCommand({ ...request, ...copyConditions(options) })),
        );
        if (copied || options.etag === undefined) return copied;
        // S3 says 412 for either condition: whether the source has changed, or something was at the target.
        const now = await absent(
          client.send(new sdk.HeadObjectCommand({ Bucket: source.bucket, Key: source.prefix + sourceKey })),
        );
        if (now?.ETag === options.etag) return false;
        throw new ChangedError(`\`s3://${path}\``);
      });
    },
  };
}

async function* listObjects(location: Extract<Location, { kind: "s3" }>, below: string): AsyncIterable<ObjectInfo> {
  let token: string | undefined;
  do {
    const page = await explained(location, "list it", ({ sdk, client }) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: location.bucket,
          Prefix: location.prefix + below,
          ...(token && { ContinuationToken: token }),
        }),
      ),
    );
    for (const object of page.Contents ?? []) {
      const key = object.Key?.slice(location.prefix.length) ?? "";
      // Consoles make empty objects to stand for folders.
      if (key !== "" && !key.endsWith("/")) yield infoOf(key, object.Size, object.ETag);
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/** S3 takes no more in one request. https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html */
const MAX_PUT = 5 * 1024 ** 3;

/**
 * One request, so that the object is there whole or not at all, and may be conditional. The SDK cannot repeat a stream;
 * this opens it anew. A body that ends early breaks the promised length, and S3 drops it.
 */
async function sendStream(
  { sdk, client }: Connection,
  request: { readonly Bucket: string; readonly Key: string },
  { bytes, open }: Source,
): Promise<void> {
  if (bytes > MAX_PUT)
    throw inputError(`\`${request.Key}\` has ${bytes} bytes; S3 takes at most ${MAX_PUT} in one piece, split it`);
  await retrying(async () => {
    const Body = await open();
    // The SDK does not listen for errors of a body and would wait for the rest of it.
    const cut = new AbortController();
    let failure: { error: unknown } | undefined;
    Body.once("error", (error) => {
      failure = { error };
      cut.abort();
    });
    try {
      const put = new sdk.PutObjectCommand({ ...request, Body, ContentLength: bytes });
      await client.send(put, { abortSignal: cut.signal });
    } catch (error) {
      throw failure === undefined ? error : failure.error;
    } finally {
      Body.destroy();
    }
  });
}

function conditionsOf({ ifNoneMatch, ifMatch }: PutOptions) {
  return { ...(ifNoneMatch && { IfNoneMatch: ifNoneMatch }), ...(ifMatch && { IfMatch: ifMatch }) };
}

function copyConditions({ etag, replace }: CopyOptions) {
  return { ...(etag && { CopySourceIfMatch: etag }), ...(!replace && { IfNoneMatch: "*" }) };
}

function infoOf(key: string, size = 0, etag = "", version?: string): ObjectInfo {
  return { key, size, etag, ...(version && version !== "null" && { version }) };
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

async function absent<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    // A bucket that is not there is a wrong path, not an absent object. HEAD carries no body to tell them apart.
    if (statusOf(error) === 404 && (error as Error).name !== "NoSuchBucket") return undefined;
    throw error;
  }
}

/** Whether a conditional write took place. */
async function created(writing: Promise<unknown>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    // 409: another conditional write of the same key was under way, so somebody else's content is there now.
    if ([409, 412].includes(statusOf(error) ?? 0)) return false;
    throw error;
  }
}

async function explained<Result>(
  location: Location,
  action: string,
  work: (c: Connection) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(await connect());
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    const where = formatLocation(location);
    if ((error as Error).name === "NoSuchBucket") {
      throw inputError(`bucket of \`${where}\` does not exist; check the path, and AWS_REGION and AWS_ENDPOINT_URL`);
    }
    throw new DeliveryError("surroundings", `could not ${action} in \`${where}\`: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
