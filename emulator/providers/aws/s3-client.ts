import { S3Client } from "@aws-sdk/client-s3";
import type { Session } from "../provider.ts";
import type { Surroundings } from "../surroundings.ts";
import { text } from "../values.ts";

/** What the AWS resources share. */
export interface AwsSurroundings {
  /** A client for the session's region. */
  readonly s3: (session: Session) => S3Client;
  readonly region: (session: Session) => string;
}

/** Clients for the S3 that `AWS_ENDPOINT_URL` names, one a region. */
export function awsSurroundings(surroundings: Surroundings): AwsSurroundings {
  const region = (session: Session) => text(session.settings, "region") ?? surroundings.need("AWS_REGION");
  const clients = surroundings.once("S3", () => clientsByRegion(surroundings));
  return { region, s3: (session) => clients().get(region(session)) };
}

function clientsByRegion(surroundings: Surroundings): { get(region: string): S3Client; close(): void } {
  const made = new Map<string, S3Client>();
  return {
    get(region) {
      const known = made.get(region);
      if (known !== undefined) return known;
      const client = new S3Client({
        region,
        endpoint: surroundings.need("AWS_ENDPOINT_URL"),
        // Names of buckets are no host names on this machine.
        forcePathStyle: true,
        credentials: {
          accessKeyId: surroundings.need("AWS_ACCESS_KEY_ID"),
          secretAccessKey: surroundings.need("AWS_SECRET_ACCESS_KEY"),
        },
      });
      made.set(region, client);
      return client;
    },
    close() {
      for (const client of made.values()) client.destroy();
    },
  };
}

/** True where S3 says that the bucket, or its configuration of this kind, is not there. */
export function isAbsent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^(NotFound|NoSuch\w+|ServerSideEncryptionConfigurationNotFoundError|OwnershipControlsNotFoundError)$/.test(
    error.name,
  );
}

/** Runs a call; undefined where its object is not there. */
export async function orAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
