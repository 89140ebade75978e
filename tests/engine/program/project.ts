import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { places } from "../../../tools/places.ts";
import { surroundings } from "../../../tools/surroundings.ts";
import { projectRoot, type TestEmulator } from "../../support/emulator.ts";

/** What a command left. */
export interface Outcome {
  readonly code: number;
  /** What it said, both streams, without what only shows that it is alive. */
  readonly text: string;
}

/** The project in a folder of its own, whose stack files may be edited, before an emulator of its own. */
export interface Project {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  pulumi(...args: string[]): Promise<Outcome>;
  /** As `pulumi`, and fails unless it ends with 0. */
  succeeds(...args: string[]): Promise<string>;
  /** Sets `ml-delivery:<path>` of the stack's file, as an editor would. */
  set(stack: string, path: readonly string[], value: unknown): void;
  /** Runs a module's text in the project's surroundings and gives what it prints as JSON. */
  evaluate(module: string): Promise<unknown>;
  outputs(stack: string): Promise<Record<string, unknown>>;
}

/** Whether set-up has put a Pulumi CLI in place. */
export const hasPulumi = existsSync(join(places().bin, "pulumi"));

const edited = ["Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml"];
const left = new Set([...edited, ".git", ".rehearsal", "tests"]);

/** Lays the project out beside the emulator's home, and creates its GitHub repository. */
export async function layOut(emulator: TestEmulator): Promise<Project> {
  const home = join(emulator.home, "..");
  const folder = join(home, "clone");
  mkdirSync(folder);
  for (const name of readdirSync(projectRoot).filter((name) => !left.has(name))) {
    symlinkSync(join(projectRoot, name), join(folder, name));
  }
  for (const name of edited) copyFileSync(join(projectRoot, name), join(folder, name));

  const env = surroundings(home, emulator.env);
  await createRepository(env);
  const pulumi = (...args: string[]) => run("pulumi", [...args, "--non-interactive", "--color", "never"], folder, env);
  const succeeds = async (...args: string[]) => {
    const { code, text } = await pulumi(...args);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${text}`);
    return text;
  };
  return {
    folder,
    env,
    pulumi,
    succeeds,
    set(stack, [key = "", ...path], value) {
      const file = join(folder, `Pulumi.${stack}.yaml`);
      const document = parseDocument(readFileSync(file, "utf8"));
      document.setIn(["config", `ml-delivery:${key}`, ...path], document.createNode(value));
      writeFileSync(file, document.toString());
    },
    async evaluate(module) {
      const { code, text } = await run("node", ["--input-type=module", "--eval", module], folder, env);
      if (code !== 0) throw new Error(`ended with ${code}: ${text}`);
      return JSON.parse(text);
    },
    outputs: async (stack) =>
      JSON.parse(await succeeds("stack", "output", "--json", "--show-secrets", "--stack", stack)),
  };
}

async function createRepository(env: Readonly<Record<string, string>>): Promise<void> {
  const headers = { authorization: `Bearer ${env["GITHUB_TOKEN"]}`, "content-type": "application/json" };
  const body = JSON.stringify({ name: "plant-classifier", auto_init: true });
  const made = await fetch(`${env["GITHUB_API_URL"]}/orgs/example-org/repos`, { method: "POST", headers, body });
  if (!made.ok) throw new Error(`the repository was not created: ${made.status} ${await made.text()}`);
}

function run(command: string, args: string[], cwd: string, env: Record<string, string>): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: 600_000, maxBuffer: 64 * 1024 * 1024 };
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, text: `${stdout}\n${stderr}`.replace(/^@ .*\n/gm, "") });
    });
  });
}
