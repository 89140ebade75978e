import { spawn } from "node:child_process";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { plainEnvironment } from "../child.ts";

export interface RunOptions {
  readonly input?: Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly mayFail?: boolean;
}

/** Runs git without a shell, and without the user's own settings: hooks, templates and signing are not ours to run. */
export async function runGit(args: readonly string[], options: RunOptions = {}) {
  const env = { ...plainEnvironment(), GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1", ...options.env };
  const child = spawn("git", args, { env, stdio: "pipe" });
  const exited = once(child, "close") as Promise<[number | null]>;
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input);
  const [[code], stdout, stderr] = await Promise.all([exited, buffer(child.stdout), buffer(child.stderr)]);
  const said = stderr.toString("utf8").trim();
  if (code !== 0 && options.mayFail !== true) throw new Error(`\`git ${args.join(" ")}\` failed (${code}): ${said}`);
  return { code, stdout, stderr: said };
}
