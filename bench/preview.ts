import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { startEmulator } from "../emulator/client.ts";
import { projectRoot } from "../tools/places.ts";
import { openWorkplace } from "../tools/rehearsal/story.ts";
import { run } from "../tools/setup/commands.ts";
import { enterSurroundings, surroundings } from "../tools/surroundings.ts";

/** Something to preview: a folder, a stack, an environment. */
interface Subject {
  readonly cwd: string;
  readonly stack: string;
  readonly env: Record<string, string>;
}

/** Times of one subject, in milliseconds. */
interface Times {
  readonly runs: readonly number[];
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
}

export interface PreviewResult {
  readonly machine: {
    readonly cpus: number;
    readonly model: string;
    readonly memoryGib: number;
    readonly node: string;
  };
  readonly resources: number;
  readonly production: Times;
  /** What `pulumi new typescript` writes, which compiles before it runs. */
  readonly template: Times;
  /** The same program as this project is run: Node strips the types. */
  readonly stripped: Times;
  /** Medians of production over those of either empty program. */
  readonly ratio: { readonly template: number; readonly stripped: number };
}

/** The compiler that npm gives to the template's `typescript: ^5.0.0`. */
const TEMPLATE_TYPESCRIPT = "5.9.3";
/** How long the slowest preview may take before something is wrong. */
const LIMIT_MS = 120_000;

/**
 * Previews production and two empty programs in turn, so that whatever else the machine does falls on both.
 *
 * @throws Error where no production stack is provisioned, a preview fails, or one shows a change.
 */
export async function runPreviewBenchmark(options: { runs: number }): Promise<PreviewResult & { table: string }> {
  const home = join(projectRoot, ".rehearsal");
  enterSurroundings(home);
  const resources = provisionedResources(home);
  const temporary = mkdtempSync(join(tmpdir(), "ml-delivery-bench-"));
  try {
    const emulator = await startEmulator({ home: join(home, "emulator"), root: projectRoot });
    const { clone, env } = await openWorkplace(home, projectRoot, emulator.env, () => {});
    const subjects = {
      production: { cwd: clone, stack: "production", env },
      template: await makeTemplate(join(temporary, "template")),
      stripped: await makeStripped(join(temporary, "stripped")),
    };
    const times = { production: [] as number[], template: [] as number[], stripped: [] as number[] };
    for (let index = 0; index <= options.runs; index += 1) {
      for (const name of ["production", "template", "stripped"] as const) {
        const time = await preview(subjects[name]);
        // The first warms caches up.
        if (index > 0) times[name].push(time);
      }
      process.stderr.write(`  ${index === 0 ? "warmed up" : `run ${index} of ${options.runs}`}\n`);
    }
    const { production, template, stripped } = times;
    const over = (empty: readonly number[]) => round(median(production) / median(empty), 2);
    const result = {
      machine: machine(),
      resources,
      production: summarise(production),
      template: summarise(template),
      stripped: summarise(stripped),
      ratio: { template: over(template), stripped: over(stripped) },
    };
    return { ...result, table: table(result) };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** The number of resources in production's state. */
function provisionedResources(home: string): number {
  const file = join(home, "state", ".pulumi", "stacks", "ml-delivery", "production.json");
  const state = existsSync(file) ? (readJson(file) as StateFile) : undefined;
  const count = state?.checkpoint?.latest?.resources?.length ?? 0;
  if (count > 1) return count;
  throw new Error(`There is no provisioned production stack in ${home}. Run \`npm start\` first.`);
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}

interface StateFile {
  readonly checkpoint?: { readonly latest?: { readonly resources?: readonly unknown[] } };
}

/** What `pulumi new typescript` writes, with its dependencies from npm. */
async function makeTemplate(folder: string): Promise<Subject> {
  const { dependencies } = readJson(join(projectRoot, "package.json")) as { dependencies: Record<string, string> };
  const compilerOptions = {
    ...{ strict: true, outDir: "bin", target: "es2020", module: "commonjs", moduleResolution: "node" },
    ...{ sourceMap: true, experimentalDecorators: true, pretty: true, forceConsistentCasingInFileNames: true },
    ...{ noFallthroughCasesInSwitch: true, noImplicitReturns: true },
  };
  const cwd = writeProgram(folder, {
    "Pulumi.yaml": "name: empty\nruntime:\n  name: nodejs\n  options:\n    packagemanager: npm\n",
    "package.json": JSON.stringify({
      name: "empty",
      main: "index.ts",
      devDependencies: { "@types/node": "^18", typescript: TEMPLATE_TYPESCRIPT },
      dependencies: { "@pulumi/pulumi": dependencies["@pulumi/pulumi"] },
    }),
    "tsconfig.json": JSON.stringify({ compilerOptions, files: ["index.ts"] }),
    "index.ts": 'import * as pulumi from "@pulumi/pulumi";\n',
  });
  process.stderr.write("  installing what `pulumi new typescript` needs\n");
  await run("npm", ["install", "--no-audit", "--no-fund"], { cwd, env: process.env, limitMs: LIMIT_MS });
  return await createStack(folder, cwd);
}

/** The least that Pulumi calls a TypeScript program, run in the same way as the project's own. */
async function makeStripped(folder: string): Promise<Subject> {
  const runtime = "runtime:\n  name: nodejs\n  options:\n    typescript: false\n";
  const cwd = writeProgram(folder, {
    "Pulumi.yaml": `name: empty\nmain: index.ts\n${runtime}`,
    "package.json": JSON.stringify({ name: "empty", type: "module", main: "index.ts" }),
    "index.ts": 'import "@pulumi/pulumi";\n\nexport const answer: number = 42;\n',
  });
  symlinkSync(join(projectRoot, "node_modules"), join(cwd, "node_modules"));
  return await createStack(folder, cwd);
}

/** Gives the program's folder. */
function writeProgram(folder: string, files: Readonly<Record<string, string>>): string {
  const cwd = join(folder, "program");
  mkdirSync(cwd, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  return cwd;
}

async function createStack(folder: string, cwd: string): Promise<Subject> {
  const subject = { cwd, stack: "empty", env: surroundings(join(folder, "home")) };
  await run("pulumi", ["stack", "init", "empty", "--non-interactive"], subject);
  await run("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive"], { ...subject, limitMs: LIMIT_MS });
  return subject;
}

/** Milliseconds that a preview takes; a change in it is an error, since then something else is measured. */
async function preview({ cwd, stack, env }: Subject): Promise<number> {
  const started = performance.now();
  const args = ["preview", "--stack", stack, "--non-interactive", "--expect-no-changes"];
  await run("pulumi", args, { cwd, env, limitMs: LIMIT_MS });
  return performance.now() - started;
}

function summarise(runs: readonly number[]): Times {
  return {
    runs: runs.map((time) => Math.round(time)),
    median: Math.round(median(runs)),
    fastest: Math.round(Math.min(...runs)),
    slowest: Math.round(Math.max(...runs)),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function machine(): PreviewResult["machine"] {
  const cores = cpus();
  const model = cores[0]?.model ?? "unknown";
  return { cpus: cores.length, model, memoryGib: round(totalmem() / 2 ** 30, 1), node: process.version };
}

function table({
  machine: { cpus: cores, model, memoryGib, node },
  production,
  template,
  stripped,
  ratio,
  resources,
}: PreviewResult): string {
  const row = (name: string, { median: middle, fastest, slowest }: Times) =>
    `${name.padEnd(44)} ${[middle, fastest, slowest].map((time) => (time / 1000).toFixed(2).padStart(8)).join(" ")}\n`;
  return [
    `${"pulumi preview, seconds".padEnd(44)} ${["median", "fastest", "slowest"].map((head) => head.padStart(8)).join(" ")}\n`,
    row(`production, ${resources} resources, no change`, production),
    row("empty, as `pulumi new typescript` has it", template),
    row("empty, types stripped as in production", stripped),
    `ratio of medians: ${ratio.template} to the template, ${ratio.stripped} to the program without a compiler\n`,
    `${production.runs.length} runs each, in turn; ${cores} × ${model}, ${memoryGib} GiB, Node ${node}\n`,
  ].join("");
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
