import { spawn } from "node:child_process";
import { join } from "node:path";
import { run } from "node:test";
import type { TestEvent } from "node:test/reporters";
import type { Check, Group } from "./groups.ts";
import { createTally, type Outcome } from "./report.ts";

const CHECK_LIMIT_MS = 5 * 60_000;

const COMMANDS: Readonly<Record<Check, readonly string[]>> = {
  lint: ["biome", "check", "--max-diagnostics=50"],
  types: ["tsc", "-p", "."],
};

/** Runs a check of the whole tree. Its exit code decides. */
export async function runCheck(root: string, check: Check): Promise<Outcome> {
  const started = performance.now();
  const [command = "", ...args] = COMMANDS[check];
  const child = spawn(join(root, "node_modules", ".bin", command), args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: CHECK_LIMIT_MS,
  });
  const output: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => output.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => output.push(bytes));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const failed = code !== 0;
  const failures = failed ? [`${COMMANDS[check].join(" ")} ended with ${code}\n${Buffer.concat(output)}`] : [];
  const counts = { passed: failed ? 0 : 1, failed: failed ? 1 : 0, skipped: 0 };
  return { name: check, ...counts, seconds: since(started), failures, notes: [] };
}

/** Runs a group's files, those that need the machine alone first, then a few at once, and tells each outcome as it comes. */
export async function runGroup(
  root: string,
  group: Group,
  files: readonly string[],
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const drain = async (queue: Iterable<string>) => {
    for (const file of queue) {
      const outcome = await runFile(root, file, group.limitMs);
      outcomes.push(outcome);
      tell(outcome);
    }
  };
  const { alone = [], longest } = group;
  await drain(files.filter((file) => alone.includes(file)));
  const others = files.filter((file) => !alone.includes(file));
  const queue = others.sort((a, b) => Number(b === longest) - Number(a === longest)).values();
  await Promise.all(Array.from({ length: group.concurrency }, () => drain(queue)));
  return outcomes;
}

/** A run a file: Node's own limit ends a test but not a process that something keeps alive; the signal does. */
async function runFile(root: string, file: string, limitMs: number): Promise<Outcome> {
  const started = performance.now();
  const tally = createTally(file);
  const events = run({ files: [join(root, file)], cwd: root, concurrency: 1, signal: AbortSignal.timeout(limitMs) });
  for await (const event of events as AsyncIterable<TestEvent>) tally.add(event);
  return tally.outcome(since(started));
}

function since(started: number): number {
  return (performance.now() - started) / 1000;
}
