import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findOnPath, MissingPrerequisite, run } from "./commands.ts";
import { atLeast } from "./versions.ts";

const LIMIT_MS = 45 * 60_000;

/** A program to build from a Go module that the project pins. */
export interface GoProgram {
  /** Folder with the go.mod and go.sum. */
  readonly source: string;
  /** Its package, as `github.com/rhysd/actionlint/cmd/actionlint`. */
  readonly package: string;
  /** What the linker is told besides leaving symbols out. @default - nothing */
  readonly linkerFlags?: string;
}

/** What to tell a user without a Go for it. */
export interface WithoutGo {
  /** What is missing, where the Go that is needed and the one found are given. */
  readonly what: (wanted: string, found: string) => string;
  readonly why: string;
  readonly debian: string;
  readonly mac: string;
}

/**
 * Builds a program and puts it, whole or not at all, at `folder`/`name`. Modules are checked against go.sum.
 *
 * @throws MissingPrerequisite where there is no Go new enough for it.
 */
export async function buildGo(program: GoProgram, folder: string, name: string, without: WithoutGo): Promise<void> {
  const go = await findGo(program.source, without);
  const temporary = `${folder}.build-${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  try {
    const flags = ["-s", "-w", program.linkerFlags ?? ""].join(" ").trim();
    const out = join(temporary, name);
    const args = ["build", "-v", "-mod=readonly", "-ldflags", flags, "-o", out, program.package];
    await run(go, args, { cwd: program.source, limitMs: LIMIT_MS });
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function findGo(source: string, { what, ...without }: WithoutGo): Promise<string> {
  const wanted = /^go (\S+)$/m.exec(readFileSync(join(source, "go.mod"), "utf8"))?.[1];
  if (!wanted) throw new Error(`${join(source, "go.mod")} has no line \`go <version>\`; restore the file from git.`);
  const go = findOnPath("go");
  // Asked in the module's folder, where Go says the version it would switch to if it is allowed to fetch one.
  const version = go ? await run(go, ["env", "GOVERSION"], { cwd: source, limitMs: LIMIT_MS }).catch(() => "") : "";
  if (go && atLeast(version, wanted)) return go;
  const found = go ? version.trim() || "a Go too old" : "none";
  throw new MissingPrerequisite({ what: what(wanted, found), ...without });
}
