import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Places } from "../places.ts";
import { run } from "./commands.ts";
import type { Step } from "./progress.ts";

/** Given up when nothing more has arrived for this long: a closed network often answers with silence. */
const SILENCE_MS = 20_000;
const LIMIT_MS = 10 * 60_000;
const LOOK_MS = 1000;

/**
 * Lets npm's `pulumi` package fetch the CLI, and puts the folder of its executables at `folder`.
 *
 * @returns false where the network does not let it; the caller has another way, so this is no error.
 */
export async function downloadCli(at: Places, version: string, folder: string, step: Step): Promise<boolean> {
  const temporary = `${folder}.download-${process.pid}`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  step.working(`downloading Pulumi CLI ${version}`);
  const stalled = new AbortController();
  const watch = watchGrowth(temporary, () => stalled.abort());
  try {
    // The package caches by PULUMI_HOME, and its installer unpacks in TMPDIR: both here, so that growth can be seen.
    const env = { ...process.env, PULUMI_HOME: temporary, TMPDIR: temporary, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const args = ["exec", "--yes", "--", `pulumi@${version}`, "version"];
    await run("npm", args, { cwd: at.cache, env, limitMs: LIMIT_MS, signal: stalled.signal });
    const bin = join(temporary, "versions", version, "bin");
    if (!existsSync(join(bin, "pulumi"))) return false;
    rmSync(folder, { recursive: true, force: true });
    renameSync(bin, folder);
    step.done(`Pulumi CLI ${version} downloaded`);
    return true;
  } catch {
    return false;
  } finally {
    clearInterval(watch);
    rmSync(temporary, { recursive: true, force: true });
  }
}

function watchGrowth(folder: string, onSilence: () => void): NodeJS.Timeout {
  let size = 0;
  let grown = performance.now();
  return setInterval(() => {
    const now = bytesIn(folder);
    if (now !== size) {
      size = now;
      grown = performance.now();
    }
    if (performance.now() - grown > SILENCE_MS) onSilence();
  }, LOOK_MS);
}

function bytesIn(folder: string): number {
  let total = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    // A file may go between listing and looking.
    if (entry.isFile()) total += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return total;
}
