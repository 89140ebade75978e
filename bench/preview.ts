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
  /** Whether it shows what is there already, and no change. */
  readonly unchanged: boolean;
}

/** Times of one subject, in milliseconds. */
interface Times {
  readonly runs: readonly number[];
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
}

const FULL = ["production", "withoutPolicies", "plain"] as const;
type Full = (typeof FULL)[number];

export interface PreviewResult {
  readonly machine: {
    readonly cpus: number;
    readonly model: string;
    readonly memoryGib: number;
    readonly node: string;
  };
  readonly resources: number;
  /** With the policy pack, as people and pipelines preview it. */
  readonly production: Times;
  readonly withoutPolicies: Times;
  /** As many resource groups as production has resources, with the policy pack: what the engine takes for so many. */
  readonly plain: Times;
  /** What `pulumi new typescript` writes, which compiles before it runs. */
  readonly template: Times;
  /** The same program as this project is run: Node strips the types. */
  readonly stripped: Times;
  /** Medians over those of the two empty programs. */
  readonly ratio: Readonly<Record<Full, { readonly template: number; readonly stripped: number }>>;
}

/** The compiler that npm gives to the template's `typescript: ^5.0.0`. */
const TEMPLATE_TYPESCRIPT = "5.9.3";
/** How long the slowest preview may take before something is wrong. */
const LIMIT_MS = 120_000;

/**
 * Previews production, as many bare resources, and two empty programs in turn, so that whatever else the machine does falls on all.
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
    const production = { cwd: clone, stack: "production", env, unchanged: true };
    const subjects = {
      production,
      withoutPolicies: { ...production, env: { ...env, PULUMI_OPTION_POLICY_PACK: "" } },
      plain: await makePlain(join(temporary, "plain"), resources, env),
      template: await makeTemplate(join(temporary, "template")),
      stripped: await makeStripped(join(temporary, "stripped")),
    };
    const names = Object.keys(subjects) as (keyof typeof subjects)[];
    const times: Record<(typeof names)[number], number[]> = {
      production: [],
      withoutPolicies: [],
      plain: [],
      template: [],
      stripped: [],
    };
    for (let index = 0; index <= options.runs; index += 1) {
      for (const name of names) {
        const time = await preview(subjects[name]);
        // The first warms caches up.
        if (index > 0) times[name].push(time);
      }
      process.stderr.write(`  ${index === 0 ? "warmed up" : `run ${index} of ${options.runs}`}\n`);
    }
    const over = (name: Full, empty: "template" | "stripped") => round(median(times[name]) / median(times[empty]), 2);
    const ratios = FULL.map((name) => [name, { template: over(name, "template"), stripped: over(name, "stripped") }]);
    const result: PreviewResult = {
      machine: machine(),
      resources,
      production: summarise(times.production),
      withoutPolicies: summarise(times.withoutPolicies),
      plain: summarise(times.plain),
      template: summarise(times.template),
      stripped: summarise(times.stripped),
      ratio: Object.fromEntries(ratios),
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
  const source = 'import "@pulumi/pulumi";\n\nexport const answer: number = 42;\n';
  return await createStack(folder, writeStripped(folder, "empty", source));
}

/** A program of nothing but `count` resource groups, never made: what is left when all work of ours is taken away. */
async function makePlain(folder: string, count: number, env: Record<string, string>): Promise<Subject> {
  const cwd = writeStripped(
    folder,
    "plain",
    `import { CustomResource } from "@pulumi/pulumi";

const tags = { "managed-by": "pulumi", project: "plain", environment: "plain" };
for (let i = 0; i < ${count}; i += 1) {
  new CustomResource("azure-native:resources:ResourceGroup", \`group-\${i}\`, { location: "eastus", tags });
}
`,
  );
  const subject = { cwd, stack: "plain", env: { ...env, ...surroundings(join(folder, "home")) }, unchanged: false };
  await run("pulumi", ["stack", "init", "plain", "--non-interactive"], subject);
  return subject;
}

/** A program that is run as the project's own, with the project's dependencies; gives its folder. */
function writeStripped(folder: string, name: string, source: string): string {
  const cwd = writeProgram(folder, {
    "Pulumi.yaml": `name: ${name}\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n`,
    "package.json": JSON.stringify({ name, type: "module", main: "index.ts" }),
    "index.ts": source,
  });
  symlinkSync(join(projectRoot, "node_modules"), join(cwd, "node_modules"));
  return cwd;
}

/** Gives the program's folder. */
function writeProgram(folder: string, files: Readonly<Record<string, string>>): string {
  const cwd = join(folder, "program");
  mkdirSync(cwd, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  return cwd;
}

async function createStack(folder: string, cwd: string): Promise<Subject> {
  const subject = { cwd, stack: "empty", env: surroundings(join(folder, "home")), unchanged: true };
  await run("pulumi", ["stack", "init", "empty", "--non-interactive"], subject);
  await run("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive"], { ...subject, limitMs: LIMIT_MS });
  return subject;
}

/** Milliseconds that a preview takes; a change in it is an error, since then something else is measured. */
async function preview({ cwd, stack, env, unchanged }: Subject): Promise<number> {
  const started = performance.now();
  const args = ["preview", "--stack", stack, "--non-interactive", ...(unchanged ? ["--expect-no-changes"] : [])];
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

const NAMES: Readonly<Record<Full, string>> = {
  production: "production",
  withoutPolicies: "without the policy pack",
  plain: "resource groups",
};

function table({
  machine: { cpus: cores, model, memoryGib, node },
  ratio,
  resources,
  ...times
}: PreviewResult): string {
  const row = (name: string, { median: middle, fastest, slowest }: Times) =>
    `${name.padEnd(44)} ${[middle, fastest, slowest].map((time) => (time / 1000).toFixed(2).padStart(8)).join(" ")}\n`;
  return [
    `${"pulumi preview, seconds".padEnd(44)} ${["median", "fastest", "slowest"].map((head) => head.padStart(8)).join(" ")}\n`,
    row(`production, ${resources} resources, policy pack`, times.production),
    row("production without the policy pack", times.withoutPolicies),
    row(`${resources} resource groups, policy pack`, times.plain),
    row("empty, as `pulumi new typescript` has it", times.template),
    row("empty, types stripped as in production", times.stripped),
    ...FULL.map(
      (name) => `${NAMES[name]}: ${ratio[name].template} times the template, ${ratio[name].stripped} times the other\n`,
    ),
    `${times.production.runs.length} runs each, in turn; ${cores} × ${model}, ${memoryGib} GiB, Node ${node}\n`,
  ].join("");
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
