import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Places } from "../places.ts";
import { findOnPath, MissingPrerequisite, run } from "./commands.ts";
import { withLock } from "./once.ts";
import type { Step } from "./progress.ts";
import { atLeast } from "./versions.ts";

/** What the pinned packages need. */
const PYTHON = "3.11.0";
const NAMES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];
const INSTALL_LIMIT_MS = 10 * 60_000;
const DONE = "done";

/** Packages that get an environment of their own. */
export interface PythonPackages {
  /** The pinned packages, a file as `pip freeze` writes it, from the project's root. */
  readonly requirements: string;
  /** What is installed, in the words of a progress line. */
  readonly what: string;
  /** How long that takes. */
  readonly about: string;
  /** Why it is wanted, for those who lack Python. */
  readonly why: string;
}

/** What a rehearsal needs. */
export const MOTO: PythonPackages = {
  requirements: "tools/python/requirements.txt",
  what: "moto, an S3, IAM and STS server",
  about: "about 40 s",
  why: "moto, which stands in for S3 and IAM, is written in it",
};

/** Folder of an environment, which is there or not; its name changes with what is in it. */
export function pythonEnvironment(at: Places, packages = MOTO): string {
  const wanted = readFileSync(join(at.root, packages.requirements));
  const key = createHash("sha256").update(wanted).update(`${process.platform}-${process.arch}`).digest("hex");
  return join(at.python, key.slice(0, 16));
}

/** Makes an environment unless it is there. @throws MissingPrerequisite where there is no Python for it. */
export async function preparePython(at: Places, step: Step, packages = MOTO): Promise<void> {
  const folder = pythonEnvironment(at, packages);
  if (isReady(folder)) return step.found("in place");
  mkdirSync(at.python, { recursive: true });
  await withLock(`${folder}.lock`, step, async () => {
    if (isReady(folder)) return step.found("made by another clone");
    const python = await findPython(packages.why);
    // A virtual environment holds its own path, so it is made where it will stay, and counts once `done` is written.
    rmSync(folder, { recursive: true, force: true });
    step.working("making a virtual environment");
    await run(python, ["-m", "venv", folder], { env: cleanEnv(), limitMs: INSTALL_LIMIT_MS });
    step.working(`installing ${packages.what}, ${packages.about}`);
    const pip = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--no-input",
      "-r",
      join(at.root, packages.requirements),
    ];
    await run(join(folder, "bin", "python"), pip, { env: cleanEnv(), limitMs: INSTALL_LIMIT_MS });
    writeFileSync(join(folder, DONE), "");
    step.done("installed");
  });
}

function isReady(folder: string): boolean {
  // The link to the interpreter dangles once the system's Python moves on.
  return existsSync(join(folder, DONE)) && existsSync(join(folder, "bin", "python"));
}

async function findPython(why: string): Promise<string> {
  const seen: string[] = [];
  for (const name of NAMES) {
    const file = findOnPath(name);
    if (!file) continue;
    const version = await run(file, ["-c", "import platform; print(platform.python_version())"], {
      env: cleanEnv(),
    }).catch(() => "");
    seen.push(`${name} ${version.trim() || "does not run"}`);
    if (!atLeast(version, PYTHON)) continue;
    if (await hasVenv(file)) return file;
    throw new MissingPrerequisite({
      what: `Python's venv module (${file} has none)`,
      why: "what the project needs of Python is installed in an environment of its own",
      debian: "sudo apt-get install python3-venv",
      mac: "brew install python@3.13",
    });
  }
  throw new MissingPrerequisite({
    what: `Python ${PYTHON.slice(0, 4)} or newer (found: ${seen.join(", ") || "none"})`,
    why,
    debian: "sudo apt-get install python3 python3-venv",
    mac: "brew install python@3.13",
  });
}

async function hasVenv(python: string): Promise<boolean> {
  const check = run(python, ["-c", "import venv, ensurepip"], { env: cleanEnv() });
  return check.then(
    () => true,
    () => false,
  );
}

/** Without the caller's PYTHONPATH and the like, which would mix other packages in. */
function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PYTHON|VIRTUAL_ENV)/.test(name)));
}
