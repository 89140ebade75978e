import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How a finished command ended. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  /** The last lines of stdout and stderr together: what to show when it failed. */
  readonly tail: string;
}

const TAIL_LINES = 25;

/**
 * Runs a command to its end; every line it prints goes to `note` as it comes.
 *
 * @throws when the command cannot be started. A non-zero exit is an answer, not an error.
 */
export async function runCommand(
  command: readonly string[],
  options: { cwd: string; env: Record<string, string>; note: (line: string) => void },
): Promise<Finished> {
  const [file, ...args] = command;
  if (file === undefined) throw new Error("an empty command cannot be run");
  const child = spawn(file, args, { cwd: options.cwd, env: options.env, stdio: ["ignore", "pipe", "pipe"] });
  const stdout: string[] = [];
  const tail: string[] = [];
  const take = (line: string) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    options.note(line);
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    stdout.push(line);
    take(line);
  });
  createInterface({ input: child.stderr }).on("line", take);
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve(status ?? (signal === null ? 1 : 128)));
  });
  return { code, stdout: stdout.join("\n"), tail: tail.join("\n") };
}
