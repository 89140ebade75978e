/**
 * Prints one output of a step, for CI systems that do not read the file themselves:
 * `node pipelines/tools/output.ts FILE NAME`. Nothing where the step did not write it, as GitHub has it.
 * Exit codes: 0 · 2 bad usage, a damaged file, or a value of several lines: these systems pass lines on.
 */
import { existsSync, readFileSync } from "node:fs";
import { parseOutputs } from "../run/outputs.ts";

function read(file: string, name: string): string {
  // A step whose condition did not hold wrote nothing.
  const text = existsSync(file) ? (parseOutputs(readFileSync(file, "utf8"))[name] ?? "") : "";
  if (/[\r\n]/.test(text))
    throw new Error(`Output \`${name}\` has several lines; only a single line can be passed on.`);
  return text;
}

const [file, name, ...rest] = process.argv.slice(2);
try {
  if (!file || !name || rest.length > 0) throw new Error("Usage: node pipelines/tools/output.ts FILE NAME");
  process.stdout.write(`${read(file, name)}\n`);
} catch (error) {
  process.stderr.write(`output: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
