import { createHash } from "node:crypto";
import { DeliveryError, messageOf } from "./errors.ts";

/** A repository. */
export interface RepositoryAddress {
  readonly owner: string;
  readonly repository: string;
}

/** A branch of a repository. */
export interface BranchAddress extends RepositoryAddress {
  readonly branch: string;
}

/** Texts by path. */
export type Files = Readonly<Record<string, string>>;

/** Where GitHub's API is, and what to show it. */
export interface GitHubOptions {
  /** @default - `GITHUB_API_URL`, else `https://api.github.com` */
  readonly endpoint?: string;
  /** Needs write access to contents, and to workflows where a path lies in `.github/workflows`. @default - `GITHUB_TOKEN` */
  readonly token?: string;
}

/** A branch at one moment: the commit it is at, and the digest of each file there. */
export interface Snapshot {
  readonly commit: string;
  readonly digests: ReadonlyMap<string, string>;
}

/** How often a commit is tried anew because the branch moved meanwhile. */
const tries = 5;

/** Git's own digest of a file, by which GitHub lists it: what is the same need not be fetched. */
export function blobDigest(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** The branch as it is; undefined where the repository or the branch is missing. */
export async function readBranch(address: BranchAddress, options: GitHubOptions = {}): Promise<Snapshot | undefined> {
  const call = githubClient(address, options);
  const ref = await call<{ object: { sha: string } }>("GET", `/git/ref/heads/${address.branch}`, undefined, [404]);
  if (ref === undefined) return undefined;
  const commit = ref.object.sha;
  const listed = await call<{ truncated: boolean; tree: { path: string; type: string; sha: string }[] }>(
    "GET",
    `/git/trees/${commit}?recursive=1`,
  );
  if (listed === undefined || listed.truncated) {
    throw new DeliveryError("surroundings", `GitHub lists not all files of ${at(address)}: there are too many`);
  }
  return { commit, digests: new Map(listed.tree.map(({ path, sha }) => [path, sha])) };
}

/** The text behind a digest. */
export async function readBlob(address: BranchAddress, digest: string, options: GitHubOptions = {}): Promise<string> {
  const blob = await githubClient(address, options)<{ content: string }>("GET", `/git/blobs/${digest}`);
  return Buffer.from(blob?.content ?? "", "base64").toString("utf8");
}

/**
 * Makes one commit of all changes (`undefined` takes a path away) and gives its id; what is so already is left out, and
 * where nothing is left the branch's own commit is given. Nothing is forced: a branch that moved meanwhile is read again.
 *
 * @param judge sees the branch before anything is written; what it throws stops it.
 * @throws DeliveryError with GitHub's reason, as a rule of the branch.
 */
export async function commitFiles(
  address: BranchAddress,
  changes: Readonly<Record<string, string | undefined>>,
  title: string,
  judge: (now: Snapshot) => void = () => {},
  options: GitHubOptions = {},
): Promise<string> {
  const call = githubClient(address, options);
  for (let attempt = 1; ; attempt++) {
    const now = await readBranch(address, options);
    if (now === undefined) {
      throw new DeliveryError("surroundings", `there is no ${at(address)}, or the token may not see it`);
    }
    judge(now);
    const tree = Object.entries(changes)
      .filter(([path, text]) => now.digests.get(path) !== (text === undefined ? undefined : blobDigest(text)))
      .map(([path, text]) => ({
        path,
        mode: "100644",
        type: "blob",
        ...(text === undefined ? { sha: null } : { content: text }),
      }));
    if (tree.length === 0) return now.commit;
    const message = [title, "", ...tree.map(({ path }) => path)].join("\n");
    const made = await call<{ sha: string }>("POST", "/git/trees", { base_tree: now.commit, tree });
    const commit = await call<{ sha: string }>("POST", "/git/commits", {
      message,
      tree: made?.sha,
      parents: [now.commit],
    });
    const moved = await call(
      "PATCH",
      `/git/refs/heads/${address.branch}`,
      { sha: commit?.sha, force: false },
      [409, 422],
    );
    if (moved !== undefined) return commit?.sha ?? "";
    if (attempt === tries) {
      throw new DeliveryError("surroundings", `${at(address)} moves all the time: ${tries} commits came too late`);
    }
  }
}

const at = ({ owner, repository, branch }: BranchAddress) => `branch ${branch} of ${owner}/${repository}`;

/** Gives a function that calls the repository's API: method, path below the repository, body, statuses that are no error. */
export function githubClient({ owner, repository }: RepositoryAddress, options: GitHubOptions = {}) {
  const endpoint = (options.endpoint ?? process.env["GITHUB_API_URL"] ?? "https://api.github.com").replace(/\/$/, "");
  const token = options.token ?? process.env["GITHUB_TOKEN"];
  if (!token) {
    throw new DeliveryError("surroundings", `GITHUB_TOKEN is not set: without it ${repository} cannot be written`);
  }
  /** Gives undefined for an answer with a status of `expected`, unless a rule was broken. */
  return async <T>(method: string, path: string, body?: unknown, expected: number[] = []): Promise<T | undefined> => {
    const url = `${endpoint}/repos/${owner}/${repository}${path}`;
    const headers = {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "x-github-api-version": "2022-11-28",
    };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const signal = AbortSignal.timeout(60_000);
    const response = await fetch(url, { ...init, signal }).catch((error: unknown) => {
      throw new DeliveryError("surroundings", `GitHub did not answer ${method} ${url}: ${messageOf(error)}`);
    });
    const words = await response.text();
    if (response.ok) return words === "" ? undefined : (JSON.parse(words) as T);
    const reason = reasonIn(words);
    if (expected.includes(response.status) && !/rule violations/i.test(reason)) return undefined;
    throw new DeliveryError("surroundings", `GitHub answered ${method} ${url} with ${response.status}: ${reason}`);
  };
}

/** GitHub's own message, or the answer as it is. */
function reasonIn(words: string): string {
  try {
    const { message } = JSON.parse(words) as { message?: unknown };
    return typeof message === "string" ? message : words.slice(0, 500);
  } catch {
    return words.slice(0, 500);
  }
}
