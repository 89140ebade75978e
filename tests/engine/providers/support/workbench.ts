import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { ROOT } from "../../../support/services.ts";

/** What a command of the CLI left. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Pulumi project in a temporary folder, with its own state, for the engine and the providers of `env`. */
export interface Workbench {
  readonly folder: string;
  /** Replaces the program. */
  write(program: string): void;
  /** Runs `pulumi <args>`; the stack is `test`. */
  pulumi(...args: string[]): Promise<Outcome>;
  /** As `pulumi`, and fails unless it ends with 0. */
  succeeds(...args: string[]): Promise<string>;
  remove(): void;
}

const cliVersion = "3.259.0";

/** The CLI that set-up keeps for this project, or one on PATH; undefined where there is none. */
export function findPulumi(): string | undefined {
  const cached = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "ml-delivery", "pulumi", cliVersion);
  const folders = [cached, ...(process.env["PATH"] ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, "pulumi")).find(existsSync);
}

/** `settings` is stack config, such as `azure-native:location`. */
export async function createWorkbench(
  pulumi: string,
  env: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>>,
): Promise<Workbench> {
  const folder = mkdtempSync(join(tmpdir(), "ml-delivery-engine-"));
  for (const name of ["state", "home", "bin"]) mkdirSync(join(folder, name));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    "name: workbench\nmain: index.ts\nruntime:\n  name: nodejs\n  options: { typescript: false }\n",
  );
  writeFileSync(join(folder, "package.json"), '{"name": "workbench", "type": "module", "private": true}\n');
  // An engine without a language host beside it finds this one on PATH.
  const host = join(folder, "bin", "pulumi-language-nodejs");
  writeFileSync(host, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, "tools/language-host/main.ts")}' "$@"\n`);
  chmodSync(host, 0o755);

  const surroundings = {
    ...process.env,
    ...env,
    PATH: [join(folder, "bin"), join(ROOT, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "workbench",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_IGNORE_AMBIENT_PLUGINS: "false",
  };
  const run = (args: readonly string[]) =>
    new Promise<Outcome>((resolve, reject) => {
      const options = { cwd: folder, env: surroundings, timeout: 120_000 };
      const child = spawn(pulumi, [...args, "--non-interactive", "--color", "never"], options);
      const [stdout, stderr]: [string[], string[]] = [[], []];
      child.stdout.on("data", (data: Buffer) => stdout.push(data.toString()));
      child.stderr.on("data", (data: Buffer) => stderr.push(data.toString()));
      child.once("error", reject);
      child.once("close", (code) => resolve({ code: code ?? -1, stdout: stdout.join(""), stderr: stderr.join("") }));
    });
  const succeeds = async (...args: string[]) => {
    const outcome = await run(args);
    if (outcome.code === 0) return outcome.stdout;
    throw new Error(`pulumi ${args.join(" ")} ended with ${outcome.code}\n${outcome.stdout}\n${outcome.stderr}`);
  };
  await succeeds("stack", "init", "test");
  for (const [key, value] of Object.entries(settings)) await succeeds("config", "set", key, value);
  return {
    folder,
    write: (program) => writeFileSync(join(folder, "index.ts"), program),
    pulumi: (...args) => run(args),
    succeeds,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
