import { inputError } from "../errors.ts";
import { parseJson } from "../json.ts";
import type { Profile } from "./profile.ts";
import { percent } from "./table-merge.ts";
import type { DatasetReport } from "./validate.ts";

/** What the set comes to, in a sentence. */
export function headline({ images, usable, rows, anomalies, verdict }: DatasetReport): string {
  const held = images > 0 ? `${usable} of ${images} pictures are usable` : `${rows} rows`;
  const errors = anomalies.filter(({ severity }) => severity === "error").length;
  const warnings = anomalies.length - errors;
  return `${verdict}: ${held}; rules broken: ${errors}, warnings: ${warnings}`;
}

/** The report as Markdown. What the data says is quoted, so that none of it is taken for markup. */
export function datasetMarkdown(report: DatasetReport): string {
  const { classes, anomalies, missing, drift } = report;
  const section = (title: string, rows: readonly string[]) =>
    rows.length === 0 ? [] : ["", `#### ${title}`, "", ...rows];
  const gaps = Object.entries(missing).filter(([, share]) => share > 0);
  return [
    headline(report),
    "",
    `Data: ${code(report.data_path)}, fingerprint \`${report.fingerprint.slice(0, 16)}\`, ${report.bytes} bytes`,
    ...section(
      "Problems",
      anomalies.flatMap(({ severity, name, count, rule, examples }) => [
        `- ${severity}: ${name}, ${count} times (rule: ${code(rule)})`,
        ...examples.map((example) => `  - ${code(example)}`),
      ]),
    ),
    ...section(
      "Classes",
      Object.entries(classes).map(([name, count]) => `- ${code(name)}: ${count}`),
    ),
    ...section(
      "Missing values",
      gaps.map(([name, share]) => `- ${code(name)}: ${percent(share)}`),
    ),
    ...section(
      "Drift from the reference",
      drift.map(({ field, measure, value, limit, verdict }) => {
        const found = value === undefined ? "" : ` ${measure} ${value.toFixed(4)}, limit ${limit}`;
        return `- ${code(field)}: ${verdict}${found}`;
      }),
    ),
  ].join("\n");
}

/** Text as code: fenced by one more backtick than it holds in a row, on one line. */
function code(text: string): string {
  const line = text.replace(/[\r\n]+/g, " ");
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest > 0 ? `${fence} ${line} ${fence}` : `\`${line}\``;
}

/** Every problem and its examples as CSV, for spreadsheets. */
export function problemsCsv({ anomalies }: DatasetReport): string {
  const rows = anomalies.flatMap(({ severity, name, rule, count, examples }) =>
    examples.map((example) => [severity, name, String(count), rule, example]),
  );
  return [["severity", "anomaly", "count", "rule", "example"], ...rows].map(csvLine).join("");
}

/**
 * A line of CSV. A cell that a spreadsheet would run as a formula gets a `'` before it (OWASP ASVS 1.2.10, CWE-1236):
 * one that starts with = + - @, a tab, a carriage return or a NUL.
 */
export function csvLine(cells: readonly string[]): string {
  const written = cells.map((cell) => {
    const safe = /^[=+\-@\t\r\0]/.test(cell) ? `'${cell}` : cell;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  });
  return `${written.join(",")}\n`;
}

/** The profile of an earlier report, to compare with. */
export function parseReference(text: string, what: string): Profile {
  const report = parseJson(text, what) as Partial<DatasetReport> | null;
  const { schema, profile } = report ?? {};
  if (schema !== 1 || typeof profile !== "object" || profile === null || !Object.values(profile).every(isDistribution))
    throw inputError(`${what} is no report of validate-data; give the report.json of an earlier run`);
  if (Object.keys(profile).length === 0)
    throw inputError(`${what} holds no profile: its schema had no \`drift\` in x-dataset; validate that data again`);
  return profile;
}

function isDistribution(value: unknown): boolean {
  const { kind, counts } = (value ?? {}) as { kind?: unknown; counts?: unknown };
  if (!["number", "level", "value"].includes(String(kind)) || typeof counts !== "object" || counts === null)
    return false;
  return Object.values(counts).every((count) => Number.isSafeInteger(count) && count >= 0);
}
