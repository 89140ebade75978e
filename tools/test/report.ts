import { basename } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect, stripVTControlCharacters } from "node:util";

type Passed = Extract<TestEvent, { type: "test:pass" }>["data"];
type Failed = Extract<TestEvent, { type: "test:fail" }>["data"];

/** How many tests ended how. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What became of one test file, or of a check of the whole tree. */
export interface Outcome extends Totals {
  readonly name: string;
  readonly seconds: number;
  /** What went wrong, in full; empty when nothing did. */
  readonly failures: readonly string[];
  /** What its tests told of what they measured (`t.diagnostic`). */
  readonly notes: readonly string[];
}

/**
 * Counts the events of one test file's run. A test counts once, its suites do not. A file that fails outside its tests
 * (it does not load, exits with an error, or does not end) is one failed test, and so is a file without any test.
 */
export function createTally(file: string): { add(event: TestEvent): void; outcome(seconds: number): Outcome } {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const failures: string[] = [];
  const notes: string[] = [];
  const output: string[] = [];
  const addPass = (data: Passed) => {
    if (data.details.type === "suite" || isFileItself(data, file)) return;
    if (data.skip !== undefined || data.todo !== undefined) skipped += 1;
    else passed += 1;
  };
  const addFailure = (data: Failed) => {
    const onlyBecauseOfOthers = failureType(data) === "subtestsFailed";
    // A suite fails by itself when its hooks do, and then its tests never ran.
    if (data.details.type !== "suite" || !onlyBecauseOfOthers) failed += 1;
    if (!onlyBecauseOfOthers) failures.push(describeFailure(data));
  };
  return {
    add({ type, data }) {
      if (type === "test:pass") addPass(data);
      else if (type === "test:fail") addFailure(data);
      // Node's own summary comes as diagnostics too, and names no file.
      else if (type === "test:diagnostic" && data.file !== undefined) notes.push(data.message);
      else if (type === "test:stdout" || type === "test:stderr") output.push(data.message);
    },
    outcome(seconds) {
      const none = passed + failed + skipped === 0;
      const wrong = none ? [...failures, "The file has no tests."] : failures;
      const printed = output.join("").trimEnd();
      const details = wrong.length > 0 && printed ? [...wrong, `It printed:\n${printed}`] : wrong;
      return { name: file, passed, failed: failed + (none ? 1 : 0), skipped, seconds, failures: details, notes };
    },
  };
}

/** One line for a file, and below it what its tests measured, and what went wrong. */
export function outcomeText(outcome: Outcome): string {
  const line = `  ${outcome.name.padEnd(58)} ${countsText(outcome)}  ${outcome.seconds.toFixed(1)} s`;
  return [line, ...[...outcome.notes, ...outcome.failures].map(indent)].join("\n");
}

/** The totals of several outcomes. */
export function sum(outcomes: readonly Totals[]): Totals {
  return {
    passed: outcomes.reduce((total, { passed }) => total + passed, 0),
    failed: outcomes.reduce((total, { failed }) => total + failed, 0),
    skipped: outcomes.reduce((total, { skipped }) => total + skipped, 0),
  };
}

/** The last line: `N passed, N failed`, and what was skipped where something was. */
export function totalText({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Whether the whole was a success. Nothing run is none. */
export function succeeded({ passed, failed }: Totals): boolean {
  return passed > 0 && failed === 0;
}

function countsText({ passed, failed, skipped }: Totals): string {
  const parts = [
    passed > 0 || failed + skipped === 0 ? `${passed} ok` : "",
    failed > 0 ? `${failed} FAILED` : "",
    skipped > 0 ? `${skipped} skipped` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** Node reports a file by a test of its name: failed when the process did, passed when the file had no tests. */
function isFileItself(data: Passed | Failed, file: string): boolean {
  return data.nesting === 0 && (data.name === file || (data.name.endsWith(basename(file)) && data.line === 1));
}

function failureType(data: Failed): string | undefined {
  return (data.details.error as { failureType?: string }).failureType;
}

function describeFailure(data: Failed): string {
  const { error } = data.details;
  const { exitCode, signal } = error as { exitCode?: number; signal?: string };
  const reason = typeof error.cause === "object" ? error.cause : error;
  const text = reason instanceof Error ? (reason.stack ?? reason.message) : inspect(reason);
  const process = exitCode || signal ? ` (its process ended with ${signal ?? `exit code ${exitCode}`})` : "";
  const where = data.line === undefined ? "" : ` (line ${data.line})`;
  return `✗ ${data.name}${process || where}\n${indent(stripVTControlCharacters(text))}`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}
