/**
 * `npm test`: set-up, then lint, types and every test, quickest first. `npm test -- unit`, or the path of a test file
 * or folder, runs a part. With `--full` the random proofs go all their rounds, which takes an hour (see
 * tests/support/counts.ts). The last line is the total, `N passed, N failed`. Exit codes: 0 all passed · 1 something
 * failed, or nothing ran · 2 no such tests · 3 set-up failed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "./places.ts";
import { prepareJudges } from "./setup/judges.ts";
import { createProgress } from "./setup/progress.ts";
import { prepareOrExit } from "./setup.ts";
import { enterSurroundings } from "./surroundings.ts";
import { type Selection, select } from "./test/groups.ts";
import { type Outcome, outcomeText, succeeded, sum, totalText } from "./test/report.ts";
import { runCheck, runGroup } from "./test/run.ts";

const BAD_USAGE = 2;
/** How much longer a file may take with --full. */
const FULL_FACTOR = 10;

const print = (text: string) => process.stdout.write(`${text}\n`);

async function runSelection({ checks, groups }: Selection, full: boolean): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const tell = (outcome: Outcome) => print(outcomeText(outcome));
  if (checks.length > 0) print("checks");
  for (const outcome of await Promise.all(checks.map((check) => runCheck(projectRoot, check)))) {
    outcomes.push(outcome);
    tell(outcome);
  }
  for (const { group, files } of groups) {
    const started = performance.now();
    print(`\n${group.name}`);
    const limitMs = group.limitMs * (full ? FULL_FACTOR : 1);
    const ran = await runGroup(projectRoot, { ...group, limitMs }, files, tell);
    outcomes.push(...ran);
    print(`  ${totalText(sum(ran))} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  return outcomes;
}

function trySelect(words: readonly string[]): Selection {
  try {
    return select(projectRoot, words);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(BAD_USAGE);
  }
}

const words = process.argv.slice(2);
const full = words.includes("--full");
if (full) process.env["TEST_FULL"] = "1";
const selection = trySelect(words.filter((word) => word !== "--full"));
const started = performance.now();
await prepareOrExit();
if (selection.groups.some(({ group }) => group.judges)) await prepareJudges(createProgress());
const home = mkdtempSync(join(tmpdir(), "ml-delivery-test-"));
enterSurroundings(home);
try {
  const outcomes = await runSelection(selection, full);
  const total = sum(outcomes);
  const broken = outcomes.filter(({ failed }) => failed > 0).map(({ name }) => `  ${name}`);
  if (broken.length > 0) print(`\nFailed in\n${broken.join("\n")}`);
  print(`\n${((performance.now() - started) / 1000).toFixed(0)} s\n${totalText(total)}`);
  process.exitCode = succeeded(total) ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}
