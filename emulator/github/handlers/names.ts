import { GithubError } from "../errors.ts";

/** GitHub stores names of secrets and variables in capitals, and finds them in any case. */
export function checkName(kind: "Secret" | "Variable", name: string): string {
  if (!/^[A-Za-z0-9_]+$/.test(name)) {
    throw new GithubError(
      422,
      `${kind} names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). ` +
        "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_).",
    );
  }
  if (/^\d/.test(name)) throw new GithubError(422, `${kind} names must not start with a number.`);
  if (/^GITHUB_/i.test(name)) throw new GithubError(422, `${kind} names must not start with GITHUB_.`);
  return name.toUpperCase();
}
