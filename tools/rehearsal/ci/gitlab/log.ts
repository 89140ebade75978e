import { stripVTControlCharacters } from "node:util";

/** What gitlab-ci-local tells while it runs, a line at a time. */
export type GitLabEvent =
  | { readonly type: "begin"; readonly job: string }
  | { readonly type: "line"; readonly job: string; readonly text: string }
  | { readonly type: "end"; readonly job: string; readonly code: number };

/**
 * Reads a line of gitlab-ci-local; undefined for what nobody needs.
 *
 * @param jobs ids of the jobs there are: anything else at the beginning of a line is not one.
 */
export function readLine(line: string, jobs: readonly string[]): GitLabEvent | undefined {
  const [, job = "", text = ""] = /^(\S+) +(.*)$/.exec(line) ?? [];
  if (!jobs.includes(job)) return undefined;
  // Commands may colour what they print, letter by letter.
  if (text.startsWith("> ")) return { type: "line", job, text: stripVTControlCharacters(text.slice(2)) };
  if (text.startsWith("starting ")) return { type: "begin", job };
  // What follows a failure's exit code is a remark on it.
  const ended = /^finished in .*?(?:FAIL +(\d+).*)?$/.exec(text);
  return ended ? { type: "end", job, code: Number(ended[1] ?? 0) } : undefined;
}
