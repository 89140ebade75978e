import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseDocument } from "yaml";
import { startEmulator, stopEmulator } from "../../../emulator/client.ts";
import type { CiOptions, CiSystem } from "../../../pipelines/render/files.ts";
import type { CiContext, CiEngine } from "../../../tools/rehearsal/ci/engine.ts";
import { chooseSystem } from "../../../tools/rehearsal/ci/tokens.ts";
import { type Pictures, readPictures, splitInTwo, uploadPictures } from "../../../tools/rehearsal/pictures.ts";
import { runCommand } from "../../../tools/rehearsal/process.ts";
import { git, outputs, STACKS, up, type Workplace } from "../../../tools/rehearsal/stacks.ts";
import { createStages, type Stage } from "../../../tools/rehearsal/stages.ts";
import { openWorkplace } from "../../../tools/rehearsal/story.ts";
import { projectRoot } from "../../support/emulator.ts";

/** Three kinds are told apart by few pictures, and a small model is all that a pipeline needs to be shown. */
const KINDS = 3;
const PER_CLASS = 60;
const GATE: CiOptions = { minAccuracy: 0.3, maxLatencyMs: 500, maxModelSizeMb: 500, minSamples: 5 };

/** A team with a repository, both stacks up, and pictures; its code has one test, so that checking it takes seconds. */
export interface Team {
  /** Uploads a lot of the pictures. */
  bring(lot: "first" | "later"): Promise<void>;
  /** Runs the delivery by an engine; gives its stages, and what it threw. */
  deliver(engine: CiEngine, approve: boolean): Promise<{ stages: readonly Stage[]; error: unknown; lines: string }>;
  /** Has the CI system changed, as config and as a file on main. */
  moveTo(ci: CiSystem): Promise<void>;
  /** Who serves an environment's requests, by deployment. */
  traffic(stack: (typeof STACKS)[number]): Promise<Record<string, number>>;
  /** Those of them with requests, as the stack file on main says it: every delivery is a commit. */
  written(stack: (typeof STACKS)[number]): Promise<Record<string, number>>;
  readonly home: string;
  readonly place: Workplace;
  end(): Promise<void>;
}

const REPOSITORY = { owner: "example-org", name: "plant-classifier" };
const quiet = () => {};

export async function createTeam(ci: CiSystem): Promise<Team> {
  const home = await mkdtemp(path.join(tmpdir(), "ml-delivery-ci-"));
  const emulatorHome = path.join(home, "emulator");
  const emulator = await startEmulator({ home: emulatorHome, root: projectRoot });
  const place = await openWorkplace(home, projectRoot, emulator.env, quiet);
  await keepOneTest(place);
  await configure(place, ci);
  await provision(place);
  const buckets = (await outputs(place, "staging"))["buckets"] as { data: string };
  const pictures = await drawPictures(home, place);
  return {
    home,
    place,
    bring: (lot) => uploadPictures(pictures[lot], buckets.data, place.env, quiet),
    async deliver(engine, approve) {
      const lines: string[] = [];
      const screen = { begin: quiet, end: quiet, print: quiet, note: (line: string) => void lines.push(line) };
      const stages = createStages(screen);
      const repository = { emulatorHome, ...REPOSITORY };
      const context: CiContext = { root: projectRoot, home, place, repository, stages, screen, options: GATE, approve };
      const error: unknown = await engine(context).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      return { stages: stages.done, error, lines: lines.join("\n") };
    },
    async moveTo(other) {
      await configure(place, other);
      await provision(place);
    },
    async traffic(stack) {
      return (await outputs(place, stack))["traffic"] as Record<string, number>;
    },
    async written(stack) {
      const file = await readFile(path.join(place.clone, `Pulumi.${stack}.yaml`), "utf8");
      return parseDocument(file).toJS().config["ml-delivery:endpoint"].traffic;
    },
    async end() {
      await stopEmulator(emulatorHome);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Both stacks side by side; the pipelines that production puts on main come into the working copy. */
async function provision(place: Workplace): Promise<void> {
  for (const result of await Promise.allSettled(STACKS.map((stack) => up(place, stack, quiet)))) {
    if (result.status === "rejected") throw result.reason;
  }
  await git(place, ["pull", "--quiet", "--rebase", "origin", "main"], quiet);
}

async function keepOneTest(place: Workplace): Promise<void> {
  for (const folder of ["unit", "components", "pipelines", "emulator", "delivery", "engine"]) {
    await rm(path.join(place.clone, "tests", folder), { recursive: true, force: true });
  }
  for (const group of ["unit", "components"]) {
    const folder = path.join(place.clone, "tests", group);
    await mkdir(folder);
    const text = `import { test } from "node:test";\n\ntest("nothing is wrong with the ${group}", () => {});\n`;
    await writeFile(path.join(folder, "one.test.ts"), text);
  }
  // Its own model alone is looked through: the rest of the project has its checks elsewhere.
  await narrow(path.join(place.clone, "biome.json"), "includes", "src/**");
  await narrow(path.join(place.clone, "tsconfig.json"), "include", "src/**/*.ts");
  await git(place, ["add", "--all", "."], quiet);
  await git(place, ["commit", "--quiet", "--message", "Keep one test a folder"], quiet);
}

/** Puts one path in place of a list's, in the text: the linter looks at how its own settings are written. */
async function narrow(file: string, list: string, only: string): Promise<void> {
  const text = await readFile(file, "utf8");
  const pattern = new RegExp(`("${list}": )\\[[^\\]]*\\]`);
  if (!pattern.test(text)) throw new Error(`${file} has no list \`${list}\``);
  await writeFile(
    file,
    text.replace(pattern, (_, key: string) => `${key}["${only}"]`),
  );
}

async function configure(place: Workplace, ci: CiSystem): Promise<void> {
  for (const stack of STACKS) {
    const file = path.join(place.clone, `Pulumi.${stack}.yaml`);
    const document = parseDocument(await readFile(file, "utf8"));
    document.setIn(["config", "ml-delivery:gate"], document.createNode(GATE, { flow: true }));
    chooseSystem(document, ci, REPOSITORY);
    // Whoever moves to another system takes the account's OIDC provider of the one before away.
    document.setIn(["config", "ml-delivery:protect"], false);
    await writeFile(file, document.toString({ lineWidth: 0 }));
  }
  await git(place, ["commit", "--quiet", "--all", "--message", `Deliver by ${ci}`], quiet);
  await git(place, ["push", "--quiet", "origin", "main"], quiet);
}

async function drawPictures(home: string, place: Workplace): Promise<Pick<Pictures, "first" | "later">> {
  const folder = path.join(home, "pictures");
  const flags = ["--output-path", folder, "--per-class", String(PER_CLASS)];
  const { code, tail } = await runCommand(["node", "src/generate.ts", ...flags], {
    cwd: place.clone,
    env: place.env,
    note: quiet,
  });
  if (code !== 0) throw new Error(tail);
  const pictures = await readPictures(folder, PER_CLASS);
  const kinds = [...new Set(pictures.map(({ label }) => label))].sort().slice(0, KINDS);
  return splitInTwo(
    pictures.filter(({ label }) => kinds.includes(label)),
    0.5,
  );
}
