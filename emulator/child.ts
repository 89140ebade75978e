import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** How to start a child process. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Receives stdout and stderr, appended. */
  readonly logFile: string;
}

/** A running child and everything it started. */
export interface Child {
  /** Also the id of its process group. */
  readonly pid: number;
  /** Resolves with the exit code once the child has ended and its process group is gone; 128 + n after signal n. */
  readonly exited: Promise<number>;
  readonly running: () => boolean;
  /** Asks the group to end (SIGTERM), waits `graceMs` (default 5000), then ends it (SIGKILL). Safe to call twice. */
  readonly stop: (graceMs?: number) => Promise<void>;
}

const DEFAULT_GRACE_MS = 5000;

// The child lives under a shell of its own whose stdin is a pipe from us. When we die, kill -9 included, the pipe
// closes and the shell's watchdog ends the group. No portable system call does this. A shell takes 2 MB; node takes 40.
// A wait that a signal cuts short tells of the signal and not of the child, hence the loop.
const LIFELINE = `
trap 'signalled=1' TERM INT
exec 3<&0
"$@" 3<&- </dev/null & child=$!
(
  trap '' TERM INT
  read -r _ <&3
  kill -TERM -$$
  left=80
  while [ $left -gt 0 ] && kill -0 $child; do left=$((left - 1)); sleep 0.1; done
  kill -KILL -$$
) >/dev/null 2>&1 & watchdog=$!
exec 3<&- </dev/null
signalled=1
while [ $signalled = 1 ]; do signalled=0; wait $child; code=$?; done
exec >/dev/null 2>&1
kill -KILL $watchdog
wait $watchdog
exit $code
`;

/**
 * Starts a process that ends with this one, even when this one is killed with kill -9.
 *
 * @throws when the shell cannot be started. A missing command is exit code 127 of the child.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const log = openSync(options.logFile, "a", 0o600);
  let shell: ChildProcess;
  try {
    shell = spawn("/bin/sh", ["-c", LIFELINE, "child", options.command, ...options.args], {
      cwd: options.cwd,
      env: options.env,
      stdio: ["pipe", log, log],
      detached: true,
    });
  } finally {
    closeSync(log);
  }
  const pid = await started(shell, options);
  // The pipe is a lifeline: it carries nothing, and its breaking is not an error.
  shell.stdin?.on("error", () => undefined);
  let running = true;
  const exited = new Promise<number>((resolve) => {
    shell.once("exit", (code, signal) => {
      running = false;
      signalGroup(pid, "SIGKILL");
      shell.stdin?.destroy();
      resolve(code ?? (signal === "SIGKILL" ? 137 : 143));
    });
  });
  return {
    pid,
    exited,
    running: () => running,
    stop: async (graceMs = DEFAULT_GRACE_MS) => {
      if (!running) return;
      signalGroup(pid, "SIGTERM");
      const timer = new AbortController();
      const grace = delay(graceMs, "late", { signal: timer.signal }).catch(() => "cut");
      if ((await Promise.race([exited, grace])) === "late") signalGroup(pid, "SIGKILL");
      timer.abort();
      await exited;
    },
  };
}

/**
 * Waits until the process group of an earlier child is gone, which it is soon after the process that started it.
 *
 * @throws when it is still there after `ms`.
 */
export async function groupEnded(pid: number, ms: number): Promise<void> {
  for (const deadline = Date.now() + ms; groupExists(pid); await delay(50)) {
    if (Date.now() > deadline)
      throw new Error(`The process group ${pid} of an earlier start is still there. End it by hand.`);
  }
}

function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

function started(shell: ChildProcess, options: ChildOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    shell.once("error", (error) => reject(new Error(`Cannot start \`${options.command}\`: ${error.message}`)));
    shell.once("spawn", () => {
      if (shell.pid === undefined) reject(new Error(`Cannot start \`${options.command}\`: it has no process id`));
      else resolve(shell.pid);
    });
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is already gone.
  }
}

/** What a child may see of our environment: enough to run, and none of the emulator's secrets. */
export function plainEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER"]) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
