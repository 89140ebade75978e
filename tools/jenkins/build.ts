import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Harness } from "./harness.ts";

/** One build, as the harness is told of it. */
export interface Build {
  /** The file to run. */
  readonly jenkinsfile: string;
  /** Where the build keeps its workspaces and artifacts; new for each build. */
  readonly folder: string;
  /** What `checkout scm` takes. */
  readonly repository?: { readonly url: string; readonly branch: string; readonly commit: string };
  /** Variables of the machine that every process gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** The folder's variables and the build's own, as `BRANCH_NAME`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly credentials?: Readonly<Record<string, Credential>>;
  /** What was typed into the form. @default - each parameter's own */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The class of what started it, as `triggeredBy` names it. @default "BranchEventCause" */
  readonly cause?: string;
  /** Files that the push changed, for `changeset`. */
  readonly changed?: readonly string[];
  /** Who answers `input`, and how. @default - nobody, and `input` fails */
  readonly answer?: { readonly by: string; readonly proceed: boolean };
}

export type Credential =
  | { readonly kind: "string" | "file"; readonly text: string }
  | { readonly kind: "usernamePassword"; readonly username: string; readonly password: string };

/** What the harness tells, in its order. `stages` are the names of the stages around, the outermost first. */
export type BuildEvent = { readonly stages: readonly string[] } & (
  | { readonly type: "begin" | "skipped" }
  | { readonly type: "line"; readonly text: string }
  | {
      readonly type: "end";
      readonly status: "success" | "failure" | "aborted";
      readonly seconds: number;
      readonly reason?: string;
      readonly code?: number | null;
    }
  | { readonly type: "artifact"; readonly path: string }
  | { readonly type: "input"; readonly text: string; readonly by: string; readonly answer: "proceed" | "abort" }
  | { readonly type: "mail"; readonly subject: string; readonly body: string; readonly to: string }
  | Finished
);

export interface Finished {
  readonly type: "finished";
  readonly result: "SUCCESS" | "FAILURE" | "ABORTED";
  readonly reason: string | null;
  /** Exit code of the shell that failed; null where something else did. */
  readonly code: number | null;
}

/**
 * Runs a build to its end.
 *
 * @throws Error with the harness's words, where the Jenkinsfile has something that the harness does not.
 */
export async function runBuild(harness: Harness, build: Build, on: (event: BuildEvent) => void): Promise<Finished> {
  mkdirSync(build.folder, { recursive: true });
  const file = join(build.folder, "build.json");
  const whole = { repository: {}, credentials: {}, parameters: {}, cause: "BranchEventCause", changed: [], ...build };
  // It holds credentials.
  writeFileSync(file, JSON.stringify(whole), { mode: 0o600 });
  const [program, ...args] = harness.command;
  const child = spawn(program, [...args, file], { cwd: build.folder, stdio: ["ignore", "pipe", "pipe"] });
  const words: string[] = [];
  let finished: Finished | undefined;
  createInterface({ input: child.stderr }).on("line", (line) => words.push(line));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = JSON.parse(line) as BuildEvent;
    if (event.type === "finished") finished = event;
    on(event);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code === 0 && finished) return finished;
  throw new Error(`The Jenkins harness ended with ${code}: ${words.slice(0, 20).join("\n")}`);
}
