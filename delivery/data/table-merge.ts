import { join } from "node:path";
import { inputError } from "../errors.ts";
import { type Anomaly, type AnomalyLog, MAX_EXAMPLES } from "./anomalies.ts";
import type { Engine } from "./engine.ts";
import { addCounts, mergeProfiles, type Profile } from "./profile.ts";
import type { DataSchema } from "./schema.ts";
import type { FileRecord } from "./table-bytes.ts";
import { compareContent, keyRules, ROW_BITS, type Run, repeatedKeys } from "./table-keys.ts";
import type { Found, TableSummary } from "./table-scan.ts";

/** A part's summary, and the folder that its files of keys are in. */
export type TablePart = { readonly summary: TableSummary; readonly folder: string };

/** A whole table, as far as it is told. */
export type TableFacts = {
  /** By name. */
  readonly files: readonly FileRecord[];
  readonly rows: number;
  readonly missing: Readonly<Record<string, number>>;
  readonly classes?: Readonly<Record<string, number>>;
  readonly profile: Profile;
};

/**
 * Puts parts together. However the files were dealt out, the outcome is the same: counts add up, examples are the first
 * by file and row, and keys are compared over all parts.
 */
export async function mergeTables(
  engine: Engine,
  parts: readonly TablePart[],
  schema: DataSchema,
  log: AnomalyLog,
): Promise<TableFacts> {
  const summaries = parts.map(({ summary }) => summary);
  const files = summaries.flatMap((summary) => summary.files).sort(byName);
  const names = files.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw inputError("a file is in two parts of the data set");
  log.include(mergeFound(summaries.flatMap(({ broken }) => broken)));
  const runsOf = (kind: string): Run[] =>
    parts.flatMap(({ summary, folder }) => {
      const places = summary.files.map(({ name }) => names.indexOf(name));
      return summary.runs.filter((run) => run.kind === kind).map((run) => ({ path: join(folder, run.file), places }));
    });
  const at = (place: number) => `${names[Math.floor(place / 2 ** ROW_BITS)]}, row ${place % 2 ** ROW_BITS}`;
  for (const rule of keyRules(schema)) {
    const runs = runsOf(rule.id);
    if (runs.length === 0) continue;
    const { count, examples } = await repeatedKeys(engine, runs, rule.fields.length, MAX_EXAMPLES);
    if (count === 0) continue;
    const texts = examples.map(
      ({ key, first, last }) => `${at(last)}: ${key.map(quote).join(", ")} is in ${at(first)} too`,
    );
    log.include([{ name: rule.anomaly, severity: "error", rule: rule.rule, count, examples: texts }]);
  }
  const rows = summaries.reduce((sum, summary) => sum + summary.rows, 0);
  const content = runsOf("content");
  if (content.length > 0) await judgeContent(engine, content, schema, rows, at, log);
  const classes = summaries.flatMap((summary) => (summary.classes === undefined ? [] : [summary.classes]));
  return {
    files,
    rows,
    missing: addCounts(summaries.map(({ missing }) => missing)),
    ...(classes.length > 0 && { classes: addCounts(classes) }),
    profile: mergeProfiles(summaries.map(({ profile }) => profile)),
  };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

/** The same problem in several parts is one problem. */
function mergeFound(all: readonly Found[]): Anomaly[] {
  const kinds = new Map<string, Found[]>();
  for (const found of all) {
    const id = JSON.stringify([found.name, found.rule]);
    kinds.set(id, [...(kinds.get(id) ?? []), found]);
  }
  return [...kinds]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [first, ...others]]): Anomaly[] => {
      if (first === undefined) return [];
      const same = [first, ...others];
      const examples = same
        .flatMap((found) => found.examples)
        .sort((a, b) => (a.file === b.file ? a.row - b.row : a.file < b.file ? -1 : 1))
        .slice(0, MAX_EXAMPLES)
        .map(({ file, row, text }) => (row === 0 ? `${file}: ${text}` : `${file}, row ${row}: ${text}`));
      const count = same.reduce((sum, found) => sum + found.count, 0);
      return [{ name: first.name, severity: first.severity, rule: first.rule, count, examples }];
    });
}

async function judgeContent(
  engine: Engine,
  runs: readonly Run[],
  schema: DataSchema,
  rows: number,
  at: (place: number) => string,
  log: AnomalyLog,
): Promise<void> {
  const { maxDuplicateShare, maxNearDuplicateShare, maxLabelConflictShare, splitField } = schema["x-dataset"];
  const found = await compareContent(engine, runs, MAX_EXAMPLES);
  const pairs = (places: readonly (readonly [number, number])[], words: string) =>
    places.map(([first, last]) => `${at(last)} ${words} ${at(first)}`);
  const share = (name: string, what: string, count: number, most: number | undefined, examples: readonly string[]) => {
    if (most === undefined || count === 0) return;
    const rule = `at most ${percent(most)} of rows are ${what}`;
    log.include([{ name, severity: count > most * rows ? "error" : "warning", rule, count, examples }]);
  };
  const { copies, nearCopies, conflicts, leaks, places } = found;
  share("DUPLICATE_ROW", "exact copies", copies, maxDuplicateShare, pairs(places.copies, "says the same as"));
  const near = pairs(places.nearCopies, "says the same, but for case and spacing, as");
  share("NEAR_DUPLICATE_ROW", "copies but for case and spacing", nearCopies, maxNearDuplicateShare, near);
  const under = pairs(places.conflicts, "has another label than");
  share("LABEL_CONFLICT", "copies under another label", conflicts, maxLabelConflictShare, under);
  if (splitField !== undefined && leaks > 0) {
    const rule = `no row is in two splits (\`${splitField}\`)`;
    const examples = pairs(places.leaks, "is in another split than");
    log.include([{ name: "SPLIT_LEAK", severity: "error", rule, count: leaks, examples }]);
  }
}

/** A share as people read it. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(4))} %`;
}

/** A key's value, of which the start is enough to find it. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
