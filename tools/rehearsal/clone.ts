import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where a rehearsal's repository is and where it is checked out. */
export interface ClonePlace {
  /** The project's root: what is rehearsed, its uncommitted changes included. */
  readonly root: string;
  /** The bare repository that the emulated GitHub serves. */
  readonly repository: string;
  /** The team's working copy. */
  readonly clone: string;
}

/**
 * Makes the rehearsal's working copy if it is not there yet.
 *
 * The project as it stands, uncommitted changes included, becomes the first commit of the emulated repository, and the
 * clone is taken from there. The project's own index, objects and files are not touched: git is given the bare
 * repository's folder and an index of its own.
 *
 * @throws when git is missing, or the repository cannot be written.
 */
export async function ensureClone(place: ClonePlace): Promise<void> {
  if (existsSync(path.join(place.clone, ".git"))) return;
  await mkdir(path.dirname(place.clone), { recursive: true });
  if (!(await hasMain(place.repository))) await snapshot(place.root, place.repository);
  const half = `${place.clone}.half`;
  await rm(half, { recursive: true, force: true });
  await run("git", ["clone", "--quiet", "--branch", "main", place.repository, half]);
  // What `npm ci` would make, without a second copy of a gigabyte.
  await symlink(path.join(place.root, "node_modules"), path.join(half, "node_modules"));
  await rm(place.clone, { recursive: true, force: true });
  await rename(half, place.clone);
}

/**
 * Creates the repository over GitHub's API, if it is not there yet.
 *
 * @param env variables of the running emulator.
 * @throws when GitHub refuses.
 */
export async function ensureRepository(
  env: Readonly<Record<string, string>>,
  owner: string,
  name: string,
): Promise<void> {
  const headers = { authorization: `Bearer ${env["GITHUB_TOKEN"]}`, "content-type": "application/json" };
  const api = env["GITHUB_API_URL"];
  const found = await fetch(`${api}/repos/${owner}/${name}`, { headers });
  if (found.ok) return;
  const body = JSON.stringify({ name });
  const made = await fetch(`${api}/orgs/${owner}/repos`, { method: "POST", headers, body });
  if (!made.ok) throw new Error(`repository \`${owner}/${name}\`: ${made.status} ${await made.text()}`);
}

/** Adds the files that git tracks or would track at `root` as one commit on `main` of the bare repository. */
async function snapshot(root: string, repository: string): Promise<void> {
  const index = path.join(repository, "snapshot.index");
  await rm(index, { force: true });
  const options = { env: { ...process.env, ...identity(), GIT_INDEX_FILE: index }, maxBuffer: 64 * 1024 * 1024 };
  const git = (...args: string[]) => run("git", [`--git-dir=${repository}`, ...args], { ...options, cwd: root });
  await git(`--work-tree=${root}`, "add", "--all", ".");
  const tree = (await git("write-tree")).stdout.trim();
  const commit = (await git("commit-tree", tree, "-m", "Start from the project as it is")).stdout.trim();
  await git("update-ref", "refs/heads/main", commit);
  await git("symbolic-ref", "HEAD", "refs/heads/main");
  await rm(index, { force: true });
}

async function hasMain(repository: string): Promise<boolean> {
  try {
    await run("git", [`--git-dir=${repository}`, "rev-parse", "--verify", "--quiet", "refs/heads/main"]);
    return true;
  } catch {
    return false;
  }
}

/** Who commits in a rehearsal: nobody's name is borrowed. */
export function identity(): Record<string, string> {
  const name = "rehearsal";
  const email = "rehearsal@localhost";
  return { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email };
}
