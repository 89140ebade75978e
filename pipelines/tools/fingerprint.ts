/**
 * The SHA-256 of a file that one job hands to another: `node pipelines/tools/fingerprint.ts FILE [--must-be SHA256]`.
 * It is written as output `sha256`. Exit codes: 0 · 1 the file is another one · 2 bad usage, no such file.
 */
import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

function main(): number {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { "must-be": { type: "string" } } });
  const [file, ...rest] = positionals;
  if (!file || rest.length > 0) throw new Error("give one FILE, and --must-be SHA256 to compare it with");
  const expected = values["must-be"];
  if (expected !== undefined && !/^[0-9a-f]{64}$/.test(expected))
    throw new Error(`--must-be is \`${expected}\`; it must be 64 hexadecimal digits`);
  const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
  if (expected !== undefined && sha256 !== expected) {
    process.stderr.write(`fingerprint: ${file} is ${sha256}, not ${expected}: it was changed on the way\n`);
    return 1;
  }
  process.stdout.write(`${sha256}  ${file}\n`);
  const outputs = process.env["GITHUB_OUTPUT"];
  if (outputs) appendFileSync(outputs, `sha256=${sha256}\n`);
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`fingerprint: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
