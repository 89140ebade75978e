import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { inputError, messageOf } from "./errors.ts";

/** What a process may use. */
export type ProcessLimits = {
  /** Resident memory, MB of 1,000,000 bytes. */
  readonly memoryMb: number;
  /** From start to end. */
  readonly seconds: number;
};

export type LimitedProcess = {
  /** Settles when the process is gone. */
  readonly ended: Promise<ProcessEnd>;
  /** Ends it, and whatever it started. */
  stop(): Promise<void>;
};

export type ProcessEnd = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Which limit it ran into, in words. */
  readonly limit?: string;
};

const LOOK_EVERY_MS = 50;
/** Enough of an output to tell by; a process that prints without end does not fill our memory. */
const KEPT_CHARACTERS = 1_000_000;

/**
 * Starts a program that is not trusted to end or to be modest, in a process group of its own, and kills the group when a
 * limit is reached. Memory is looked at every 50 ms: what rises faster than that is not caught in time.
 */
export function startLimited(
  program: string,
  args: readonly string[],
  limits: ProcessLimits,
  env: Readonly<Record<string, string>> = {},
): LimitedProcess {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let limit: string | undefined;
  const kill = () => killGroup(child);
  const exceeded = (words: string) => {
    limit ??= words;
    kill();
  };
  const timer = setTimeout(() => exceeded(`it was not done after ${limits.seconds} s`), limits.seconds * 1000);
  const watch = setInterval(async () => {
    const used = await residentMb(child.pid);
    if (used > limits.memoryMb) exceeded(`it took more than ${limits.memoryMb} MB of memory`);
  }, LOOK_EVERY_MS);
  process.once("exit", kill);
  const output = [child.stdout, child.stderr].map(collect);
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once("error", (error) => reject(inputError(`cannot run \`${program}\`: ${messageOf(error)}`)));
    child.once("close", (code) => {
      const [stdout = "", stderr = ""] = output.map((text) => text());
      resolve({ code, stdout, stderr, ...(limit !== undefined && { limit }) });
    });
  }).finally(() => {
    clearTimeout(timer);
    clearInterval(watch);
    process.off("exit", kill);
  });
  return {
    ended,
    async stop() {
      kill();
      await ended.catch(() => undefined);
    },
  };
}

function killGroup({ pid, exitCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // Gone already.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    if (text.length < KEPT_CHARACTERS) text += chunk;
  });
  return () => text;
}

/** From `/proc` where there is one, else from `ps`; 0 where the process is gone. */
async function residentMb(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  try {
    const kibibytes =
      process.platform === "linux"
        ? /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]
        : (await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)])).stdout.trim();
    return (Number(kibibytes ?? 0) * 1024) / 1e6;
  } catch {
    return 0;
  }
}
