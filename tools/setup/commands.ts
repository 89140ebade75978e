import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { foldersOnPath } from "../places.ts";

/** Exit code of a command whose surroundings failed; see docs/architecture.md. */
export const SURROUNDINGS_FAILED = 3;

/** Something that set-up cannot get by itself. The message is all that the user needs. */
export class MissingPrerequisite extends Error {
  override readonly name = "MissingPrerequisite";

  constructor(missing: { what: string; why: string; debian: string; mac: string }) {
    super(
      `Missing: ${missing.what}.\n  Why:    ${missing.why}.\n` +
        `  Debian: ${missing.debian}\n  macOS:  ${missing.mac}\nThen run the same command again.`,
    );
  }
}

const TAIL_LINES = 25;

/**
 * Runs a command to its end and returns its stdout.
 *
 * @param options.onOutput called for every chunk of output, to show or to watch that something moves.
 * @throws Error with the end of its output when it fails, cannot start, or takes longer than `limitMs` (default 30 s).
 */
export async function run(
  file: string,
  args: readonly string[],
  options: {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    limitMs?: number;
    onOutput?: (text: string) => void;
    signal?: AbortSignal;
  } = {},
): Promise<string> {
  const limitMs = options.limitMs ?? 30_000;
  const limit = AbortSignal.timeout(limitMs);
  const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit;
  const child = spawn(file, args, { cwd: options.cwd, env: options.env, stdio: ["ignore", "pipe", "pipe"], signal });
  let stdout = "";
  let all = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    all += text;
    options.onOutput?.(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    all += text;
    options.onOutput?.(text);
  });
  const ending = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(limit.aborted ? `took longer than ${limitMs / 1000} s` : error.message));
    child.once("close", (code, by) =>
      resolve(code === 0 ? "" : by ? `was ended by ${by}` : `ended with exit code ${code}`),
    );
  });
  if (ending === "") return stdout;
  const tail = all.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  throw new Error(`\`${[file, ...args].join(" ")}\` ${ending}.${tail ? `\n${tail}` : ""}`);
}

/** Full path of the executable `name` on PATH, leaving out the folders that `skip` accepts. */
export function findOnPath(name: string, skip?: (folder: string) => boolean): string | undefined {
  return foldersOnPath(process.env["PATH"], skip)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
