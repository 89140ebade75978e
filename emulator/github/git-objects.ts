import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { BranchMovedError, identity, type Person, parseEntry, type TreeEntry } from "./git.ts";
import { type RunOptions, runGit } from "./run-git.ts";

export interface TreeChange {
  readonly path: string;
  readonly mode: string;
  /** Nothing: the path goes. */
  readonly sha: string | undefined;
}

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Person;
  readonly committer: Person;
}

/** Git's objects and references one by one, as GitHub's Git Data API has them. */
export interface GitObjects {
  typeOf(sha: string): Promise<string | undefined>;
  writeBlob(content: Buffer): Promise<string>;
  /** Entries of a tree or of a commit's tree; with `recursive` those of all folders below, without the folders. */
  readTree(sha: string, recursive: boolean): Promise<TreeEntry[]>;
  /** A tree made of `base` with changes. */
  writeTree(base: string | undefined, changes: readonly TreeChange[]): Promise<string>;
  readCommit(sha: string): Promise<Commit>;
  writeCommit(commit: Omit<Commit, "sha">): Promise<string>;
  /** Commits from `start` back, newest first; of one path where it is given. */
  log(start: string, path: string | undefined, skip: number, count: number): Promise<string[]>;
  isAncestor(older: string, newer: string): Promise<boolean>;
  isRefName(ref: string): Promise<boolean>;
  /** What a full reference (`refs/heads/main`) points to. */
  readRef(ref: string): Promise<string | undefined>;
  /** `to` nothing: the reference goes. @throws BranchMovedError when it is not at `from`, or is there and `from` is nothing */
  moveRef(ref: string, from: string | undefined, to: string | undefined): Promise<void>;
}

const zeros = "0".repeat(40);

export function gitObjects(folder: string): GitObjects {
  const inside = (args: readonly string[], options?: RunOptions) => runGit([`--git-dir=${folder}`, ...args], options);
  const text = async (args: readonly string[], options?: RunOptions) =>
    (await inside(args, options)).stdout.toString("utf8");
  const line = async (args: readonly string[], options?: RunOptions) => (await text(args, options)).trim();
  const perhaps = async (args: readonly string[]) => {
    const { code, stdout } = await inside(args, { mayFail: true });
    return code === 0 ? stdout.toString("utf8").trim() : undefined;
  };

  return {
    typeOf: (sha) => perhaps(["cat-file", "-t", sha]),
    writeBlob: (content) => line(["hash-object", "-w", "--stdin"], { input: content }),
    async readTree(sha, recursive) {
      const listed = await text(["ls-tree", "-z", "--long", "--full-tree", ...(recursive ? ["-r"] : []), sha]);
      return listed.split("\0").filter(Boolean).map(parseEntry);
    },
    async writeTree(base, changes) {
      const index = join(folder, `index.${randomUUID()}`);
      const env = { GIT_INDEX_FILE: index };
      const lines = changes.map(
        ({ path, mode, sha }) => `${sha === undefined ? "0" : mode} ${sha ?? zeros}\t${path}\0`,
      );
      try {
        if (base !== undefined) await inside(["read-tree", base], { env });
        await inside(["update-index", "-z", "--replace", "--index-info"], { env, input: Buffer.from(lines.join("")) });
        return await line(["write-tree"], { env });
      } finally {
        await rm(index, { force: true });
      }
    },
    readCommit: async (sha) => parseCommit(sha, await text(["cat-file", "commit", sha])),
    writeCommit: ({ tree, parents, message, ...people }) =>
      line(["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent])], {
        env: identity(people),
        input: Buffer.from(message),
      }),
    async log(start, path, skip, count) {
      const limits = [`--skip=${skip}`, `--max-count=${count}`];
      const listed = await line(["rev-list", ...limits, start, ...(path === undefined ? [] : ["--", path])]);
      return listed.split("\n").filter(Boolean);
    },
    isAncestor: async (older, newer) =>
      (await inside(["merge-base", "--is-ancestor", older, newer], { mayFail: true })).code === 0,
    isRefName: async (ref) => (await perhaps(["check-ref-format", ref])) !== undefined,
    readRef: (ref) => perhaps(["rev-parse", "--verify", "--quiet", `${ref}^{commit}`]),
    async moveRef(ref, from, to) {
      const args = to === undefined ? ["-d", ref, from ?? zeros] : [ref, to, from ?? zeros];
      const { code, stderr } = await inside(["update-ref", ...args], { mayFail: true });
      if (code !== 0) throw new BranchMovedError(stderr);
    },
  };
}

function parseCommit(sha: string, text: string): Commit {
  const end = text.indexOf("\n\n");
  const head = text.slice(0, end).split("\n");
  const all = (name: string) =>
    head.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const [tree = ""] = all("tree");
  const [author = ""] = all("author");
  const [committer = ""] = all("committer");
  return {
    sha,
    tree,
    parents: all("parent"),
    message: text.slice(end + 2),
    author: parsePerson(author),
    committer: parsePerson(committer),
  };
}

/** `Name <email> <seconds> <zone>` */
function parsePerson(text: string): Person {
  const [, name = "", email = "", seconds = "0"] = /^(.*) <(.*)> (\d+) [+-]\d{4}$/.exec(text) ?? [];
  return { name, email, date: new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z") };
}
