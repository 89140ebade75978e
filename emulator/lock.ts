import { execFileSync } from "node:child_process";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readIfThere } from "./read-file.ts";

/** A process, told apart from a later one that got the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process began, in the words of this system; only ever compared. */
  readonly born: string;
}

/** Who holds `file`, if that process is alive. A recycled process number does not count. */
export function lockHolder(file: string): ProcessIdentity | undefined {
  const holder = parse(readIfThere(file));
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

/**
 * Takes the lock for this process, healing one left behind by a dead process.
 * @returns nothing when taken; otherwise who holds it.
 */
export function takeLock(file: string): ProcessIdentity | undefined {
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(identify(process.pid)), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      // link() makes the lock and its content appear in one step, and fails where one exists.
      if (tryLink(mine, file)) return undefined;
      const content = readIfThere(file);
      const holder = parse(content);
      if (holder !== undefined && isAlive(holder)) return holder;
      if (content !== undefined) removeStale(file, content);
    }
    throw new Error(
      `The lock \`${file}\` could not be taken in 20 attempts; remove the file if no emulator runs there.`,
    );
  } finally {
    rmSync(mine, { force: true });
  }
}

export function holdsLock(file: string): boolean {
  return parse(readIfThere(file))?.pid === process.pid;
}

export function releaseLock(file: string): void {
  if (holdsLock(file)) rmSync(file, { force: true });
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.born === identity.born;
}

/** The process with this number as it is now, or nothing when there is none (a zombie is none). */
export function identify(pid: number): ProcessIdentity | undefined {
  const born = process.platform === "linux" ? bornOnLinux(pid) : bornElsewhere(pid);
  return born === undefined ? undefined : { pid, born };
}

function bornOnLinux(pid: number): string | undefined {
  try {
    // The name in parentheses may hold spaces, so fields are counted from its end: state is the 3rd, start time the 22nd.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function bornElsewhere(pid: number): string | undefined {
  try {
    const line = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return line === "" ? undefined : line;
  } catch {
    return undefined;
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Another process may heal the same lock at this moment: what was moved away is looked at, and put back if it is alive. */
function removeStale(file: string, stale: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (readIfThere(aside) !== stale) tryLink(aside, file);
  rmSync(aside, { force: true });
}

function parse(content: string | undefined): ProcessIdentity | undefined {
  if (content === undefined) return undefined;
  try {
    const { pid, born } = JSON.parse(content) as Partial<ProcessIdentity>;
    return typeof pid === "number" && typeof born === "string" ? { pid, born } : undefined;
  } catch {
    return undefined;
  }
}
