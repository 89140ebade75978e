import { isObject, type Properties, type Value } from "../values.ts";

/** Names that are not spelt alike but for the first letter: as Pulumi has them, and as S3 has them. */
const exceptions: Readonly<Record<string, string>> = {
  sseAlgorithm: "SSEAlgorithm",
  kmsMasterKeyId: "KMSMasterKeyID",
  mfaDelete: "MFADelete",
  id: "ID",
};
const backwards = new Map(Object.entries(exceptions).map(([pulumi, s3]) => [s3, pulumi]));

/** `bucketKeyEnabled` → `BucketKeyEnabled`, all the way down. */
export function toS3(value: Value): Value {
  return renamed(value, (name) => exceptions[name] ?? name.charAt(0).toUpperCase() + name.slice(1));
}

/** `BucketKeyEnabled` → `bucketKeyEnabled`, all the way down; dates become text. */
export function fromS3(value: unknown): Value {
  const plain = JSON.parse(JSON.stringify(value ?? null)) as Value;
  return renamed(plain, (name) => backwards.get(name) ?? name.charAt(0).toLowerCase() + name.slice(1));
}

function renamed(value: Value, rename: (name: string) => string): Value {
  if (Array.isArray(value)) return value.map((item: Value) => renamed(item, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [rename(name), renamed(entry, rename)]),
  ) as Properties;
}
