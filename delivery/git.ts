import { DeliveryError, messageOf } from "./errors.ts";
import { runProcess } from "./process.ts";

/** What a commit says. */
export type CommitMessage = {
  /** Imperative, one line. */
  readonly title: string;
  /** Evidence, one `Key: value` line each, as `git interpret-trailers` reads them. */
  readonly trailers: Readonly<Record<string, string>>;
};

const PUSH_TRIES = 3;

/** A commit, and why it is only here where it could not be pushed. */
export type Committed = { readonly commit: string; readonly unpushed?: string };

/**
 * Commits one file and pushes, if there is a remote; somebody else's commits meanwhile are taken in first. Undefined
 * when the file has no changes or the folder is no repository. A push that fails is told, not thrown: what was applied
 * stays applied, and the caller has more to write down.
 */
export async function commitFile(folder: string, file: string, message: CommitMessage): Promise<Committed | undefined> {
  if ((await git(folder, ["rev-parse", "--is-inside-work-tree"])).code !== 0) return undefined;
  await must(folder, ["add", "--", file]);
  if ((await git(folder, ["diff", "--cached", "--quiet", "--", file])).code === 0) return undefined;
  const trailers = Object.entries(message.trailers).map(([key, value]) => `${key}: ${oneLine(value)}`);
  const text = `${oneLine(message.title)}\n\n${trailers.join("\n")}\n`;
  await must(folder, [...(await identity(folder)), "commit", "--quiet", "--message", text, "--", file]);
  const unpushed = await push(folder);
  const commit = (await must(folder, ["rev-parse", "HEAD"])).trim();
  return { commit, ...(unpushed !== undefined && { unpushed }) };
}

/** Whether the working copy's history holds a commit; true outside a repository, where there is nothing to catch up with. */
export async function holdsCommit(folder: string, commit: string): Promise<boolean> {
  const { code } = await git(folder, ["merge-base", "--is-ancestor", commit, "HEAD"]);
  return code === 0 || (await currentCommit(folder)) === null;
}

/** Whether the branch that is checked out follows one of a remote; none does at a tag, as CI may have it. */
export async function hasUpstream(folder: string): Promise<boolean> {
  return (await git(folder, ["rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"])).code === 0;
}

/**
 * Takes in what others have pushed. @throws DeliveryError `surroundings` where their changes and those here touch the
 * same lines; the working copy is then as it was.
 */
export async function catchUp(folder: string): Promise<void> {
  const { code, stdout, stderr } = await git(folder, [
    ...(await identity(folder)),
    ...["pull", "--quiet", "--rebase", "--autostash"],
  ]);
  if (code === 0) return;
  const conflict = /conflict/i.test(stdout + stderr);
  if (conflict) await git(folder, ["rebase", "--abort"]);
  const why = conflict
    ? "the commits here and those of others change the same lines; `git pull --rebase`, settle them by hand, push, and run the command again"
    : `\`git pull --rebase\` failed: ${oneLine(stderr || stdout)}`;
  throw new DeliveryError("surroundings", why);
}

/** Where a working copy keeps files of its own that are no part of it: its `.git`; the folder itself outside a repository. */
export async function ownFolder(folder: string): Promise<string> {
  const { code, stdout } = await git(folder, ["rev-parse", "--absolute-git-dir"]);
  return code === 0 ? stdout.trim() : folder;
}

/** The commit that a folder is at; null outside a repository. */
export async function currentCommit(folder: string): Promise<string | null> {
  const { code, stdout } = await git(folder, ["rev-parse", "HEAD"]);
  return code === 0 ? stdout.trim() : null;
}

/** Gives why it could not be done; undefined where it could, or where there is nowhere to push to. */
async function push(folder: string): Promise<string | undefined> {
  if (!(await hasUpstream(folder))) {
    const [remote] = (await git(folder, ["remote"])).stdout.split("\n");
    return remote ? `what is checked out follows no branch of \`${remote}\`` : undefined;
  }
  for (let attempt = 1; ; attempt++) {
    const pushed = await git(folder, ["push", "--quiet"]);
    if (pushed.code === 0) return undefined;
    if (attempt === PUSH_TRIES) return oneLine(pushed.stderr);
    try {
      await catchUp(folder);
    } catch (error) {
      return messageOf(error);
    }
  }
}

/** CI machines have no name set; then the one who started the run stands in. */
async function identity(folder: string): Promise<string[]> {
  if ((await git(folder, ["config", "user.email"])).stdout.trim() !== "") return [];
  const name = process.env["GITHUB_ACTOR"] ?? "ml-delivery";
  return ["-c", `user.name=${name}`, "-c", `user.email=${name}@users.noreply.github.com`];
}

async function must(folder: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await git(folder, args);
  if (code !== 0)
    throw new DeliveryError(
      "surroundings",
      `\`git ${args.find((arg) => !arg.startsWith("-") && !arg.includes("="))}\` failed: ${stderr.trim() || stdout.trim()}`,
    );
  return stdout;
}

function git(folder: string, args: readonly string[]) {
  return runProcess("git", args, { cwd: folder, env: { GIT_TERMINAL_PROMPT: "0" } });
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").trim();
}
