import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Places } from "../places.ts";
import type { Cli } from "./cli.ts";

/** What the engine looks for beside its own executable, and what each runs where the CLI came without it. */
const COMPANIONS = {
  "pulumi-language-nodejs": "tools/language-host/main.ts",
  "pulumi-resource-pulumi-nodejs": "node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js",
} as const;

const STAMP = "stamp.json";

/** How a bin folder came about. One whose stamp says otherwise is made again. */
interface Stamp {
  readonly file: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly version: string;
  readonly script: string;
}

/** The version of the CLI in this clone's bin folder, or nothing where the folder must be made (again). */
export function binFolderVersion(at: Places): string | undefined {
  const stamp = readStamp(join(at.bin, STAMP));
  const source = stamp && statSync(stamp.file, { throwIfNoEntry: false });
  if (!stamp || !source || source.size !== stamp.bytes || source.mtimeMs !== stamp.modifiedMs) return undefined;
  return stamp.script === script("") ? stamp.version : undefined;
}

/**
 * Makes this clone's folder with the CLI and its companions. The engine takes them from the folder that its executable
 * really lies in, links followed, so the CLI is a hard link (a copy on another disk), and clones do not meet.
 */
export function makeBinFolder(at: Places, cli: Cli): void {
  const half = `${at.bin}.${process.pid}`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  linkOrCopy(cli.file, join(half, "pulumi"));
  for (const [name, target] of Object.entries(COMPANIONS)) {
    const own = join(dirname(cli.file), name);
    if (existsSync(own)) linkOrCopy(own, join(half, name));
    else writeFileSync(join(half, name), script(target), { mode: 0o755 });
  }
  const { size, mtimeMs } = statSync(cli.file);
  const stamp: Stamp = { file: cli.file, bytes: size, modifiedMs: mtimeMs, version: cli.version, script: script("") };
  writeFileSync(join(half, STAMP), JSON.stringify(stamp));
  rmSync(at.bin, { recursive: true, force: true });
  renameSync(half, at.bin);
}

/**
 * Runs `target` with the project's own Node. Finds the project from where the script lies, so a clone can be moved, and
 * replaces the shell, so the engine is the parent that end-with-parent.mjs watches.
 */
function script(target: string): string {
  return `#!/bin/sh
root="\${0%/*}/../../../.."
exec "$root/node_modules/.bin/node" --import "$root/tools/language-host/end-with-parent.mjs" "$root/${target}" "$@"
`;
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to, constants.COPYFILE_FICLONE);
  }
}

function readStamp(file: string): Stamp | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Stamp;
  } catch {
    return undefined;
  }
}
