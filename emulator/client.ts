import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, utimesSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exitHomeTaken, homePaths, makeHome, readRecord } from "./home.ts";
import { isAlive, lockHolder } from "./lock.ts";

/** A running emulator. `env` holds every variable a client needs, credentials included. */
export interface Emulator {
  readonly pid: number;
  readonly home: string;
  readonly startedAt: string;
  readonly env: Readonly<Record<string, string>>;
  /** Service name → URL. */
  readonly services: Readonly<Record<string, string>>;
}

export interface StartOptions {
  /** Where state, logs and credentials are kept; made when missing. */
  readonly home: string;
  /** The project's root. */
  readonly root: string;
  /**
   * Ends by itself after this long without use.
   * @default 30
   */
  readonly idleMinutes?: number;
}

const startLimit = 60_000;
const stopLimit = 20_000;
const logTail = 25;

/**
 * The emulator of a home: the one that runs there, or a new one. Two callers at once get the same one.
 * @throws Error with the end of the log when it does not answer within a minute, or a service fails.
 */
export async function startEmulator(options: StartOptions): Promise<Emulator> {
  const home = resolve(options.home);
  const deadline = Date.now() + startLimit;
  while (Date.now() < deadline) {
    const running = readEmulator(home);
    if (running !== undefined) {
      touch(home);
      return running;
    }
    const another = lockHolder(homePaths(home).lock);
    if (another === undefined) await spawnDaemon(home, options, deadline);
    else await sleep(50);
  }
  throw new Error(`The emulator in \`${home}\` does not answer after ${startLimit / 1000} s.\n${tail(home)}`);
}

/** The emulator that runs in `home`, or nothing. A process that merely got the same number does not count. */
export function readEmulator(home: string): Emulator | undefined {
  const paths = homePaths(resolve(home));
  const holder = lockHolder(paths.lock);
  const record = readRecord(paths.record);
  if (holder === undefined || record === undefined || record.pid !== holder.pid) return undefined;
  return { home: resolve(home), ...record };
}

/**
 * Ends the emulator of a home, one that is still starting included, and waits until it is gone.
 * @returns whether there was one.
 */
export async function stopEmulator(home: string): Promise<boolean> {
  const holder = lockHolder(homePaths(resolve(home)).lock);
  if (holder === undefined) return false;
  process.kill(holder.pid, "SIGTERM");
  const deadline = Date.now() + stopLimit;
  while (isAlive(holder)) {
    if (Date.now() > deadline) {
      // Its children watch for its end, so they follow.
      process.kill(holder.pid, "SIGKILL");
      throw new Error(
        `The emulator (process ${holder.pid}) did not stop in ${stopLimit / 1000} s and was killed.\n${tail(home)}`,
      );
    }
    await sleep(20);
  }
  return true;
}

/** Starts the daemon and waits until it answers, fails, or gives way to another. */
async function spawnDaemon(home: string, options: StartOptions, deadline: number): Promise<void> {
  const paths = makeHome(home);
  const log = openSync(paths.log, "a", 0o600);
  const args = [join(import.meta.dirname, "main.ts"), "--home", home, "--root", resolve(options.root)];
  if (options.idleMinutes !== undefined) args.push("--idle-minutes", String(options.idleMinutes));
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, args, { cwd: home, detached: true, stdio: ["ignore", log, log] });
  } finally {
    closeSync(log);
  }
  child.unref();
  const exited = once(child, "exit").then(([code, signal]: unknown[]) => code ?? signal);
  while (Date.now() < deadline) {
    const code = await Promise.race([exited, sleep(25, "running")]);
    if (code === exitHomeTaken || readEmulator(home) !== undefined) return;
    if (code !== "running")
      throw new Error(`The emulator did not start (exit ${String(code)}). Its log ends:\n${tail(home)}`);
  }
  child.kill("SIGKILL");
}

function touch(home: string): void {
  const now = new Date();
  try {
    utimesSync(homePaths(home).record, now, now);
  } catch {
    // It is just ending; the caller's next request says so.
  }
}

function tail(home: string): string {
  const file = homePaths(resolve(home)).log;
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-logTail).join("\n").concat(`\n(${file})`);
  } catch {
    return `(no log at ${file})`;
  }
}
