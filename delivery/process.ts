import { spawn } from "node:child_process";
import { inputError, messageOf } from "./errors.ts";

export type ProcessResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type ProcessOptions = {
  /** @default - the current folder */
  readonly cwd?: string;
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Gets each line of output, as it comes, from both streams. */
  readonly onLine?: (line: string) => void;
};

/**
 * Runs a program with an argument array; no shell takes part. An interrupt of this process (Ctrl-C, a cancelled CI job)
 * is passed on, and the program is waited for: it knows how to stop cleanly.
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    // Its own process group: a terminal's Ctrl-C would reach it twice otherwise, and two interrupts mean "at once".
    detached: true,
  });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGINT", forward);
  process.on("SIGTERM", forward);
  try {
    return await new Promise((resolve, reject) => {
      const [stdout, stderr] = [collect(child.stdout, options.onLine), collect(child.stderr, options.onLine)];
      child.on("error", (error) =>
        reject(inputError(`cannot run \`${command}\`: ${messageOf(error)}; is it on PATH?`)),
      );
      child.on("close", (code, signal) =>
        resolve({ code: code ?? (signal === "SIGINT" ? 130 : 143), stdout: stdout(), stderr: stderr() }),
      );
    });
  } finally {
    process.off("SIGINT", forward);
    process.off("SIGTERM", forward);
  }
}

function collect(stream: NodeJS.ReadableStream, onLine: ((line: string) => void) | undefined): () => string {
  const chunks: string[] = [];
  let held = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    chunks.push(chunk);
    const lines = (held + chunk).split("\n");
    held = lines.pop() ?? "";
    for (const line of lines) onLine?.(line);
  });
  stream.on("end", () => {
    if (held !== "") onLine?.(held);
  });
  return () => chunks.join("");
}
