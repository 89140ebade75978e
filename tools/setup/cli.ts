import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Places } from "../places.ts";
import { buildCli } from "./build.ts";
import { findOnPath, isExecutable, run } from "./commands.ts";
import { downloadCli } from "./download.ts";
import { withLock } from "./once.ts";
import type { Step } from "./progress.ts";
import { atLeast, sameMajor } from "./versions.ts";

/** A Pulumi CLI found or made. */
export interface Cli {
  /** The executable itself, links resolved: what it came with lies beside it. */
  readonly file: string;
  readonly version: string;
}

/**
 * A Pulumi CLI of at least the SDK's version, in this order: on PATH; where Pulumi's own installers put it; in the
 * cache; downloaded by npm's `pulumi`; built from its Go module.
 *
 * @throws MissingPrerequisite where none is there and none can be made.
 */
export async function findOrMakeCli(at: Places, step: Step): Promise<Cli> {
  const wanted = sdkVersion(at.root);
  const installed = await findInstalled(at, wanted);
  if (installed) return installed;
  const folder = join(at.pulumi, wanted);
  mkdirSync(at.pulumi, { recursive: true });
  return withLock(`${folder}.lock`, step, async () => {
    const made = join(folder, "pulumi");
    if (!isExecutable(made) && !(await downloadCli(at, wanted, folder, step))) await buildCli(at, wanted, folder, step);
    const cli = await askVersion(made, wanted);
    if (!cli) throw new Error(`${made} does not run as Pulumi ${wanted}. Delete ${folder} and run the command again.`);
    return cli;
  });
}

/** The version of `@pulumi/pulumi` that is installed: a CLI older than the SDK may not know what it asks for. */
export function sdkVersion(root: string): string {
  const manifest = join(root, "node_modules", "@pulumi", "pulumi", "package.json");
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

async function findInstalled(at: Places, wanted: string): Promise<Cli | undefined> {
  const candidates = [
    findOnPath("pulumi", (folder) => folder.startsWith(join(at.root, "node_modules"))),
    join(homedir(), ".pulumi", "bin", "pulumi"),
    join(homedir(), ".pulumi", "versions", wanted, "bin", "pulumi"),
    join(at.pulumi, wanted, "pulumi"),
  ];
  for (const candidate of candidates) {
    const cli = candidate && existsSync(candidate) ? await askVersion(candidate, wanted) : undefined;
    if (cli) return cli;
  }
  return undefined;
}

/** Nothing where the file is no Pulumi CLI, is too old, or is a script that only leads to one (a version manager's). */
async function askVersion(candidate: string, wanted: string): Promise<Cli | undefined> {
  const file = realpathSync(candidate);
  if (!isExecutable(file) || startsWith(file, "#!")) return undefined;
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const version = (await run(file, ["version"], { env }).catch(() => "")).trim().replace(/^v/, "");
  return atLeast(version, wanted) && sameMajor(version, wanted) ? { file, version } : undefined;
}

function startsWith(file: string, text: string): boolean {
  const open = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(text.length);
    readSync(open, bytes, 0, bytes.length, 0);
    return bytes.toString("latin1") === text;
  } finally {
    closeSync(open);
  }
}
