import { readdir } from "node:fs/promises";
import { mapConcurrent } from "./concurrency.ts";
import { readEnvironment } from "./environment.ts";
import { inputError } from "./errors.ts";
import { formatLocation, lastSegment, parseLocation, within } from "./location.ts";
import { Version } from "./manifest.ts";
import { CONCURRENCY, listAll, openFolder } from "./objects.ts";
import { readAlias, readPackage } from "./package.ts";
import { type ReleaseRecord, readReleases } from "./release-log.ts";

/** A published package. */
export type StoredPackage = { readonly version: string; readonly createdAt: string };

/** Why a version stays, whatever its age. */
export type Holds = ReadonlyMap<string, string>;

export type PruneRules = {
  /** The newest so many stay. */
  readonly keep: number;
  /** Younger ones stay. */
  readonly olderThanDays: number;
};

/** What would become of one package. */
export type PruneDecision = StoredPackage & { readonly remove: boolean; readonly reason: string };

const DAY_MS = 86_400_000;

/**
 * Which packages go: those that nothing holds, that are not among the newest `keep`, and that are older than
 * `olderThanDays`. All three must be so. Newest first in the answer.
 */
export function planPrune(
  packages: readonly StoredPackage[],
  holds: Holds,
  { keep, olderThanDays }: PruneRules,
  now: Date,
): PruneDecision[] {
  const newestFirst = packages.toSorted((a, b) =>
    a.createdAt === b.createdAt ? 0 : a.createdAt < b.createdAt ? 1 : -1,
  );
  return newestFirst.map((one, index) => {
    const days = (now.getTime() - Date.parse(one.createdAt)) / DAY_MS;
    const stays = (reason: string) => ({ ...one, remove: false, reason });
    const hold = holds.get(one.version);
    if (hold !== undefined) return stays(hold);
    if (index < keep) return stays(`is among the ${keep} newest`);
    // Written so that a date that cannot be read stays.
    if (!(days > olderThanDays)) return stays(`is not older than ${olderThanDays} days`);
    return { ...one, remove: true, reason: `is ${Math.floor(days)} days old, and nothing holds it` };
  });
}

/**
 * Everything that holds a version: stack files of all environments in `folder`, what the newest release in the log
 * beside the packages set and what it took over from, and the aliases.
 *
 * @throws DeliveryError of kind `input`: there is no stack file, or one cannot be read. Nothing is pruned then.
 */
export async function findHolds(modelsPath: string, folder: string): Promise<Holds> {
  const files = (await readdir(folder)).flatMap((name) => /^Pulumi\.([a-z][a-z0-9-]*)\.yaml$/.exec(name)?.[1] ?? []);
  if (files.length === 0) {
    throw inputError(`no stack file in \`${folder}\`, so what is live is not known; run this in the team's repository`);
  }
  const environments = await Promise.all(files.map((name) => readEnvironment(name, folder)));
  const deployed = environments.flatMap(({ name, endpoint }) =>
    Object.entries(endpoint.deployments).map(([deployment, { model }]): [string, string] => [
      lastSegment(parseLocation(model)),
      `serves \`${deployment}\` of ${name}`,
    ]),
  );
  // An environment serves its own copies, and writes its log beside them: this folder's log is all that names its packages.
  const records = await readReleases(modelsPath);
  const aliases = await readAliases(modelsPath);
  return new Map([...heldByReleases(records, await versionsIn(modelsPath)), ...aliases, ...deployed]);
}

/** Versions that the newest release of an environment names: live, previous, a canary or a shadow. */
function heldByReleases(records: readonly ReleaseRecord[], versions: readonly string[]): [string, string][] {
  const newest = new Map(records.map((record) => [`${record.environment} ${record.endpoint}`, record]));
  return [...newest.values()].flatMap(({ environment, version, from, to, mirror }) => {
    const deployments = [from, to, mirror ?? {}].flatMap((shares) => Object.keys(shares));
    return versions
      .filter((one) => one === version || deployments.includes(`m-${one.slice(0, 8)}`))
      .map((one): [string, string] => [one, `is named by the newest release of ${environment}`]);
  });
}

async function readAliases(modelsPath: string): Promise<[string, string][]> {
  const objects = await listAll(openFolder(modelsPath));
  const names = objects.flatMap(({ key }) => /^([^/]+)\/alias\.json$/.exec(key)?.[1] ?? []);
  const aliases = await Promise.all(names.map(async (name) => [await readAlias(modelsPath, name), name] as const));
  return aliases.flatMap(([version, name]) => (version === undefined ? [] : [[version, `is \`${name}\``]]));
}

/** The packages of a models folder. What has no manifest is no package, and is left alone. */
export async function listPackages(modelsPath: string): Promise<StoredPackage[]> {
  return mapConcurrent(await versionsIn(modelsPath), CONCURRENCY, async (version) => {
    const { manifest } = await readPackage(formatLocation(within(parseLocation(modelsPath), version)));
    return { version, createdAt: manifest.createdAt };
  });
}

/**
 * Removes a package. Its manifest goes first: a package without one is not there, so that no reader ever finds half of
 * one. What an interrupted removal leaves, publishing the same model again makes whole. A bucket that keeps versions
 * keeps these too.
 */
export async function removePackage(modelsPath: string, version: string): Promise<void> {
  if (!Version.safeParse(version).success) throw inputError(`\`${version}\` is not a model version (16 hex digits)`);
  const folder = openFolder(within(parseLocation(modelsPath), version));
  await folder.remove("manifest.json");
  for (const { key } of await listAll(folder)) await folder.remove(key);
}

async function versionsIn(modelsPath: string): Promise<string[]> {
  const objects = await listAll(openFolder(modelsPath));
  return objects.flatMap(({ key }) => /^([0-9a-f]{16})\/manifest\.json$/.exec(key)?.[1] ?? []);
}
