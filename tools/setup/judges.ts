import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Places, places } from "../places.ts";
import { isExecutable } from "./commands.ts";
import { buildGo } from "./go.ts";
import { withLock } from "./once.ts";
import type { Progress, Step } from "./progress.ts";
import { type PythonPackages, preparePython, pythonEnvironment } from "./python.ts";

/** Built from the module that tools/judges/<name> pins: the package, and what it does, for those who lack Go. */
const BUILT = {
  actionlint: { package: "github.com/rhysd/actionlint/cmd/actionlint", does: "checks workflows" },
  gitleaks: { package: "github.com/zricethezav/gitleaks/v8", does: "looks for secrets" },
  act: { package: "github.com/nektos/act", does: "runs GitHub workflows on this machine" },
  toxiproxy: { package: "github.com/Shopify/toxiproxy/v2/cmd/server", does: "makes a network slow and unreliable" },
} as const;

/** Those that come as Python packages, all in one environment. */
const INSTALLED = ["zizmor", "checkov", "check-jsonschema", "shellcheck"] as const;

const PACKAGES: PythonPackages = {
  requirements: "tools/judges/python/requirements.txt",
  what: INSTALLED.join(", "),
  about: "about 50 s",
  why: "tools that check the project from the outside are written in it",
};

type Built = keyof typeof BUILT;

const BUILT_NAMES = Object.keys(BUILT) as Built[];

/** A program that nobody in this project wrote, and that judges it or helps to. */
export type Judge = Built | (typeof INSTALLED)[number];

/** The executable of a judge, which is there or not. Its folder changes with the versions that are pinned. */
export function judgeFile(name: Judge, at: Places = places()): string {
  if (!isBuilt(name)) return join(pythonEnvironment(at, PACKAGES), "bin", name);
  const pins = ["go.mod", "go.sum"].map((file) => readFileSync(join(sourceOf(at, name), file)));
  const digest = createHash("sha256").update(Buffer.concat(pins)).update(`${process.platform}-${process.arch}`);
  return join(at.judges, `${name}-${digest.digest("hex").slice(0, 16)}`, name);
}

/**
 * Makes one judge ready and gives its executable. Found in a millisecond; the first time takes up to a minute.
 *
 * @throws MissingPrerequisite with what to install, where it cannot be had.
 */
export async function prepareJudge(name: Judge, progress: Progress, at: Places = places()): Promise<string> {
  await progress.step(isBuilt(name) ? name : "Judges in Python", (step) =>
    isBuilt(name) ? build(name, step, at) : preparePython(at, step, PACKAGES),
  );
  return judgeFile(name, at);
}

/** Why a judge is not there, as the last set-up found it. */
export function whyMissing(name: Judge, at: Places = places()): string {
  try {
    return readFileSync(reasonFile(name, at), "utf8");
  } catch {
    return "set-up has not been asked for it; run `npm test`";
  }
}

/** Makes ready what can be had. Nothing else depends on a judge, so one that cannot be had is told and left out. */
export async function prepareJudges(progress: Progress, at: Places = places()): Promise<void> {
  mkdirSync(at.judges, { recursive: true });
  for (const together of [INSTALLED, ...BUILT_NAMES.map((name) => [name] as const)]) {
    const reason = await prepareJudge(together[0], progress, at).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    for (const name of together) {
      if (reason === undefined) rmSync(reasonFile(name, at), { force: true });
      else writeFileSync(reasonFile(name, at), reason);
    }
    if (reason === undefined) continue;
    await progress.step(together.join(", "), async (step) => {
      step.working("left out");
      step.done(`left out: tests that need it are skipped. ${reason}`);
    });
  }
}

async function build(name: Built, step: Step, at: Places): Promise<void> {
  const file = judgeFile(name, at);
  if (isExecutable(file)) return step.found("in place");
  const folder = join(file, "..");
  mkdirSync(at.judges, { recursive: true });
  await withLock(`${folder}.lock`, step, async () => {
    if (isExecutable(file)) return step.found("made by another clone");
    step.working("building it from source, up to a minute, once");
    await buildGo({ source: sourceOf(at, name), package: BUILT[name].package }, folder, name, {
      what: (wanted, found) => `Go ${wanted} or newer (found: ${found})`,
      why: `${name}, which ${BUILT[name].does}, is built with it`,
      debian: "sudo apt-get install golang (trixie-backports or newer)",
      mac: "brew install go",
    });
    step.done("built");
  });
}

function isBuilt(name: Judge): name is Built {
  return Object.hasOwn(BUILT, name);
}

function sourceOf(at: Places, name: Built): string {
  return join(at.root, "tools", "judges", name);
}

function reasonFile(name: Judge, at: Places): string {
  return join(at.judges, `${name}.missing`);
}
