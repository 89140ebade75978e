import { randomUUID } from "node:crypto";
import { appendFile } from "node:fs/promises";

/**
 * Appends step outputs to the file that GitHub Actions names; does nothing elsewhere. Every value goes between random
 * delimiters, so that a value with a line break cannot add an output of its own.
 */
export async function writeOutputs(outputs: Readonly<Record<string, string | number | boolean>>): Promise<void> {
  const file = process.env["GITHUB_OUTPUT"];
  if (!file || Object.keys(outputs).length === 0) return;
  const lines = Object.entries(outputs).map(([name, value]) => {
    if (!/^[A-Za-z_][\w-]*$/.test(name)) throw new Error(`output name ${JSON.stringify(name)} is not a word`);
    const delimiter = `end_${randomUUID()}`;
    return `${name}<<${delimiter}\n${String(value)}\n${delimiter}\n`;
  });
  await appendFile(file, lines.join(""));
}

/** Appends Markdown to the step's summary page; does nothing outside GitHub Actions. */
export async function writeSummary(markdown: string): Promise<void> {
  const file = process.env["GITHUB_STEP_SUMMARY"];
  if (file) await appendFile(file, `${markdown}\n`);
}
