import { setTimeout as sleep } from "node:timers/promises";
import { releaseLock, takeLock } from "../../emulator/lock.ts";
import type { Step } from "./progress.ts";

const LOOK_AGAIN_MS = 500;

/**
 * Does `work` while no other process, of this clone or another, does the same. A lock left by a process that died is
 * taken over, and the wait has no limit: whoever holds the lock is alive and at work.
 */
export async function withLock<Result>(file: string, step: Step, work: () => Promise<Result>): Promise<Result> {
  for (let holder = takeLock(file); holder; holder = takeLock(file)) {
    step.working(`waiting for process ${holder.pid}, which is doing this already`);
    await sleep(LOOK_AGAIN_MS);
  }
  try {
    return await work();
  } finally {
    releaseLock(file);
  }
}
