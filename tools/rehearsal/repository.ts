import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

/** A repository at GitHub. */
export interface RepositoryName {
  /** Login of the organization. */
  readonly owner: string;
  readonly name: string;
}

interface StackFile {
  readonly config?: {
    readonly "github:owner"?: string;
    readonly "ml-delivery:repository"?: { readonly name?: string };
  };
}

/**
 * The repository that the project's stack files name, which a rehearsal makes in the emulated GitHub.
 *
 * @throws Error where they name none.
 */
export function repositoryOf(root: string): RepositoryName {
  const file = path.join(root, "Pulumi.staging.yaml");
  const { config } = parse(readFileSync(file, "utf8")) as StackFile;
  const owner = config?.["github:owner"];
  const name = config?.["ml-delivery:repository"]?.name;
  if (owner === undefined || name === undefined) {
    throw new Error(`${file} must say whose repository this is: github:owner and ml-delivery:repository.name`);
  }
  return { owner, name };
}
