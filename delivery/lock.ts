import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Who holds a stack's lock, as the engine writes it into the lock and into its refusals. */
export type LockHolder = {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** When the lock was taken, ISO 8601. */
  readonly since: string;
};

/** A lock in a backend of files. */
export type Lock = LockHolder & {
  readonly path: string;
  /**
   * `dead`: the process is of this host and gone, so the lock is a leftover. `alive`: it runs. `elsewhere`: it is of
   * another host, which only that host can judge.
   */
  readonly state: "dead" | "alive" | "elsewhere";
};

/** `created by ana@build-7 (pid 4711) at 2026-11-24T12:50:59+01:00`, in an engine's refusal. */
const CREATED_BY = /created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/g;

/** The holders that an engine's words name; none where they are not about a lock of files or of an object store. */
export function holdersIn(text: string): LockHolder[] {
  return [...text.matchAll(CREATED_BY)].map(([, user = "", host = "", pid = "", since = ""]) => ({
    user,
    host,
    pid: Number(pid),
    since: instant(since),
  }));
}

/**
 * What to tell a person whose update was refused because the stack is locked: by whom, since when, and what to do.
 * `text` is what the engine said. Pulumi Cloud's refusal names nobody; its own words are given then.
 */
export function describeLock(text: string, now = new Date()): string {
  const holders = holdersIn(text);
  if (holders.length === 0) {
    const line = text.split("\n").find((each) => /locked|currently in progress/i.test(each)) ?? "the stack is locked";
    return `${line.trim()}. Wait for that update to end, then run the same command again.`;
  }
  return holders.map((holder) => describeHolder(holder, now)).join("\n");
}

/** One holder in words. */
export function describeHolder(holder: LockHolder, now = new Date()): string {
  const { user, host, pid, since } = holder;
  const who = `${user} on ${host} (process ${pid}) has been updating this stack since ${since}${agoOf(since, now)}`;
  if (stateOf(holder) === "dead") {
    return `${who}, but that process is gone: run \`node scripts/recover.ts --environment <name>\`, which finds what it left and releases its lock.`;
  }
  return `${who}. Wait for it to end, then run the same command again. Never \`pulumi cancel\` it: the lock would go and both updates would run.`;
}

/**
 * The locks of a stack, oldest first. Undefined where the backend keeps none that a program may read: Pulumi Cloud, or
 * a bucket, whose locks `pulumi up` names when it refuses.
 *
 * @param stack qualified as `<project>/<stack>`
 */
export async function readLocks(backendUrl: string, stack: string): Promise<Lock[] | undefined> {
  const root = backendFolder(backendUrl);
  if (root === undefined) return undefined;
  const folder = join(root, ".pulumi", "locks", "organization", ...stack.split("/"));
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  const locks = await Promise.all(
    names.filter((name) => name.endsWith(".json")).map((name) => read(join(folder, name))),
  );
  return locks.filter((lock) => lock !== undefined).sort((a, b) => (a.since < b.since ? -1 : 1));
}

/** The folder of a backend of files; undefined for every other backend. `file://~` is the home folder. */
export function backendFolder(backendUrl: string): string | undefined {
  if (!backendUrl.startsWith("file://")) return undefined;
  const path = backendUrl.slice("file://".length).split("?")[0] ?? "";
  if (path === "~" || path.startsWith("~/")) return join(process.env["HOME"] ?? "", path.slice(1));
  return path.startsWith("/") ? fileURLToPath(`file://${path}`) : path;
}

async function read(path: string): Promise<Lock | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined; // its update has just ended
    throw error;
  }
  const found = JSON.parse(text) as Record<string, unknown>;
  const holder = {
    user: String(found["username"]),
    host: String(found["hostname"]),
    pid: Number(found["pid"]),
    since: instant(String(found["timestamp"])),
  };
  return { ...holder, path, state: stateOf(holder) };
}

function stateOf({ host, pid, since }: LockHolder): Lock["state"] {
  if (host !== hostname()) return "elsewhere";
  return isRunning(pid, since) ? "alive" : "dead";
}

/** Whether the process that took a lock at `since` runs on this machine. One that belongs to somebody else counts. */
function isRunning(pid: number, since: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return true; // not understood: never taken for dead
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
  const { state, startedAt } = statOf(pid) ?? {};
  if (state === "Z") return false; // ended, and its parent has not asked how
  // The lock's time is in whole seconds in the engine's refusals; a process that began later has only its number.
  return startedAt === undefined || !(startedAt > new Date(since).getTime() + 2000);
}

/** What Linux knows of a process; undefined on other systems, and where it is gone. */
function statOf(pid: number): { readonly state: string; readonly startedAt: number } | undefined {
  try {
    // The name, in brackets, may hold anything; the state is the first field after it, the start the twentieth.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    const uptime = Number.parseFloat(readFileSync("/proc/uptime", "latin1"));
    const ticksPerSecond = 100;
    return { state: fields[0] ?? "", startedAt: Date.now() - (uptime - Number(fields[19]) / ticksPerSecond) * 1000 };
  } catch {
    return undefined;
  }
}

function instant(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}

function agoOf(since: string, now: Date): string {
  const seconds = Math.round((now.getTime() - new Date(since).getTime()) / 1000);
  if (!Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 120) return `, ${seconds} s ago`;
  return seconds < 7200 ? `, ${Math.round(seconds / 60)} min ago` : `, ${Math.round(seconds / 3600)} h ago`;
}
