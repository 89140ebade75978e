import type { ReleaseRecord } from "../release-log.ts";
import type { Shares } from "../traffic.ts";
import { trafficRecords } from "./log-state.ts";
import { describeShares, sameShares } from "./shares.ts";

/** A stretch of time with the same traffic. */
export type Reign = {
  readonly from: Date;
  /** Undefined for the one that lasts. */
  readonly to: Date | undefined;
  readonly traffic: Shares;
};

/** What was live when, oldest first; neighbours differ. */
export function reigns(records: readonly ReleaseRecord[]): Reign[] {
  const steps = trafficRecords(records).filter(({ to }, i, all) => {
    const before = all[i - 1];
    return before === undefined || !sameShares(before.to, to);
  });
  return steps.map(({ at, to }, i) => {
    const next = steps[i + 1];
    return { from: new Date(at), to: next && new Date(next.at), traffic: to };
  });
}

/** A record in a line of a table. */
export type Row = readonly [time: string, what: string, who: string, change: string, commit: string];

const WIDTH = 100;

/** A table of at most 100 columns; long changes go on in lines of their own. */
export function formatHistory(records: readonly ReleaseRecord[]): string {
  if (records.length === 0) return "nothing was released yet";
  const head: Row = ["TIME (UTC)", "WHAT", "WHO", "TRAFFIC", "COMMIT"];
  const rows = records.map(rowOf);
  const widthOf = (column: number, most: number) =>
    Math.min(most, Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const widths = [19, widthOf(1, 8), widthOf(2, 14)];
  const room = Math.min(widthOf(3, WIDTH), WIDTH - widths.reduce((sum, width) => sum + width + 2, 0) - 10);
  const line = (row: Row, change: string, first: boolean) => {
    const cells = [0, 1, 2].map((i) => (first ? fit(row[i] ?? "", widths[i] ?? 0) : "").padEnd(widths[i] ?? 0));
    return [...cells, change.padEnd(room), first ? row[4] : ""].join("  ").trimEnd();
  };
  return [head, ...rows].flatMap((row) => wrap(row[3], room).map((change, i) => line(row, change, i === 0))).join("\n");
}

function rowOf(record: ReleaseRecord): Row {
  const { at, what, who, from, to, commit } = record;
  const change = sameShares(from, to) ? describeShares(to) : changeOf(from, to);
  const reason = reasonOf(record);
  const time = new Date(at).toISOString().slice(0, 19).replace("T", " ");
  return [time, what, who, reason === "" ? change : `${change} (${reason})`, commit?.slice(0, 8) ?? "-"];
}

/** `m-3f2a9c01 90 => 75, m-9c1b22d4 10 => 25` */
function changeOf(from: Shares, to: Shares): string {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  const moved = names.filter((name) => (from[name] ?? 0) !== (to[name] ?? 0));
  return moved.map((name) => `${name} ${from[name] ?? 0} => ${to[name] ?? 0}`).join(", ");
}

/** What in the evidence a reader wants to see in a table. */
function reasonOf({ evidence, mirror, what }: ReleaseRecord): string {
  const told = (evidence ?? {}) as Record<string, unknown>;
  const parts = [
    mirror && `copied to ${describeShares(mirror)}`,
    told["break_glass"] !== undefined && "break-glass",
    told["freeze_override"] !== undefined && `in a freeze: ${told["freeze_override"]}`,
    typeof told["verdict"] === "string" && `judge: ${told["verdict"]}`,
    typeof told["judge"] === "string" && what === "promote" && told["verdict"] === undefined && "no judge",
    typeof told["reason"] === "string" && told["reason"] !== what && told["reason"],
  ];
  return parts.filter(Boolean).join("; ");
}

function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Breaks at spaces; a word that is longer than the room is cut. */
function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(fit(word, room));
  }
  return lines;
}
