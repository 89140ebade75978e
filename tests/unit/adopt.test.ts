import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { projectRoot } from "../../tools/places.ts";

const page = readFileSync(join(projectRoot, "docs/adopt.md"), "utf8");
const run = promisify(execFile);

/** Commands of the page: lines of its code blocks, and code within a line that begins with a command. */
const commands = [
  ...[...page.matchAll(/^```\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) => block.trim().split("\n")),
  ...[...page.matchAll(/`((?:node scripts|npm|pulumi) [^`\n]+)`/g)].map(([, command = ""]) => command),
];
/** Programs that are not of this project: their flags are not looked at here. */
const OTHERS = new Set(["az", "aws", "gh", "docker", "export"]);

/** Words without what stands in quotes: a team's own command has flags of its own. */
const wordsOf = (command: string) =>
  command
    .replaceAll(/'[^']*'/g, "TEXT")
    .trim()
    .split(/\s+/);
const flagsOf = (words: readonly string[]) => words.filter((word) => /^--[a-z]/.test(word));
const first = (command: string) => wordsOf(command)[0] ?? "";

/** Flags by what they are given to, such as `scripts/deploy.ts`. */
function given(program: string, target: (words: readonly string[]) => string | undefined): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const words of commands.map(wordsOf).filter(([name]) => name === program)) {
    const name = target(words);
    if (name === undefined) continue;
    found.set(name, new Set([...(found.get(name) ?? []), ...flagsOf(words)]));
  }
  return found;
}

async function assertKnown(help: string, flags: Iterable<string>): Promise<void> {
  const known = new Set(help.match(/--[a-z][a-z-]*/g));
  assert.deepEqual(
    [...flags].filter((flag) => !known.has(flag)),
    [],
  );
}

describe("docs/adopt.md", () => {
  it("shows commands of this project, and of others by name", () => {
    assert.ok(commands.length > 30);
    const own = new Set(["node", "npm", "pulumi"]);
    assert.deepEqual(
      [...new Set(commands.map(first))].filter((name) => !own.has(name) && !OTHERS.has(name)),
      [],
    );
  });

  for (const [script, flags] of given("node", (words) => words[1])) {
    it(`gives ${script} flags that it knows`, async () => {
      assert.ok(existsSync(join(projectRoot, script)), `${script} is not there`);
      const { stdout } = await run(process.execPath, [script, "--help"], { cwd: projectRoot, timeout: 60_000 });
      await assertKnown(stdout, flags);
    });
  }

  it("gives npm scripts that are there, and init flags that it knows", async () => {
    const names = [...given("npm", (words) => (words[1] === "run" ? words[2] : words[1])).keys()];
    const own = names.filter((name) => name !== "ci");
    assert.deepEqual(own.sort(), ["init", "render", "start"]);
    const start = readFileSync(join(projectRoot, "tools/start.mjs"), "utf8");
    for (const name of own) assert.ok(new RegExp(`^ {2}${name}: "`, "m").test(start), `tools/start.mjs has no ${name}`);
    const flags = commands
      .map(wordsOf)
      .filter((words) => words[2] === "init")
      .flatMap(flagsOf);
    const { stdout } = await run(process.execPath, ["tools/init.ts", "--help"], { cwd: projectRoot, timeout: 60_000 });
    await assertKnown(stdout, flags);
  });

  it("names files of this project that are there", () => {
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = ""]) => join("docs", path));
    const named = [...page.matchAll(/`((?:docs|pipelines|emulator|schemas|src|policy)\/[\w./-]*)`/g)].map(
      ([, path = ""]) => path,
    );
    assert.deepEqual(
      [...links, ...named].filter((path) => !existsSync(join(projectRoot, path))),
      [],
    );
  });

  it("takes over the provider by the name that the program gives it", () => {
    const source = readFileSync(join(projectRoot, "components/aws-identity.ts"), "utf8");
    assert.match(source, /new OpenIdConnectProvider\(\s*`\$\{name\}-\$\{system\}`/);
    assert.match(page, /OpenIdConnectProvider identity-aws-github ARN/);
  });
});

const pulumi = join(projectRoot, "node_modules/.cache/ml-delivery/bin/pulumi");
describe("docs/adopt.md, Pulumi", { skip: !existsSync(pulumi) && "set-up has put no Pulumi CLI in place" }, () => {
  const target = ([, verb = "", noun = ""]: readonly string[]) => (verb === "stack" ? `${verb} ${noun}` : verb);
  for (const [command, flags] of given("pulumi", target)) {
    it(`gives pulumi ${command} flags that it knows`, async () => {
      const { stdout } = await run(pulumi, [...command.split(" "), "--help"], { timeout: 60_000 });
      await assertKnown(stdout, flags);
    });
  }
});

describe("docs/examples/Dockerfile.scoring", () => {
  const text = readFileSync(join(projectRoot, "docs/examples/Dockerfile.scoring"), "utf8");
  const lines = (word: string) =>
    [...text.replaceAll("\\\n", " ").matchAll(new RegExp(`^${word} (.*)$`, "gm"))].map(([, rest = ""]) => rest);

  it("copies and starts what is there, from a base that must be named, as nobody", () => {
    const sources = lines("COPY")
      .filter((one) => !one.startsWith("--from"))
      .flatMap((one) => one.split(/\s+/).slice(0, -1));
    assert.deepEqual(
      sources.filter((path) => !existsSync(join(projectRoot, path))),
      [],
    );
    assert.deepEqual(
      [lines("ARG"), lines("USER"), lines("CMD")],
      [["NODE_IMAGE"], ["node"], ['["node", "src/serve.ts"]']],
    );
    assert.deepEqual(lines("FROM"), [`\${NODE_IMAGE} AS packages`, `\${NODE_IMAGE}`]);
  });

  it("leaves nothing out that the server imports", () => {
    const away = [...text.matchAll(/node_modules\/(@?[\w-]+)(?![\w-]*\s*\.\/)/g)].map(([, name = ""]) => name);
    const { dependencies } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    for (const name of ["@fastify/multipart", "fastify", "onnxruntime-node", "sharp"]) {
      assert.ok(name in dependencies, `${name} is no dependency`);
      assert.ok(!away.includes(name.split("/")[0] ?? ""), `${name} is taken away`);
    }
  });
});
