/** Kinds of CI jobs that reach a cloud. Each has rights of its own. */
export const ciJobs = ["validate", "train", "gate", "promote", "deploy", "rollback", "preview"] as const;
export type CiJob = (typeof ciJobs)[number];

/** Those that reach Azure: the others read and write S3 alone. */
export const azureJobs = ["train", "promote", "deploy", "rollback", "preview"] as const satisfies readonly CiJob[];
export type AzureJob = (typeof azureJobs)[number];

/** Who issues GitHub's OIDC tokens. */
export const GITHUB_ISSUER = "token.actions.githubusercontent.com";

/** A repository as GitHub's OIDC tokens name it. */
export interface OidcRepository {
  /** Login of the user or organization, in its own casing: subjects are compared letter by letter. */
  readonly owner: string;
  readonly name: string;
  /**
   * Form of the subject. `immutable`, with ids, is what repositories have that were made, renamed or transferred after
   * 15 July 2026; `classic`, with names alone, is what older ones have.
   */
  readonly oidcSubject: "classic" | "immutable";
  /** Id of the owner, as GitHub's API gives it. Part of an immutable subject. */
  readonly ownerId?: number | undefined;
  /** Id of the repository. Part of an immutable subject. */
  readonly repositoryId?: number | undefined;
  /** The system whose jobs are trusted. @default "github" */
  readonly ci?: "github" | "gitlab" | "jenkins" | undefined;
  /** The tokens of another system than GitHub, which needs them. */
  readonly oidc?: OidcTokens | undefined;
}

/** What the ID tokens of a CI system's jobs say in `iss` and `sub`. */
export interface OidcTokens {
  /** With `https://`, as the tokens have it. */
  readonly issuer: string;
  readonly subject: string;
}

/** Whose tokens the clouds take. */
export interface Trust {
  readonly system: "github" | "gitlab" | "jenkins";
  /** Without `https://`, as IAM writes it. */
  readonly issuer: string;
  /** The subjects of a job's tokens, whole. */
  readonly subjects: (job: CiJob) => readonly string[];
}

/**
 * Whom a stack's identities trust.
 *
 * GitHub's subjects follow from the repository and the stack. Those of other systems are what the config says: they name
 * a branch or a build job, the same for every kind of CI job.
 */
export function trustOf(repository: OidcRepository, stack: string): Trust {
  const { ci: system = "github", oidc } = repository;
  if (system === "github") {
    return { system, issuer: GITHUB_ISSUER, subjects: (job) => subjectsOf(repository, stack, job) };
  }
  if (oidc === undefined) throw new Error(`tokens of ${system} need oidc, which says what they look like`);
  return { system, issuer: oidc.issuer.replace(/^https:\/\//, ""), subjects: () => [oidc.subject] };
}

/**
 * The subjects of a job's tokens of GitHub, whole: no wildcard lets another branch, environment or repository in. A job runs in
 * its stack's environment; a preview in that of previews, or for a pull request outside any environment.
 */
export function subjectsOf(repository: OidcRepository, stack: string, job: CiJob): readonly string[] {
  const prefix = `repo:${repositoryIn(repository)}`;
  if (job !== "preview") return [`${prefix}:environment:${stack}`];
  return [`${prefix}:environment:${stack}-preview`, `${prefix}:pull_request`];
}

function repositoryIn({ owner, name, oidcSubject, ownerId, repositoryId }: OidcRepository): string {
  if (oidcSubject === "classic") return `${owner}/${name}`;
  if (ownerId === undefined || repositoryId === undefined) {
    throw new Error(`an immutable subject of ${owner}/${name} needs ownerId and repositoryId`);
  }
  return `${owner}@${ownerId}/${name}@${repositoryId}`;
}
