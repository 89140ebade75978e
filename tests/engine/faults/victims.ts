import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { descendantsOf, isThere } from "./bench.ts";

/** Who dies: the command with all that it started, the command alone, or the engine that it started. */
export const VICTIMS = ["everything", "command", "engine"] as const;
export type Victim = (typeof VICTIMS)[number];

const SETTLE_MS = 60_000;

/**
 * Kills with SIGKILL, and waits until nothing of the command is left.
 *
 * @returns whether there was something to kill; an engine that has not begun yet is waited for.
 */
export async function kill(command: ChildProcess, victim: Victim): Promise<boolean> {
  const { pid = 0 } = command;
  if (victim === "engine") return killEngine(command, pid);
  if (hasEnded(command)) return false;
  const children = descendantsOf(pid);
  command.kill("SIGKILL");
  // Children that came after the look die with their parent's pipes; those that are in the list are seen to.
  if (victim === "everything") for (const child of children) killIfThere(child.pid);
  for (const end = Date.now() + SETTLE_MS; children.some(isThere); await delay(50)) {
    if (Date.now() > end) throw new Error("processes of a killed command are still there after a minute");
  }
  return true;
}

async function killEngine(command: ChildProcess, pid: number): Promise<boolean> {
  for (; !hasEnded(command); await delay(20)) {
    const engine = descendantsOf(pid).find(({ command }) => /^pulumi\0up\0/.test(command));
    if (engine === undefined) continue;
    killIfThere(engine.pid);
    return true;
  }
  return false;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
