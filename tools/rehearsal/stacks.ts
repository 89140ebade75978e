import { existsSync } from "node:fs";
import path from "node:path";
import { runCommand } from "./process.ts";

type Note = (line: string) => void;

/** A rehearsal's working copy and the environment its commands run in. */
export interface Workplace {
  readonly clone: string;
  readonly env: Record<string, string>;
}

export const STACKS = ["staging", "production"] as const;
export type StackName = (typeof STACKS)[number];

/**
 * Makes both stacks in the file backend if they are not there, and commits what `stack init` adds to their files.
 *
 * @throws when the CLI refuses.
 */
export async function ensureStacks(place: Workplace, note: Note): Promise<void> {
  const state = place.env["PULUMI_BACKEND_URL"]?.replace("file://", "") ?? "";
  let made = 0;
  for (const stack of STACKS) {
    if (existsSync(path.join(state, ".pulumi", "stacks", "ml-delivery", `${stack}.json`))) continue;
    await pulumi(place, ["stack", "init", stack, "--no-select"], note);
    made += 1;
  }
  if (made === 0) return;
  await git(place, ["add", "Pulumi.staging.yaml", "Pulumi.production.yaml"], note);
  await git(place, ["commit", "--quiet", "--message", "Initialise the stacks"], note);
  await git(place, ["push", "--quiet", "origin", "main"], note);
}

/** `pulumi up` of a stack; answers how many resources it now has, in words. */
export async function up(place: Workplace, stack: StackName, note: Note): Promise<string> {
  const { stdout } = await pulumi(place, ["up", "--stack", stack, "--yes", "--skip-preview", "--color", "never"], note);
  const summary = stdout.split("\n").flatMap((line) => /^\s+([+~-]{1,2} \d+ \w+|\d+ unchanged)/.exec(line)?.[1] ?? []);
  return summary.join(", ");
}

/** The stack's outputs, secrets hidden. */
export async function outputs(place: Workplace, stack: StackName): Promise<Record<string, unknown>> {
  const { stdout } = await pulumi(place, ["stack", "output", "--json", "--stack", stack], () => {});
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function pulumi(place: Workplace, args: readonly string[], note: Note): Promise<{ stdout: string }> {
  return await mustPass(["pulumi", ...args, "--non-interactive"], place, note);
}

/** Runs git in the clone. */
export async function git(place: Workplace, args: readonly string[], note: Note): Promise<{ stdout: string }> {
  return await mustPass(["git", ...args], place, note);
}

async function mustPass(command: readonly string[], place: Workplace, note: Note): Promise<{ stdout: string }> {
  const finished = await runCommand(command, { cwd: place.clone, env: place.env, note });
  if (finished.code !== 0) {
    throw new Error(`\`${command.join(" ")}\` ended with ${finished.code}:\n${finished.tail}`);
  }
  return finished;
}
