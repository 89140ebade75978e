import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Places, places } from "../places.ts";
import { findOnPath, isExecutable, MissingPrerequisite, run } from "../setup/commands.ts";
import { withLock } from "../setup/once.ts";
import type { Progress, Step } from "../setup/progress.ts";

/** Enough for a closed network to say so, and for a slow one to bring eight megabytes. */
const LIMIT_MS = 5 * 60_000;
const SOURCES = ["main.groovy", "harness/*.groovy"];

/** How the harness is started, less the description of the build. */
export interface Harness {
  readonly command: readonly [program: string, ...args: string[]];
}

/**
 * Makes the Jenkins harness ready: Groovy from the repository that Maven knows, and the harness compiled with it, both in
 * the user's cache by what is in them.
 *
 * @throws MissingPrerequisite with what to install, where there is no Java, or no Maven to bring Groovy.
 */
export async function prepareHarness(progress: Progress, at: Places = places()): Promise<Harness> {
  const source = join(at.root, "tools", "jenkins");
  const java = findOnPath("java");
  if (!java) throw missing("Java 17 or newer", "sudo apt-get install default-jre-headless", "brew install openjdk");
  const cache = join(at.cache, "jenkins");
  mkdirSync(cache, { recursive: true });
  const pom = readFileSync(join(source, "pom.xml"));
  const libraries = join(cache, `groovy-${digest([pom])}`);
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: source })).sort();
  const classes = join(cache, `harness-${digest([pom, ...files.map((file) => readFileSync(join(source, file)))])}`);
  const program = (path: string) => [java, "-XX:TieredStopAtLevel=1", "-cp", path] as const;
  await progress.step("Jenkins harness", async (step) => {
    await once(libraries, step, (half) => fetchGroovy(source, half, step));
    await once(classes, step, async (half) => {
      step.working("compiling the Jenkins harness, about 5 s");
      const [file, ...options] = program(join(libraries, "*"));
      const compiler = [...options, "org.codehaus.groovy.tools.FileSystemCompiler", "-d", half, ...files];
      await run(file, compiler, { cwd: source, limitMs: LIMIT_MS });
      step.done("compiled");
    });
  });
  return { command: [...program(`${join(libraries, "*")}:${classes}`), "main"] };
}

/** Makes a folder, whole or not at all, unless it is there. */
async function once(folder: string, step: Step, make: (half: string) => Promise<void>): Promise<void> {
  const done = join(folder, "done");
  const isThere = () => globSync(done).length > 0;
  if (isThere()) return;
  await withLock(`${folder}.lock`, step, async () => {
    if (isThere()) return;
    const half = `${folder}.half`;
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half);
    await make(half);
    writeFileSync(join(half, "done"), "");
    rmSync(folder, { recursive: true, force: true });
    renameSync(half, folder);
  });
}

async function fetchGroovy(source: string, folder: string, step: Step): Promise<void> {
  const maven = findOnPath("mvn");
  if (!maven || !isExecutable(maven)) throw missing("Maven", "sudo apt-get install maven", "brew install maven");
  step.working("fetching Groovy, 8 MB");
  const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${folder}`];
  await run(maven, ["-q", "-B", "--strict-checksums", "-f", join(source, "pom.xml"), ...goal], {
    limitMs: LIMIT_MS,
  });
  step.done("fetched");
}

function missing(what: string, debian: string, mac: string): MissingPrerequisite {
  return new MissingPrerequisite({ what, why: "a Jenkinsfile is run by Groovy's own compiler", debian, mac });
}

function digest(parts: readonly Buffer[]): string {
  return createHash("sha256").update(Buffer.concat(parts)).digest("hex").slice(0, 16);
}
