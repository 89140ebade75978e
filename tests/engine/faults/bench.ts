import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Published } from "../program/model.ts";
import type { Outcome, Project } from "../program/project.ts";

export const stack = "production";
const bucket = "plant-phenotyping-production-models";
export const DEPLOYMENT = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments";
export const ENDPOINT = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints";

/** Publishes so many models into production's bucket. */
export async function publishModels(project: Project, count: number): Promise<Published[]> {
  const module = new URL("../program/model.ts", import.meta.url).href;
  const seeds = Array.from({ length: count }, (_, index) => index + 1);
  const published = `import { publish } from "${module}"; const all = [];
    for (const seed of ${JSON.stringify(seeds)}) all.push(await publish("${bucket}", seed));
    console.log(JSON.stringify(all));`;
  return (await project.evaluate(published)) as Published[];
}

/** Writes deployments and traffic into production's stack file: percent by model, in order. */
export function write(project: Project, shares: readonly (readonly [Published, number])[]): void {
  const deployments = shares.map(([{ deployment, model }]) => [deployment, { model, instances: 1 }]);
  const traffic = shares.map(([{ deployment }, share]) => [deployment, share]);
  project.set(stack, ["endpoint", "deployments"], Object.fromEntries(deployments));
  project.set(stack, ["endpoint", "traffic"], Object.fromEntries(traffic));
}

/** Plans the emulated Azure's faults; none takes them back. */
export function plan(emulatorHome: string, ...faults: readonly unknown[]): void {
  const file = join(emulatorHome, "faults.json");
  rmSync(file, { force: true });
  if (faults.length === 0) return;
  writeFileSync(`${file}.part`, JSON.stringify(faults));
  renameSync(`${file}.part`, file);
}

/** `pulumi up` that goes on while the test does. */
export function startUpdate(project: Project): { engine: ChildProcess; ended: Promise<Outcome> } {
  const args = ["up", "--yes", "--skip-preview", "--stack", stack, "--non-interactive", "--color", "never"];
  const engine = spawn("pulumi", args, { cwd: project.folder, env: project.env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [engine.stdout, engine.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  const ended = once(engine, "close").then(([code]) => ({ code: Number(code ?? 137), text }));
  return { engine, ended };
}

/** The processes that `pid` started, and theirs, with their command lines. */
export function descendantsOf(pid: number): { readonly pid: number; readonly command: string }[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const children = all.map(Number).filter((one) => parentOf(one) === pid);
  return children.flatMap((child) => [{ pid: child, command: commandOf(child) }, ...descendantsOf(child)]);
}

/** Whether the process that had this command line is still there. */
export function isThere({ pid, command }: { readonly pid: number; readonly command: string }): boolean {
  return command !== "" && commandOf(pid) === command;
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(
      readFileSync(`/proc/${pid}/stat`, "latin1")
        .replace(/^.*\) /s, "")
        .split(" ")[1],
    );
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}
