import { mkdirSync } from "node:fs";
import { type Places, places, projectRoot } from "./places.ts";
import { binFolderVersion, makeBinFolder } from "./setup/bin-folder.ts";
import { findOrMakeCli } from "./setup/cli.ts";
import { findOnPath, MissingPrerequisite, SURROUNDINGS_FAILED } from "./setup/commands.ts";
import { createProgress, type Progress } from "./setup/progress.ts";
import { preparePython, pythonEnvironment } from "./setup/python.ts";

/** What set-up made ready. `surroundings()` turns it into an environment. */
export interface Prepared extends Places {
  /** The Python environment with moto. */
  readonly venv: string;
  readonly pulumiVersion: string;
}

/**
 * Makes ready what a rehearsal needs beyond `node_modules`: git, Pulumi's CLI with its language host, and a Python
 * environment with moto. Finds what is there in some milliseconds; the first time takes up to five minutes.
 *
 * @throws MissingPrerequisite with what to install, where something cannot be had.
 */
export async function prepare(options: { progress?: Progress; root?: string } = {}): Promise<Prepared> {
  const at = places(options.root ?? projectRoot);
  const progress = options.progress ?? createProgress();
  mkdirSync(at.cache, { recursive: true });
  requireGit();
  const pulumiVersion = await progress.step("Pulumi CLI", async (step) => {
    const ready = binFolderVersion(at);
    if (ready) return ready;
    const cli = await findOrMakeCli(at, step);
    makeBinFolder(at, cli);
    return cli.version;
  });
  await progress.step("Python environment", (step) => preparePython(at, step));
  return { ...at, venv: pythonEnvironment(at), pulumiVersion };
}

/**
 * Set-up for a command's first line: what is missing is told without a stack, and ends the process with exit code 3.
 */
export async function prepareOrExit(): Promise<Prepared> {
  try {
    return await prepare();
  } catch (error) {
    process.stderr.write(`\nSet-up stopped. ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(SURROUNDINGS_FAILED);
  }
}

function requireGit(): void {
  if (findOnPath("git")) return;
  throw new MissingPrerequisite({
    what: "git",
    why: "the rehearsal works on a clone of the project",
    debian: "sudo apt-get install git",
    mac: "xcode-select --install",
  });
}
