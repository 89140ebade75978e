import { link, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { DeliveryError } from "../errors.ts";
import { ownFolder } from "../git.ts";
import { actor } from "../release-log.ts";

/** Who has the working copy's stack file in hand. */
type Holder = { readonly who: string; readonly host: string; readonly pid: number; readonly since: string };

/**
 * Does `work` while nobody else edits the environment's stack file in this working copy. The engine's own lock keeps
 * two updates apart, wherever they run; this one keeps two edits of one file apart, so that a commit holds what was
 * applied. A holder that no longer runs on this machine has lost its turn.
 *
 * @throws DeliveryError `surroundings` that says who holds it, and since when.
 */
export async function withTurn<Result>(
  folder: string,
  environment: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const path = join(await ownFolder(folder), `ml-delivery-${environment}.lock`);
  await take(path, environment);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string, environment: string): Promise<void> {
  const mine = `${path}.${process.pid}`;
  const holder: Holder = { who: actor(), host: hostname(), pid: process.pid, since: new Date().toISOString() };
  await writeFile(mine, JSON.stringify(holder));
  try {
    for (let attempt = 1; ; attempt++) {
      // A link appears whole or not at all: nobody reads half a holder.
      if (await linked(mine, path)) return;
      const other = await readHolder(path);
      if (other === undefined) continue;
      if (attempt > 2 || runs(other)) {
        throw new DeliveryError(
          "surroundings",
          `locked: ${other.who} is changing ${environment} in this working copy since ${other.since} ` +
            `(pid ${other.pid} on ${other.host}); wait for it, then run the command again`,
        );
      }
      await rm(path, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Holder);
}

/** One of another machine, on a shared folder, may well run. */
function runs({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
