import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { projectRoot } from "../../tools/places.ts";
import { surroundings } from "../../tools/surroundings.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "language-host-")));
const env = surroundings(join(folder, "home"));
const LIMIT_MS = 60_000;

before(() => {
  const runtime = "runtime:\n  name: nodejs\n  options:\n    typescript: false\n";
  writeFileSync(join(folder, "Pulumi.yaml"), `name: trivial\nmain: index.ts\n${runtime}`);
  const dependencies = { "@pulumi/pulumi": "3.259.0", "@pulumi/aws": "7.48.0" };
  const manifest = { name: "trivial", type: "module", main: "index.ts", dependencies };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  symlinkSync(join(projectRoot, "node_modules"), join(folder, "node_modules"));
  assert.equal(pulumi("stack", "init", "dev").status, 0);
});

after(() => rmSync(folder, { recursive: true, force: true }));

function pulumi(...args: string[]) {
  const options = { cwd: folder, env, encoding: "utf8", timeout: LIMIT_MS } as const;
  const { status, stdout, stderr } = spawnSync("pulumi", [...args, "--non-interactive", "--color", "never"], options);
  return { status, output: stdout + stderr, stdout };
}

function program(text: string): void {
  writeFileSync(join(folder, "index.ts"), `import * as pulumi from "@pulumi/pulumi";\n${text}\n`);
}

test("preview and up run a TypeScript module as it is, and a second up finds nothing to do", () => {
  program(`const config = new pulumi.Config();
interface Answer { readonly value: number }
const answer: Answer = { value: config.requireNumber("value") };
console.log(\`in \${pulumi.getStack()} of \${pulumi.getProject()}, dry run: \${pulumi.runtime.isDryRun()}\`);
console.error("and on stderr");
export const value = pulumi.output(answer.value).apply((known) => known + 1);
export const hidden = config.requireSecret("token");`);
  pulumi("config", "set", "value", "41");
  pulumi("config", "set", "token", "not for eyes", "--secret");

  const preview = pulumi("preview");
  assert.equal(preview.status, 0, preview.output);
  assert.match(preview.output, /in dev of trivial, dry run: true/);
  assert.match(preview.output, /and on stderr/);
  assert.doesNotMatch(preview.output, /warning|not for eyes/i);

  const up = pulumi("up", "--yes", "--skip-preview");
  assert.equal(up.status, 0, up.output);
  assert.match(up.output, /in dev of trivial, dry run: false/);
  assert.deepEqual(JSON.parse(pulumi("stack", "output", "--json").stdout), { value: 42, hidden: "[secret]" });
  assert.equal(pulumi("preview", "--expect-no-changes").status, 0);
});

test("a policy pack judges a preview: it passes what keeps the rule and stops what breaks it", () => {
  const pack = join(folder, "pack");
  mkdirSync(pack);
  writeFileSync(join(pack, "PulumiPolicy.yaml"), "runtime: nodejs\nmain: index.js\n");
  writeFileSync(join(pack, "package.json"), JSON.stringify({ name: "pack", version: "1.0.0" }));
  symlinkSync(join(projectRoot, "node_modules"), join(pack, "node_modules"));
  writeFileSync(
    join(pack, "index.js"),
    `const { PolicyPack } = require("@pulumi/policy");
new PolicyPack("house", { policies: [{
  name: "named-in-full", description: "Stacks are named in full.", enforcementLevel: "mandatory",
  validateStack: (args, report) => { if (args.resources.length > 0 && process.env.BREAK_RULE) report("the rule is broken"); },
}] });
`,
  );
  program("export const value = 1;");
  const kept = pulumi("preview", "--policy-pack", pack);
  assert.equal(kept.status, 0, kept.output);
  assert.match(kept.output, /house@v?1\.0\.0/);
  env["BREAK_RULE"] = "yes";
  const broken = pulumi("preview", "--policy-pack", pack);
  delete env["BREAK_RULE"];
  assert.notEqual(broken.status, 0);
  assert.match(broken.output, /the rule is broken/);
});

test("without the option ts-node compiles and checks a program, as under Pulumi's own host", () => {
  const place = join(folder, "compiled");
  mkdirSync(place);
  writeFileSync(join(place, "Pulumi.yaml"), "name: compiled\nruntime: nodejs\n");
  writeFileSync(join(place, "package.json"), JSON.stringify({ name: "compiled", main: "index.ts" }));
  const options = { cwd: place, env, encoding: "utf8", timeout: LIMIT_MS } as const;
  const run = (...args: string[]) => spawnSync("pulumi", [...args, "--non-interactive", "--color", "never"], options);
  assert.equal(run("stack", "init", "dev").status, 0);

  writeFileSync(join(place, "index.ts"), "export enum Answer { Right = 42 }\n"); // stripping cannot run an enum
  const right = run("preview");
  assert.equal(right.status, 0, right.stdout + right.stderr);
  assert.match(right.stdout, /Right/);

  writeFileSync(join(place, "index.ts"), 'export const answer: number = "text";\n');
  const wrong = run("preview");
  assert.notEqual(wrong.status, 0);
  assert.match(wrong.stdout + wrong.stderr, /is not assignable to type 'number'/);

  writeFileSync(
    join(place, "Pulumi.yaml"),
    "name: compiled\nruntime:\n  name: nodejs\n  options:\n    typescript: maybe\n",
  );
  const odd = run("preview");
  assert.notEqual(odd.status, 0);
  assert.match(odd.stdout + odd.stderr, /runtime\.options\.typescript in Pulumi\.yaml is "maybe": write true or false/);
});

test("words for Node come from Pulumi.yaml", () => {
  const file = join(folder, "Pulumi.yaml");
  const before = readFileSync(file, "utf8");
  try {
    writeFileSync(file, `${before}    nodeargs: --max-semi-space-size=32 --title=greenhouse\n`);
    program('export const words = process.execArgv.join(" ");\nexport const title = process.title;');
    const { status, output } = pulumi("preview");
    assert.equal(status, 0, output);
    assert.match(output, /--max-semi-space-size=32 --title=greenhouse/);
    assert.match(output, /title *: "?greenhouse/);
    writeFileSync(file, `${before}    nodeargs: 5\n`);
    assert.match(pulumi("preview").output, /runtime\.options\.nodeargs in Pulumi\.yaml is 5: write a text/);
  } finally {
    writeFileSync(file, before);
  }
});

test("what a program throws fails the preview and is explained once", () => {
  program(`throw new Error("the greenhouse is closed");`);
  const { status, output } = pulumi("preview");
  assert.notEqual(status, 0);
  const diagnostics = output.slice(output.indexOf("Diagnostics:"));
  assert.equal(diagnostics.match(/the greenhouse is closed/g)?.length, 1, output);
  assert.match(diagnostics, /index\.ts:2/);
  assert.doesNotMatch(output, /exit code/);
});

test("a program that ends by itself with a failing code fails the preview", () => {
  program("process.exit(7);");
  const { status, output } = pulumi("preview");
  assert.notEqual(status, 0);
  assert.match(output, /The program ended with exit code 7, which says it failed\./);
});

test("about tells Node and the dependencies", () => {
  program("export const nothing = 0;");
  const about = JSON.parse(pulumi("about", "--json").stdout) as {
    runtime: { language: string; version: string };
    dependencies: { name: string; version: string }[];
  };
  assert.deepEqual([about.runtime.language, about.runtime.version], ["nodejs", process.version]);
  assert.deepEqual(about.dependencies, [
    { name: "@pulumi/pulumi", version: "3.259.0" },
    { name: "@pulumi/aws", version: "7.48.0" },
  ]);
});

test("after kill -9 of the engine neither the language host nor the program stays", async () => {
  const pidFile = join(folder, "pids");
  program(`import { writeFileSync } from "node:fs";
writeFileSync(${JSON.stringify(pidFile)}, \`\${process.pid} \${process.ppid}\`);
await new Promise((resolve) => setTimeout(resolve, 60_000));`);
  const engine = spawn("pulumi", ["preview", "--non-interactive"], { cwd: folder, env, stdio: "ignore" });
  try {
    const pids = await until(() => readFileSync(pidFile, "utf8").split(" ").map(Number));
    assert.equal(pids.length, 2);
    assert.deepEqual(pids.map(isAlive), [true, true]);
    engine.kill("SIGKILL");
    await until(() => assert.deepEqual(pids.map(isAlive), [false, false]));
  } finally {
    engine.kill("SIGKILL");
  }
});

/** The first answer that `look` gives without throwing, within 30 s. */
async function until<Result>(look: () => Result): Promise<Result> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return look();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

/** A process that ended and is not yet collected does not count. */
function isAlive(pid: number): boolean {
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  return state !== "" && !state.startsWith("Z");
}
