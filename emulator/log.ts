import { appendFileSync, renameSync, statSync } from "node:fs";

const limit = 5 * 1024 * 1024;

/** A log file that keeps what the runs before wrote, and starts anew (keeping one old file) past 5 MB. */
export function openLog(file: string): (line: string) => void {
  rotate(file);
  return (line) => appendFileSync(file, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 });
}

function rotate(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > limit) renameSync(file, `${file}.1`);
}
