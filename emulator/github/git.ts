import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type RunOptions, runGit } from "./run-git.ts";

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly date: string;
}

export interface TreeEntry {
  readonly mode: string;
  readonly type: "blob" | "tree" | "commit";
  readonly sha: string;
  readonly size: number;
  readonly path: string;
}

export interface FileChange {
  readonly branch: string;
  /** The commit the change was made on; the branch must still be there. Nothing: the branch must not exist. */
  readonly parent: string | undefined;
  readonly path: string;
  /** Nothing: the file goes. */
  readonly content: Buffer | undefined;
  readonly message: string;
  readonly author: Person;
  readonly committer: Person;
  /** Judges the commit before the branch moves to it; what it throws stops that. */
  readonly judge?: (commit: string) => Promise<void>;
}

/** The branch moved between look and write. */
export class BranchMovedError extends Error {}

/** One bare repository, through the `git` command. */
export interface BareRepository {
  readonly folder: string;
  init(defaultBranch: string): Promise<void>;
  /** The commit of a branch, tag or commit id. */
  resolve(ref: string): Promise<string | undefined>;
  entry(commit: string, path: string): Promise<TreeEntry | undefined>;
  list(commit: string, folder: string): Promise<TreeEntry[]>;
  blob(sha: string): Promise<Buffer>;
  /** The id of the new commit. @throws BranchMovedError */
  commit(change: FileChange): Promise<string>;
  tree(commit: string): Promise<string>;
  isBranchName(name: string): Promise<boolean>;
  remove(): Promise<void>;
}

const zeros = "0".repeat(40);

export function bareRepository(folder: string): BareRepository {
  const inside = (args: readonly string[], options?: RunOptions) => runGit([`--git-dir=${folder}`, ...args], options);
  const line = async (args: readonly string[], options?: RunOptions) =>
    (await inside(args, options)).stdout.toString("utf8").trim();

  async function lookUp(revision: string): Promise<string | undefined> {
    const { code, stdout } = await inside(["rev-parse", "--verify", "--quiet", `${revision}^{commit}`], {
      mayFail: true,
    });
    return code === 0 ? stdout.toString("utf8").trim() : undefined;
  }

  async function list(commit: string, path: string): Promise<TreeEntry[]> {
    const { stdout } = await inside([
      "ls-tree",
      "-z",
      "--long",
      "--full-tree",
      commit,
      ...(path === "" ? [] : ["--", path]),
    ]);
    return stdout.toString("utf8").split("\0").filter(Boolean).map(parseEntry);
  }

  return {
    folder,
    async init(defaultBranch) {
      await runGit(["init", "--quiet", "--bare", `--initial-branch=${defaultBranch}`, folder]);
    },
    async resolve(ref) {
      for (const full of [`refs/heads/${ref}`, `refs/tags/${ref}`]) {
        const commit = await lookUp(full);
        if (commit !== undefined) return commit;
      }
      return /^[0-9a-f]{7,40}$/.test(ref) ? lookUp(ref) : undefined;
    },
    entry: async (commit, path) => (await list(commit, path)).find((entry) => entry.path === path),
    list: (commit, path) => list(commit, path === "" ? "" : `${path}/`),
    blob: async (sha) => (await inside(["cat-file", "blob", sha])).stdout,
    tree: (commit) => line(["rev-parse", `${commit}^{tree}`]),
    isBranchName: async (name) =>
      (await runGit(["check-ref-format", `refs/heads/${name}`], { mayFail: true })).code === 0,
    remove: () => rm(folder, { recursive: true, force: true }),
    async commit(change) {
      // An index of its own: two requests at once must not write into each other's tree.
      const index = join(folder, `index.${randomUUID()}`);
      const env = { GIT_INDEX_FILE: index, ...identity(change) };
      try {
        if (change.parent !== undefined) await inside(["read-tree", change.parent], { env });
        if (change.content === undefined) {
          await inside(["rm", "--cached", "--quiet", "--", `:(literal,top)${change.path}`], { env });
        } else {
          const blob = await line(["hash-object", "-w", "--stdin"], { input: change.content });
          await inside(["update-index", "--add", "--cacheinfo", `100644,${blob},${change.path}`], { env });
        }
        const tree = await line(["write-tree"], { env });
        const parents = change.parent === undefined ? [] : ["-p", change.parent];
        const commit = await line(["commit-tree", tree, ...parents], { env, input: Buffer.from(change.message) });
        await change.judge?.(commit);
        const ref = `refs/heads/${change.branch}`;
        const { code, stderr } = await inside(["update-ref", ref, commit, change.parent ?? zeros], { mayFail: true });
        if (code !== 0) throw new BranchMovedError(stderr);
        return commit;
      } finally {
        await rm(index, { force: true });
      }
    },
  };
}

/** `<mode> <type> <sha> <size or ->\t<path>` */
export function parseEntry(line: string): TreeEntry {
  const tab = line.indexOf("\t");
  const [mode = "", type = "", sha = "", size = ""] = line.slice(0, tab).split(/ +/);
  return {
    mode,
    type: type as TreeEntry["type"],
    sha,
    size: size === "-" ? 0 : Number(size),
    path: line.slice(tab + 1),
  };
}

export function identity({ author, committer }: Pick<FileChange, "author" | "committer">): Record<string, string> {
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: author.date,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    GIT_COMMITTER_DATE: committer.date,
  };
}
