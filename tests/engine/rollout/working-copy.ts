import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { EndpointConfig } from "../../../delivery/rollout.ts";
import type { TestEmulator } from "../../support/emulator.ts";
import { publishModels } from "../faults/bench.ts";
import { enter } from "../faults/enter.ts";
import type { Published } from "../program/model.ts";
import { layOut, type Project } from "../program/project.ts";

export const ENVIRONMENT = "production";

/** How a command ended; `code` is 137 where it was killed. */
export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** A command under way. */
export type Running = { readonly process: ChildProcess; readonly ended: Promise<Ran> };

/** A team's working copy of the project, with a remote, before a production stack that is up and serves nothing yet. */
export type WorkingCopy = {
  readonly project: Project;
  readonly models: readonly Published[];
  /** Starts one of `scripts/` on production. */
  start(script: string, ...args: readonly string[]): Running;
  run(script: string, ...args: readonly string[]): Promise<Ran>;
  /** As `run`, and gives the command's document; fails unless it ends with 0. */
  ask(script: string, ...args: readonly string[]): Promise<unknown>;
  git(...args: readonly string[]): Promise<string>;
  /** The endpoint as the stack file has it. */
  configured(): EndpointConfig;
};

/** Lays out the project, makes it a clone, brings production up, publishes `models` models, and makes this process part of it. */
export async function createWorkingCopy(emulator: TestEmulator, models: number): Promise<WorkingCopy> {
  const project = await layOut(emulator);
  const { folder, env } = project;
  const file = `Pulumi.${ENVIRONMENT}.yaml`;
  const begin = (program: string, args: readonly string[]): Running => {
    const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    const ended = once(child, "close").then(async ([code]) => {
      return { code: Number(code ?? 137), stdout: stdout(), stderr: stderr() };
    });
    return { process: child, ended };
  };
  const git = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await begin("git", [...IDENTITY, ...args]).ended;
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const start = (script: string, ...args: readonly string[]) =>
    begin("node", [`scripts/${script}.ts`, "--environment", ENVIRONMENT, ...args]);
  const run = (script: string, ...args: readonly string[]) => start(script, ...args).ended;
  project.set(ENVIRONMENT, ["rollout"], { steps: [10, 25, 50, 100], bakeMinutes: 10, keepPrevious: 1 });
  await project.succeeds("stack", "init", ENVIRONMENT, "--no-select");
  await project.succeeds("up", "--yes", "--skip-preview", "--stack", ENVIRONMENT);
  await git("init", "--quiet", "--bare", "../origin.git");
  await git("init", "--quiet", "--initial-branch", "main");
  await git("add", "Pulumi.yaml", file);
  await git("commit", "--quiet", "--message", "Start");
  await git("remote", "add", "origin", "../origin.git");
  await git("push", "--quiet", "--set-upstream", "origin", "main");
  const published = await publishModels(project, models);
  enter(project);
  return {
    project,
    models: published,
    start,
    run,
    async ask(script, ...args) {
      const { code, stdout, stderr } = await run(script, ...args, "--json");
      assert.equal(code, 0, `${script} ${args.join(" ")} ended with ${code}:\n${stderr}`);
      return JSON.parse(stdout);
    },
    git,
    configured: () => parse(readFileSync(join(folder, file), "utf8")).config["ml-delivery:endpoint"] as EndpointConfig,
  };
}

const IDENTITY = ["-c", "user.name=t", "-c", "user.email=t@example.com"];

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = "";
  stream?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
