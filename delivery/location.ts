import { resolve, sep } from "node:path";
import { inputError } from "./errors.ts";

/** A folder: on this machine, or a prefix of a bucket (empty, or ending in `/`). */
export type Location =
  | { readonly kind: "local"; readonly folder: string }
  | { readonly kind: "s3"; readonly bucket: string; readonly prefix: string };

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
const BUCKET = /^(?=.{3,63}$)[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9]))*[a-z0-9]$/;

/** Reads `s3://bucket/prefix` or a local path. Always a folder: a trailing slash changes nothing. */
export function parseLocation(path: string): Location {
  if (path.trim() === "") throw inputError("a path is empty; give a folder or `s3://bucket/prefix`");
  if (path.includes("\0")) throw inputError(`path ${JSON.stringify(path)} holds a NUL character`);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(path)?.[1];
  if (scheme === undefined) return { kind: "local", folder: resolve(path) };
  if (scheme !== "s3") {
    throw inputError(`path \`${path}\` has scheme \`${scheme}\`; allowed are \`s3://bucket/prefix\` and local folders`);
  }
  const [bucket = "", ...rest] = path.slice("s3://".length).split("/");
  if (!BUCKET.test(bucket)) {
    throw inputError(`path \`${path}\` names bucket \`${bucket}\`; a bucket has 3 to 63 of a-z, 0-9, \`-\` and \`.\``);
  }
  const segments = rest.filter((segment) => segment !== "");
  if (segments.some((segment) => segment === "." || segment === "..")) {
    throw inputError(`path \`${path}\` holds a \`.\` or \`..\` segment; S3 keys have no parent folders, write it out`);
  }
  return { kind: "s3", bucket, prefix: segments.map((segment) => `${segment}/`).join("") };
}

/** The path that {@link parseLocation} reads back; ends in a slash. */
export function formatLocation(location: Location): string {
  return location.kind === "s3" ? `s3://${location.bucket}/${location.prefix}` : `${location.folder}/`;
}

/** The folder `name` inside `location`; `..` as the whole name is the folder above. */
export function within(location: Location, name: string): Location {
  if (name !== "..") {
    checkKey(name);
    return location.kind === "s3"
      ? { ...location, prefix: `${location.prefix}${name.replace(/\/+$/, "")}/` }
      : { kind: "local", folder: resolve(location.folder, name) };
  }
  if (location.kind === "local") return { kind: "local", folder: resolve(location.folder, "..") };
  if (location.prefix === "") throw inputError(`there is no folder above \`${formatLocation(location)}\``);
  return { ...location, prefix: location.prefix.replace(/[^/]+\/$/, "") };
}

/** The last segment of a location's path; empty at the top of a bucket. */
export function lastSegment(location: Location): string {
  const path = location.kind === "s3" ? location.prefix : location.folder.split(sep).join("/");
  return path.split("/").filter(Boolean).at(-1) ?? "";
}

/** Refuses names that would leave their folder. */
export function checkKey(key: string): void {
  const bad =
    key === "" || key.startsWith("/") || /[\0\\]/.test(key) || key.split("/").some((s) => s === "." || s === "..");
  if (bad) throw inputError(`\`${key}\` is not a name inside a folder: no leading \`/\`, no \`..\`, no \`\\\``);
}
