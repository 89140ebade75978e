import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "./environment.ts";
import { DeliveryError, messageOf } from "./errors.ts";
import { type Committed, commitFile } from "./git.ts";
import { actor, appendRelease, type TrafficStep } from "./release-log.ts";
import { driftOf, endpointIdOf, readSettled } from "./rollout/live.ts";
import { type Change, describeChange, type RolloutPlan } from "./rollout.ts";
import { requireOk, updateStack } from "./stack.ts";
import { editEndpoint } from "./stack-file.ts";
import { type Shares, withoutZeros } from "./traffic.ts";

export { type Environment, readEnvironment } from "./environment.ts";

/** What a release changes and why. */
export type Release = {
  readonly what: TrafficStep;
  readonly plan: RolloutPlan;
  readonly version?: string;
  /** What speaks for it: verdicts, figures. Texts and numbers also stand in the commit. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** Traffic before, where the stack file does not say it. @default - the stack file's */
  readonly from?: Shares;
  /** Asks the clouds first what they have, so that what was changed there by hand is set right. @default false */
  readonly refresh?: boolean;
  /** ARM id of the endpoint, to see what a failed update left. @default - not looked at */
  readonly endpointId?: string | undefined;
};

export type Released = { readonly commit: string | null; readonly record: string | null; readonly diff: string };

type Say = (line: string) => void;

/** The stack file's difference that a plan makes. */
export function previewRelease(environment: Environment, plan: RolloutPlan): string {
  return editEndpoint(environment.file, environment.endpointKey, plan.endpoint).diff;
}

/**
 * Carries out a release: edits the stack file, updates the stack, commits the file with its evidence and writes the
 * release record. When the update fails before traffic has moved, the file is put back.
 *
 * @throws DeliveryError that says what was done and what remains.
 */
export async function release(environment: Environment, release: Release, say: Say): Promise<Released> {
  const { file, folder, name } = environment;
  const { text, diff } = editEndpoint(file, environment.endpointKey, release.plan.endpoint);
  const path = join(folder, file.name);
  if (diff !== "") {
    say(diff.trimEnd());
    await replaceFile(path, text);
  }
  const stack = { name, cwd: folder, onLine: say };
  const wayBack = release.what === "rollback" || release.what === "abort";
  const result = await updateStack(stack, { refresh: release.refresh ?? false, wayBack });
  if (!result.ok) {
    const begun = result.failure.kind === "update" || result.failure.kind === "interrupted";
    const moved = begun ? await lookAfterFailure(environment, release) : "no";
    if (moved === "all") {
      const evidence = { ...release.evidence, update: `failed after traffic had moved: ${result.failure.message}` };
      await writeDown(environment, { ...release, evidence });
      requireOk(
        result,
        `Traffic has moved as planned and is written down; \`pulumi up --stack ${name}\` does what is left.`,
      );
    }
    if (diff !== "") await restore(path, text, file.text);
    if (moved === "some") await putBack(environment, say);
    requireOk(result, remains(environment, release.plan.changes));
  }
  return { ...(await writeDown(environment, release)), diff };
}

/**
 * Commits the stack file and appends the record of a change that is live. Both are tried, whatever becomes of the
 * other.
 */
export async function writeDown(environment: Environment, release: Release): Promise<Omit<Released, "diff">> {
  const { what, plan, version, evidence } = release;
  const title = titleOf(what, environment.name, plan.changes, version);
  const trailers = { Environment: environment.name, Endpoint: environment.endpointName, ...trailersOf(evidence) };
  const troubles: string[] = [];
  let committed: Committed | undefined;
  try {
    committed = await commitFile(environment.folder, environment.file.name, { title, trailers });
    if (committed?.unpushed !== undefined) {
      troubles.push(`commit ${committed.commit.slice(0, 12)} could not be pushed (${committed.unpushed}); push it`);
    }
  } catch (error) {
    troubles.push(`\`${environment.file.name}\` could not be committed (${messageOf(error)}); commit and push it`);
  }
  const commit = committed?.commit ?? null;
  let record: string | null = null;
  try {
    record = await appendRelease(environment.modelsPath, recordOf(environment, release, commit));
  } catch (error) {
    troubles.push(`the release record could not be written (${messageOf(error)}); the next command will write one`);
  }
  if (troubles.length === 0) return { commit, record };
  throw new DeliveryError("surroundings", `the change is live, but not written down: ${troubles.join("; ")}`);
}

function recordOf(environment: Environment, { what, plan, version, evidence, from }: Release, commit: string | null) {
  const mirror = withoutZeros(plan.endpoint.mirror);
  return {
    schema: 1 as const,
    at: new Date().toISOString(),
    who: actor(),
    what,
    environment: environment.name,
    endpoint: environment.endpointName,
    ...(version !== undefined && { version }),
    from: withoutZeros(from ?? environment.endpoint.traffic),
    to: withoutZeros(plan.endpoint.traffic),
    ...(Object.keys(mirror).length > 0 && { mirror }),
    evidence,
    commit,
  };
}

const VERBS: Record<TrafficStep, string> = {
  deploy: "Deploy",
  promote: "Promote",
  rollback: "Roll back",
  abort: "Abort the rollout to",
  edit: "Record an edit of",
};

/** `Deploy 3f2a9c0112345678 to production: m-3f2a9c01 0 => 10` */
function titleOf(what: TrafficStep, environment: string, changes: readonly Change[], version?: string): string {
  const shifts = changes
    .filter((change) => change.kind === "traffic" || change.kind === "mirror")
    .map((change) => describeChange(change).slice(2).replace(":", ""));
  const where = version === undefined ? environment : `${version} to ${environment}`;
  return `${VERBS[what]} ${where}: ${shifts.join(", ") || "no traffic moved"}`;
}

function trailersOf(evidence: Readonly<Record<string, unknown>>): Record<string, string> {
  const told = Object.entries(evidence).filter(([, value]) => ["string", "number"].includes(typeof value));
  return Object.fromEntries(
    told.map(([key, value]) => [
      key.replace(/(^|_)([a-z])/g, (_, dash, c: string) => (dash ? "-" : "") + c.toUpperCase()),
      String(value),
    ]),
  );
}

/** Writes a file so that a reader, or a death half-way, meets the old text or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const part = `${path}.${randomBytes(4).toString("hex")}.part`;
  await writeFile(part, text, { flag: "wx" });
  await rename(part, path);
}

/** Puts the old text back, unless somebody edited the file meanwhile. */
async function restore(path: string, written: string, before: string): Promise<void> {
  if ((await readFile(path, "utf8")) !== written) {
    throw new DeliveryError(
      "surroundings",
      `the update failed, and \`${path}\` was edited meanwhile; it is left as it is, look at it`,
    );
  }
  await replaceFile(path, before);
}

/**
 * How far a failed update came. What fails after traffic has moved, as a removal, is no reason to move it back: a way
 * back would lead to the bad version again, and a first model would be taken away from its callers.
 */
async function lookAfterFailure(
  environment: Environment,
  { endpointId, plan }: Release,
): Promise<"no" | "some" | "all"> {
  try {
    const id = endpointId ?? (await endpointIdOf(environment));
    const live = id === undefined ? undefined : await readSettled(id);
    if (live === undefined || driftOf(live, environment.endpoint) === undefined) return "no";
    return driftOf(live, plan.endpoint) === undefined ? "all" : "some";
  } catch {
    return "no"; // Azure does not answer; the file goes back, and the next command looks again
  }
}

/** Traffic is neither what it was nor what it should be: the old file is applied again. */
async function putBack({ name, folder }: Environment, say: Say): Promise<void> {
  say("traffic is neither what it was nor what it should be; it is put back");
  const result = await updateStack({ name, cwd: folder, onLine: say }, { refresh: true, wayBack: true });
  if (!result.ok) say("traffic could not be put back; look at it with `node scripts/drift.ts`");
}

function remains(environment: Environment, changes: readonly Change[]): string {
  const added = changes.filter((change) => change.kind === "add").map((change) => change.deployment);
  const left =
    added.length > 0 ? `Deployment ${added.join(", ")} may exist without traffic.` : "Nothing new was to be created.";
  return (
    `\`${environment.file.name}\` is as it was. ${left} ` +
    `Run the command again, or \`pulumi up --stack ${environment.name}\` to go back to what the file says.`
  );
}
