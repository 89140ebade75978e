import { randomBytes } from "node:crypto";
import { userInfo } from "node:os";
import { mapConcurrent } from "./concurrency.ts";
import { DeliveryError } from "./errors.ts";
import { parseLocation, within } from "./location.ts";
import { CONCURRENCY, listAll, openFolder } from "./objects.ts";
import type { Shares } from "./traffic.ts";

/** Steps that set traffic. `edit` is a change that somebody made in the stack file, recorded when it was found. */
export const TRAFFIC_STEPS = ["deploy", "promote", "rollback", "abort", "edit"] as const;
export type TrafficStep = (typeof TRAFFIC_STEPS)[number];

/** One step of delivery: what was changed, by whom, on what grounds. */
export type ReleaseRecord = {
  readonly schema: 1;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly who: string;
  /** A {@link TrafficStep}, `pause`, `resume`, or a word of a later version of this project. */
  readonly what: string;
  readonly environment: string;
  readonly endpoint: string;
  readonly version?: string;
  /** Traffic before and after, per cent by deployment. */
  readonly from: Shares;
  readonly to: Shares;
  /** Per cent of requests copied, after the step; absent where none are. */
  readonly mirror?: Shares;
  readonly evidence: unknown;
  /** The commit of the stack file; null where there is no repository. */
  readonly commit: string | null;
};

/** Appends a record beside the models folder, as `releases/<time>-<id>.json`. Records are created, never changed. */
export async function appendRelease(modelsPath: string, record: ReleaseRecord): Promise<string> {
  const key = `${record.at.replaceAll(":", "-")}-${randomBytes(4).toString("hex")}.json`;
  const written = await releases(modelsPath).put(key, `${JSON.stringify(record, null, 2)}\n`, { ifNoneMatch: "*" });
  if (!written) throw new DeliveryError("surroundings", `a release record \`${key}\` is there already; try again`);
  return `releases/${key}`;
}

/** Which records to read. */
export type ReleaseFilter = {
  /** @default - of all */
  readonly environment?: string;
  /** At most this many, the newest. @default - all */
  readonly newest?: number;
  /** Hears of each object that is no release record. @default - nobody */
  readonly onForeign?: (key: string) => void;
};

/**
 * The records, oldest first; of one instant, in the order of their ids. An object that is no record is left out: the
 * log must stay readable whatever else lies in its folder.
 */
export async function readReleases(modelsPath: string, filter: ReleaseFilter = {}): Promise<ReleaseRecord[]> {
  const folder = releases(modelsPath);
  // Keys begin with the time, so that the newest are known without reading the others.
  const keys = (await listAll(folder)).map(({ key }) => key);
  const wanted = filter.newest === undefined ? keys : keys.slice(-filter.newest);
  const records = await mapConcurrent(wanted, CONCURRENCY, async (key) => {
    const record = parseRelease((await folder.get(key))?.content.toString("utf8") ?? "");
    if (record === undefined) filter.onForeign?.(key);
    return record;
  });
  return records.filter(
    (record) => record !== undefined && (filter.environment === undefined || record.environment === filter.environment),
  ) as ReleaseRecord[];
}

/** A record from its text, whatever kind of step it is; undefined where the text is no record. */
export function parseRelease(text: string): ReleaseRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const record = value as Partial<ReleaseRecord> | null;
  const told = [record?.at, record?.who, record?.what, record?.environment].every((word) => typeof word === "string");
  if (!told || Number.isNaN(Date.parse(String(record?.at)))) return undefined;
  if (!isShares(record?.from) || !isShares(record?.to)) return undefined;
  return record as ReleaseRecord;
}

function isShares(value: unknown): value is Shares {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((share) => typeof share === "number")
  );
}

function releases(modelsPath: string) {
  return openFolder(within(within(parseLocation(modelsPath), ".."), "releases"));
}

/** Who acts: the one who started the CI run, else the user of this machine. */
export function actor(): string {
  return process.env["GITHUB_ACTOR"] ?? process.env["GITLAB_USER_LOGIN"] ?? process.env["USER"] ?? userInfo().username;
}
