import { existsSync, globSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";

/** A folder of tests that run together. */
export interface Group {
  readonly name: string;
  /** Test files that run at once. */
  readonly concurrency: number;
  /** Longest time for one file. */
  readonly limitMs: number;
  /** Whether its tests ask outside tools (tools/setup/judges.ts), which set-up then fetches. */
  readonly judges: boolean;
  /** Files that run before the others, each by itself: load and time are their subject. @default - none */
  readonly alone?: readonly string[];
  /** The file that takes longest, and so begins first where several run at once. @default - by name */
  readonly longest?: string;
}

const MINUTE = 60_000;

/** In the order they run: what is quick and says most comes first. */
export const GROUPS: readonly Group[] = [
  { name: "unit", concurrency: 2, limitMs: 2 * MINUTE, judges: false },
  { name: "components", concurrency: 2, limitMs: 2 * MINUTE, judges: false },
  { name: "pipelines", concurrency: 2, limitMs: 5 * MINUTE, judges: true },
  { name: "emulator", concurrency: 2, limitMs: 5 * MINUTE, judges: false },
  { name: "delivery", concurrency: 2, limitMs: 5 * MINUTE, judges: true },
  {
    name: "engine",
    concurrency: 2,
    limitMs: 15 * MINUTE,
    judges: true,
    alone: [
      "tests/engine/rollout/load.test.ts",
      "tests/engine/rollout/rollout.test.ts",
      "tests/engine/faults/dep-interrupted.test.ts",
    ],
    longest: "tests/engine/rehearsal.test.ts",
  },
  { name: "integration", concurrency: 1, limitMs: 15 * MINUTE, judges: true },
  { name: "browser", concurrency: 1, limitMs: 5 * MINUTE, judges: false },
];

/** Checks of the whole tree that count as one test each. */
export const CHECKS = ["lint", "types"] as const;
export type Check = (typeof CHECKS)[number];

/** What is to run. */
export interface Selection {
  readonly checks: readonly Check[];
  readonly groups: readonly { readonly group: Group; readonly files: readonly string[] }[];
}

/**
 * What the words of the command line name: a check, a group, or the path of a test file or folder, from the root or
 * from tests/. None means all.
 *
 * @throws Error when a word names nothing, or a path outside the groups' folders.
 */
export function select(root: string, words: readonly string[]): Selection {
  const files = words.length === 0 ? allFiles(root, "tests") : words.flatMap((word) => filesOf(root, word));
  const unique = [...new Set(files)].sort();
  const groups = GROUPS.map((group) => ({
    group,
    files: unique.filter((file) => file.startsWith(join("tests", group.name, "/"))),
  }));
  const grouped = new Set(groups.flatMap((group) => group.files));
  const stray = unique.filter((file) => !grouped.has(file));
  if (stray.length > 0) {
    throw new Error(`${stray.join(", ")} would never run. Move it into a folder of tests/: ${names(GROUPS)}.`);
  }
  return {
    checks: words.length === 0 ? CHECKS : CHECKS.filter((check) => words.includes(check)),
    groups: groups.filter((group) => group.files.length > 0),
  };
}

function filesOf(root: string, word: string): string[] {
  if (CHECKS.some((check) => check === word)) return [];
  for (const path of [join("tests", word), relative(root, resolve(root, word))]) {
    if (!existsSync(join(root, path))) continue;
    const found = statSync(join(root, path)).isDirectory() ? allFiles(root, path) : [path];
    if (found.length > 0) return found;
  }
  throw new Error(
    `\`${word}\` names no tests. Give ${CHECKS.join(", ")}, ${names(GROUPS)}, or the path of a test file or folder.`,
  );
}

function allFiles(root: string, folder: string): string[] {
  return globSync(join(folder, "**", "*.test.ts"), { cwd: root });
}

function names(groups: readonly Group[]): string {
  return groups.map((group) => group.name).join(", ");
}
