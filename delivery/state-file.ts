import { copyFile, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "./errors.ts";
import { backendFolder } from "./lock.ts";

/** A stack's state in a backend of files. */
export type StateFile = {
  readonly path: string;
  /** Why the engine would refuse it; undefined where it would not, or there is none. */
  readonly broken: string | undefined;
  /** The engine's own copy of the state before the last write, where that can be used. */
  readonly backup: { readonly path: string; readonly writtenAt: string } | undefined;
};

/**
 * Looks at the state of `<project>/<stack>`. Undefined where the backend is none of files: there the service or the
 * bucket's versions keep earlier states.
 */
export async function inspectStateFile(backendUrl: string, stack: string): Promise<StateFile | undefined> {
  const root = backendFolder(backendUrl);
  if (root === undefined) return undefined;
  const path = `${join(root, ".pulumi", "stacks", ...stack.split("/"))}.json`;
  const backup = `${path}.bak`;
  const broken = await problemOf(path);
  const usable = (await problemOf(backup)) === undefined && (await exists(backup));
  const writtenAt = usable ? (await stat(backup)).mtime.toISOString() : "";
  return { path, broken, backup: usable ? { path: backup, writtenAt } : undefined };
}

/** Puts the backup in the state's place. The broken state is kept beside it, under the name that is returned. */
export async function restoreBackup({ path, backup }: StateFile, now = new Date()): Promise<string> {
  if (backup === undefined) throw new Error(`${path} has no backup that can be used`);
  const kept = `${path}.broken-${now.toISOString().replaceAll(":", "-")}`;
  await rename(path, kept);
  await copyFile(backup.path, path);
  // The backend's notes on the file, its digest among them.
  if (await exists(`${backup.path}.attrs`)) await copyFile(`${backup.path}.attrs`, `${path}.attrs`);
  return kept;
}

async function problemOf(path: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : messageOf(error);
  }
  if (text.trim() === "") return "it is empty";
  try {
    const { version, checkpoint } = JSON.parse(text) as { version?: unknown; checkpoint?: unknown };
    if (typeof version !== "number" || typeof checkpoint !== "object") return "it holds no checkpoint";
    return undefined;
  } catch (error) {
    return `it is cut short or damaged: ${messageOf(error)}`;
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
