import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ProcessOptions {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** When it is asked to end, and what is said about it then. */
  readonly timeout: { readonly seconds: number; readonly reason: string };
  /** How long it may take over ending before it is killed, in seconds. */
  readonly graceSeconds: number;
  /** Each line of its output and errors, as it comes. */
  readonly onLine: (line: string) => void;
}

export interface ProcessResult {
  /** As a shell reports it: 128 and the signal's number for a process that a signal ended, 127 where none started. */
  readonly exitCode: number;
  /** Why it was asked to end, or could not start. */
  readonly reason?: string;
}

export interface RunningProcess {
  readonly done: Promise<ProcessResult>;
  /** Passes a signal on. The process is waited for: an update that is asked to stop records what it has done first. */
  signal(name: NodeJS.Signals): void;
}

const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** Starts a command in a process group of its own, so that a Ctrl-C in the terminal reaches it once: from here. */
export function startProcess(options: ProcessOptions): RunningProcess {
  const [program, ...args] = options.command;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timers: NodeJS.Timeout[] = [];
  let reason: string | undefined;
  const end = (signal: NodeJS.Signals, why: string) => {
    reason ??= why;
    child.kill(signal);
    timers.push(setTimeout(() => killGroup(child), options.graceSeconds * 1000));
  };
  timers.push(setTimeout(() => end("SIGINT", options.timeout.reason), options.timeout.seconds * 1000));
  const lines = [child.stdout, child.stderr].map((stream) => {
    const reader = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    reader.on("line", options.onLine);
    return new Promise<void>((resolve) => reader.once("close", resolve));
  });
  const exit = new Promise<ProcessResult>((resolve) => {
    child.once("error", (error) => resolve({ exitCode: 127, reason: `cannot start \`${program}\`: ${error.message}` }));
    child.once("exit", (code, signal) =>
      resolve({ exitCode: code ?? 128 + (SIGNAL_NUMBERS[signal ?? "SIGKILL"] ?? 0) }),
    );
  });
  const done = exit.then(async (result) => {
    for (const timer of timers) clearTimeout(timer);
    // A grandchild that lives on may hold the pipes open; the step is over when its own process is.
    await Promise.race([Promise.all(lines), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    child.stdout.destroy();
    child.stderr.destroy();
    return reason === undefined ? result : { ...result, reason };
  });
  return { done, signal: (name) => end(name, `interrupted by ${name}`) };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // The group ended by itself between the two moments.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
