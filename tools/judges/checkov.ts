/**
 * checkov's opinion of a stack, from its state:
 *
 *   npm run --silent pulumi -- stack export --stack production | node tools/judges/checkov.ts
 *
 * Prints each failed check. Exit codes: 0 none but those accepted in accepted.ts · 1 some · 2 no state, or one of which
 * nothing was scanned · 3 checkov could not be had.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { run } from "../setup/commands.ts";
import { prepareJudge } from "../setup/judges.ts";
import { createProgress } from "../setup/progress.ts";
import { ACCEPTED, type Accepted } from "./accepted.ts";
import { type Rendered, renderState, type StateResource } from "./render-state.ts";

/** A check that a resource fails. */
export interface Failed {
  /** As CKV_AWS_18. */
  readonly check: string;
  readonly name: string;
  /** As aws_s3_bucket.storage_data. */
  readonly resource: string;
}

/** What checkov found in a state. */
export interface Opinion {
  /** Resources that it looked at. */
  readonly scanned: number;
  readonly passed: number;
  readonly failed: readonly Failed[];
}

const LIMIT_MS = 5 * 60_000;

/**
 * Renders a state and asks checkov about both forms.
 *
 * @throws Error where a form that has resources was not scanned: no finding of no resource is no good news.
 */
export async function askCheckov(checkov: string, resources: readonly StateResource[]): Promise<Opinion> {
  const rendered = renderState(resources);
  const opinions: Opinion[] = [];
  for (const [form, framework, file] of [
    ["hcl", "terraform", "main.tf"],
    ["arm", "arm", "template.json"],
  ] as const) {
    if (rendered[form].resources > 0) opinions.push(await scan(checkov, rendered[form], framework, file));
  }
  const scanned = opinions.reduce((sum, one) => sum + one.scanned, 0);
  if (scanned === 0) throw new Error("Nothing was scanned: the state holds no resource that checkov knows a form of.");
  return {
    scanned,
    passed: opinions.reduce((sum, one) => sum + one.passed, 0),
    failed: opinions.flatMap(({ failed }) => failed),
  };
}

/** The failed checks that no line of the list accepts, and the lines that accept nothing any more. */
export function weigh(failed: readonly Failed[], accepted: readonly Accepted[] = ACCEPTED) {
  const covers = (line: Accepted, one: Failed) => line.check === one.check && line.resources.test(one.resource);
  return {
    open: failed.filter((one) => !accepted.some((line) => covers(line, one))),
    idle: accepted.filter((line) => !failed.some((one) => covers(line, one))),
  };
}

async function scan(checkov: string, { text: content, resources }: Rendered["hcl"], framework: string, file: string) {
  const folder = mkdtempSync(join(tmpdir(), "checkov-"));
  try {
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state", file), content);
    const args = ["--directory", join(folder, "state"), "--framework", framework, "--output", "json"];
    // Failed checks are an answer here, not an error; nothing is fetched from its maker.
    const options = ["--compact", "--quiet", "--soft-fail", "--skip-download"];
    const answer = JSON.parse(await run(checkov, [...args, ...options], { cwd: folder, limitMs: LIMIT_MS })) as Answer;
    if ("resource_count" in answer || answer.summary.resource_count === 0 || answer.summary.parsing_errors > 0) {
      throw new Error(
        `checkov scanned nothing of ${resources} resources as ${framework}: ${JSON.stringify(answer).slice(0, 500)}`,
      );
    }
    const { failed_checks: failed } = answer.results;
    return {
      scanned: answer.summary.resource_count,
      passed: answer.summary.passed,
      failed: failed.map((one) => ({ check: one.check_id, name: one.check_name, resource: one.resource })),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Answer {
  readonly summary: { readonly passed: number; readonly resource_count: number; readonly parsing_errors: number };
  readonly results: {
    readonly failed_checks: readonly {
      readonly check_id: string;
      readonly check_name: string;
      readonly resource: string;
    }[];
  };
}

async function main(): Promise<number> {
  const checkov = await prepareJudge("checkov", createProgress()).catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
  });
  if (!checkov) return 3;
  try {
    const state = JSON.parse(await text(process.stdin)) as { deployment?: { resources?: readonly StateResource[] } };
    const opinion = await askCheckov(checkov, state.deployment?.resources ?? []);
    const { open, idle } = weigh(opinion.failed);
    for (const one of open) process.stdout.write(`${one.check}  ${one.resource}  ${one.name}\n`);
    for (const line of idle) process.stderr.write(`accepted, and found nowhere: ${line.check} ${line.resources}\n`);
    const accepted = opinion.failed.length - open.length;
    process.stdout.write(
      `${opinion.scanned} resources: ${opinion.passed} passed, ${open.length} failed, ${accepted} accepted\n`,
    );
    return open.length > 0 ? 1 : 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
}

if (import.meta.main) process.exitCode = await main();
