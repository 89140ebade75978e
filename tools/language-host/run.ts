import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { RunPluginRequest, RunPluginResponse, RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import { forward } from "./stream.ts";

/** `@pulumi/pulumi/cmd/run` ends with this code when it has told the user what went wrong. */
const ALREADY_REPORTED = 32;

/** Ends the programs when the engine goes, even by kill -9. */
const END_WITH_PARENT = ["--import", new URL("end-with-parent.mjs", import.meta.url).href];

const programs = new Set<ChildProcess>();

/** Runs the program once and says how it ended; its output goes to the engine by this process's own. */
export async function runProgram(request: RunRequest, engine: string): Promise<RunResponse> {
  const pwd = request.getPwd();
  const args = [
    ...["--monitor", request.getMonitorAddress()],
    ...["--engine", engine],
    ...["--project", request.getProject()],
    ...["--stack", request.getStack()],
    ...["--organization", request.getOrganization()],
    ...["--root-directory", request.getInfo()?.getRootDirectory() ?? pwd],
    ...["--pwd", pwd],
    ...["--parallel", String(request.getParallel())],
    ...(request.getDryrun() ? ["--dry-run"] : []),
    request.getInfo()?.getEntryPoint() || request.getProgram() || ".",
    ...request.getArgsList(),
  ];
  const { typescript, nodeargs } = optionsOf(request);
  const child = node(pwd, [...nodeargs, sdkEntry(pwd, "run")], args, {
    ...process.env,
    PULUMI_NODEJS_TYPESCRIPT: String(typescript),
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  });
  child.stdout?.pipe(process.stdout, { end: false });
  child.stderr?.pipe(process.stderr, { end: false });
  const { code, signal } = await ended(child);
  const response = new language.RunResponse();
  if (code === 0) return response;
  if (code === ALREADY_REPORTED) return response.setBail(true);
  return response.setError(
    signal ? `The program was ended by ${signal}.` : `The program ended with exit code ${code}, which says it failed.`,
  );
}

/** Runs a plugin written for Node (a policy pack, a component provider) and streams what it prints. */
export function runPlugin(call: ServerWritableStream<RunPluginRequest, RunPluginResponse>): void {
  const request = call.request;
  const folder = request.getInfo()?.getProgramDirectory() || request.getProgram();
  const policy = request.getKind() === "analyzer";
  const child = node(
    folder,
    [policy ? (moduleOf(folder) ?? sdkEntry(folder, "run-policy-pack")) : sdkEntry(folder, "run-plugin")],
    policy ? [...request.getArgsList().slice(0, 1), folder] : [folder, ...request.getArgsList()],
    Object.fromEntries(request.getEnvList().map((entry) => splitOnce(entry, "="))),
    // A policy pack looks for its own package.json where it works.
    policy ? folder : request.getPwd() || folder,
  );
  // The engine ends a plugin by cancelling this call.
  call.on("cancelled", () => child.kill("SIGINT"));
  forward(child, call, {
    stdout: (bytes) => new language.RunPluginResponse().setStdout(bytes),
    stderr: (bytes) => new language.RunPluginResponse().setStderr(bytes),
    end: (code) => new language.RunPluginResponse().setExitcode(code),
  });
}

/** Asks every running program to end. */
export function endPrograms(): void {
  for (const child of programs) child.kill("SIGINT");
}

function node(folder: string, script: string[], args: string[], env: NodeJS.ProcessEnv, cwd = folder): ChildProcess {
  const child = spawn(process.execPath, [...END_WITH_PARENT, ...script, ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  programs.add(child);
  child.once("close", () => programs.delete(child));
  return child;
}

/**
 * The main file of a policy pack that is an ECMAScript module. It serves by itself; the SDK's entry point would load
 * ts-node and a TypeScript before it, a third of a second of CPU in each preview.
 */
function moduleOf(folder: string): string | undefined {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { type?: string; main?: string };
  return manifest.type === "module" && manifest.main ? join(folder, manifest.main) : undefined;
}

/** One of the SDK's entry points as the program in `folder` resolves it, so that both share one SDK. */
function sdkEntry(folder: string, entry: string): string {
  try {
    return createRequire(join(folder, "package.json")).resolve(`@pulumi/pulumi/cmd/${entry}`);
  } catch {
    throw new Error(
      `The program in ${folder} has no @pulumi/pulumi to run it: node_modules is missing there and in every folder ` +
        "above. Install the dependencies, or run the program inside the project.",
    );
  }
}

/**
 * What Pulumi.yaml says under `runtime.options`, as Pulumi's own host takes it: `typescript`, without which ts-node
 * compiles and checks the program and with `false` Node strips the types, and `nodeargs`, words for Node itself.
 */
function optionsOf(request: RunRequest): { typescript: boolean; nodeargs: string[] } {
  const options = (request.getInfo()?.getOptions()?.toJavaScript() ?? {}) as Record<string, unknown>;
  const { typescript = true, nodeargs = "" } = options;
  const wrong = (name: string, allowed: string) =>
    new Error(`runtime.options.${name} in Pulumi.yaml is ${JSON.stringify(options[name])}: write ${allowed}.`);
  if (typeof typescript !== "boolean") throw wrong("typescript", "true or false");
  if (typeof nodeargs !== "string") throw wrong("nodeargs", "a text, such as --max-old-space-size=4096");
  return { typescript, nodeargs: nodeargs.split(/\s+/).filter(Boolean) };
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // `close`, not `exit`: the pipes are drained by then, so the engine has all that was printed.
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
