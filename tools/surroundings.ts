import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { places } from "./places.ts";
import { pythonEnvironment } from "./setup/python.ts";

/** The caller's own accounts, and settings that would bend a rehearsal, by the beginning of the variable's name. */
const LEFT_OUT = [
  "AWS_",
  "AZURE_",
  "ARM_",
  "IDENTITY_",
  "MSI_",
  "PULUMI_",
  "GITHUB_",
  "GH_",
  "ACTIONS_",
  "GITLAB_",
  "CI_JOB_",
  "PYTHON",
  "VIRTUAL_ENV",
  "NODE_TEST_CONTEXT",
];

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/**
 * The whole environment of a process in a rehearsal: the caller's, less its accounts, plus what leads to the
 * emulator. Makes the home's folders and its passphrase the first time.
 *
 * @param home the rehearsal's home, `.rehearsal/` by default of the commands.
 * @param emulatorEnv `env` of the running emulator; without it, nothing that needs a cloud will work.
 */
export function surroundings(
  home: string,
  emulatorEnv: Readonly<Record<string, string>> = {},
  caller: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const at = places(undefined, caller);
  const folder = resolve(home);
  const env = withoutAccounts(caller);
  return {
    ...env,
    ...pulumiEnv(folder),
    PATH: [at.bin, at.nodeBin, join(pythonEnvironment(at), "bin"), env["PATH"] ?? ""].join(delimiter),
    NODE_COMPILE_CACHE: at.compiled,
    // The engine lives for seconds: at Go's own 100 it collects its garbage more often than that is worth.
    GOGC: env["GOGC"] ?? "400",
    // gRPC and requests would send even loopback calls to a company's proxy.
    NO_PROXY: withLoopback(env["NO_PROXY"]),
    no_proxy: withLoopback(env["no_proxy"] ?? env["NO_PROXY"]),
    ...emulatorEnv,
  };
}

/**
 * Makes this process, and whatever it starts, part of a rehearsal: its own variables become `surroundings(home)`. For
 * the first lines of a command, before anything else reads a variable.
 */
export function enterSurroundings(home: string): void {
  const env = surroundings(home);
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
}

/** The caller's variables without those that name or open an account. */
export function withoutAccounts(caller: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(caller).filter(
    ([name]) => !LEFT_OUT.some((start) => name.toUpperCase().startsWith(start)),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""]));
}

function pulumiEnv(home: string): Record<string, string> {
  const state = join(home, "state");
  const own = join(home, "pulumi");
  mkdirSync(state, { recursive: true });
  mkdirSync(own, { recursive: true });
  return {
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_HOME: own,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(own),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Providers are attached, not downloaded. Without this the engine asks the network for each at every run.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

/** Made once: a new passphrase would lock the stacks' secrets away. Two processes at once agree on one. */
function passphraseFile(folder: string): string {
  const file = join(folder, "passphrase");
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  try {
    linkSync(mine, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(mine, { force: true });
  }
  return file;
}

function withLoopback(list: string | undefined): string {
  const entries = (list ?? "").split(",").filter((entry) => entry !== "");
  return [...new Set([...entries, ...LOOPBACK])].join(",");
}
