import { GithubError } from "../errors.ts";

/** A file's path as GitHub takes it: no empty part, no `.`, `..` or `.git`. */
export function parsePath(given: string): string {
  const path = given.replace(/\/+$/, "");
  const bad =
    path !== "" &&
    path.split("/").some((part) => part === "" || part === "." || part === ".." || /^\.git$/i.test(part));
  if (bad || path.includes("\0")) throw new GithubError(422, "path contains a malformed path component");
  return path;
}
