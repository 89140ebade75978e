import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseDocument } from "yaml";
import { armDelete, armGet } from "./azure.ts";
import { acceptDrift, driftTable } from "./drift.ts";
import { readEnvironment } from "./environment.ts";
import { DeliveryError, inputError, messageOf } from "./errors.ts";
import { parseJson } from "./json.ts";
import { describeHolder, readLocks } from "./lock.ts";
import { fateOf, type PendingOperation, type StateResource } from "./pending.ts";
import { type ProcessResult, runProcess } from "./process.ts";
import { writeDown } from "./release.ts";
import { withTurn } from "./rollout/turn.ts";
import { changesBetween } from "./rollout.ts";
import { explain } from "./stack.ts";
import {
  judgeEdit,
  readService,
  readStackEdit,
  revertEdit,
  type Service,
  type StackEdit,
  sameTraffic,
} from "./stack-edit.ts";
import { inspectStateFile, restoreBackup } from "./state-file.ts";
import { readTraffic, type Shares, TRAFFIC_TYPE } from "./traffic.ts";

/** What to recover, and how. */
export type RecoverOptions = {
  readonly environment: string;
  /** Folder of Pulumi.yaml. */
  readonly folder: string;
  /** Looks, and changes nothing. */
  readonly dryRun: boolean;
  /** What to do with an edit of the stack file that was never committed. @default - what the cloud says */
  readonly edit?: "keep" | "revert";
  readonly say: (line: string) => void;
};

/** What was found, and what was done about it; `done` is null in a dry run. */
export type Finding = { readonly found: string; readonly done: string | null };

/** `remains` is empty where the stack is whole. */
export type Recovery = { readonly findings: readonly Finding[]; readonly remains: readonly string[] };

type Snapshot = { readonly resources: readonly StateResource[]; readonly pending: readonly PendingOperation[] };
type Work = RecoverOptions & {
  readonly file: string;
  readonly namespace: string;
  readonly backend: string;
  readonly findings: Finding[];
  readonly remains: string[];
};

/**
 * Puts right what a killed update left: its lock, a state that was cut short, creations that state does not know the end
 * of, a stack file edited and not carried out. Ends by comparing program, state and clouds. Doing it again is safe.
 *
 * While another update may be running nothing is touched.
 */
export async function recover(options: RecoverOptions): Promise<Recovery> {
  const work = await begin(options);
  return options.dryRun ? putRight(work) : withTurn(options.folder, options.environment, () => putRight(work));
}

async function putRight(work: Work): Promise<Recovery> {
  const { findings, remains, dryRun } = work;
  if (!(await releaseLocks(work)) || !(await mendStateFile(work))) return { findings, remains };
  const before = await exportState(work);
  await settlePending(work, before);
  await clearOrphans(work);
  const edit = await readStackEdit(work.folder, work.file, work.namespace);
  const disturbed = findings.length > 0 || (edit?.ofDeployment ?? false);
  if (disturbed && !dryRun) await takeNote(work);
  const now = serviceIn(disturbed && !dryRun ? await exportState(work) : before);
  const kept = edit !== undefined && (await settleEdit(work, edit, now)) === "keep" ? edit : undefined;
  if (disturbed && !dryRun && remains.length === 0) await finishUpdate(work, [serviceIn(before), begunIn(before)], now);
  if (kept !== undefined && !dryRun && remains.length === 0) await writeEditDown(work, kept);
  if (!dryRun || findings.length === 0) await checkWhole(work);
  return { findings, remains };
}

async function begin(options: RecoverOptions): Promise<Work> {
  const { environment, folder } = options;
  const project = await readFile(join(folder, "Pulumi.yaml"), "utf8").catch((error: unknown) => {
    throw inputError(`there is no project in \`${folder}\`: ${messageOf(error)}`);
  });
  const namespace: unknown = parseDocument(project).get("name");
  if (typeof namespace !== "string") throw inputError("`Pulumi.yaml` has no `name`");
  const asked = await runProcess("pulumi", ["whoami", "--verbose", "--json"], { cwd: folder });
  if (asked.code !== 0) throw new DeliveryError("surroundings", `the state backend: ${explain(asked).message}`);
  const backend = String((parseJson(asked.stdout, "`pulumi whoami`") as { url?: unknown }).url);
  return { ...options, file: `Pulumi.${environment}.yaml`, namespace, backend, findings: [], remains: [] };
}

/** Removes what dead processes of this machine hold. False where somebody may be at work. */
async function releaseLocks({ backend, namespace, environment, dryRun, findings, remains }: Work): Promise<boolean> {
  const locks = (await readLocks(backend, `${namespace}/${environment}`)) ?? [];
  const held = locks.filter(({ state }) => state !== "dead");
  if (held.length > 0) {
    remains.push(...held.map((lock) => describeHeld(lock.state === "elsewhere", describeHolder(lock), lock.path)));
    return false;
  }
  for (const lock of locks) {
    if (!dryRun) for (const path of [lock.path, `${lock.path}.attrs`]) await rm(path, { force: true });
    const found = `a lock of ${lock.user} since ${lock.since}, whose process ${lock.pid} of this machine is gone`;
    findings.push({ found, done: dryRun ? null : "released it" });
  }
  return true;
}

function describeHeld(elsewhere: boolean, words: string, path: string): string {
  if (!elsewhere) return words;
  return `${words} If you have made sure on that machine that the process is gone, delete ${path} and run this again.`;
}

async function mendStateFile(work: Work): Promise<boolean> {
  const { backend, namespace, environment, dryRun, findings, remains } = work;
  const file = await inspectStateFile(backend, `${namespace}/${environment}`);
  if (file?.broken === undefined) return true;
  const found = `the state ${file.path} cannot be used: ${file.broken}`;
  if (file.backup === undefined) {
    remains.push(
      `${found}; nor can its backup. Earlier states are under .pulumi/history and .pulumi/backups of the backend: ` +
        "copy the newest checkpoint in its place, then run this again",
    );
    return false;
  }
  if (dryRun) {
    findings.push({ found: `${found}; its backup of ${file.backup.writtenAt} can`, done: null });
    return false;
  }
  const kept = await restoreBackup(file);
  findings.push({ found, done: `put the backup of ${file.backup.writtenAt} in its place; the broken one is ${kept}` });
  return true;
}

async function exportState(work: Work): Promise<Snapshot> {
  const { deployment } = (await exportText(work)).document;
  return { resources: deployment.resources ?? [], pending: deployment.pending_operations ?? [] };
}

type Exported = {
  readonly deployment: { readonly resources?: StateResource[]; readonly pending_operations?: PendingOperation[] };
};

async function exportText(work: Work): Promise<{ document: Exported }> {
  const result = await pulumi(work, ["stack", "export"]);
  if (result.code !== 0) {
    throw new DeliveryError("surroundings", `state of \`${work.environment}\`: ${explain(result).message}`);
  }
  return { document: parseJson(result.stdout, "`pulumi stack export`") as Exported };
}

/** Provider calls that were under way when the engine was killed reach the cloud within this time. */
const IN_FLIGHT_MS = 2000;

/**
 * Looks up what every creation came to, and writes that into state. Not with `refresh --import-pending-creates`: the
 * engine (3.259.0) clears the operation then without taking the resource up.
 */
async function settlePending(work: Work, { pending }: Snapshot): Promise<void> {
  const creations = pending.filter(({ type }) => type === "creating");
  if (pending.length > creations.length) {
    const others = pending.filter(({ type }) => type !== "creating").map((one) => `${nameOf(one)} (${one.type})`);
    work.findings.push({
      found: `cut short: ${others.join(", ")}`,
      done: work.dryRun ? null : "compared with the cloud",
    });
  }
  if (creations.length === 0) return;
  if (!work.dryRun) await delay(IN_FLIGHT_MS);
  const settled = new Map<string, StateResource | undefined>();
  for (const operation of creations) {
    const found = `the creation of ${nameOf(operation)} was cut short`;
    if (work.dryRun) {
      work.findings.push({ found, done: null });
      continue;
    }
    const fate = await fateOf(operation, work.say);
    if (fate.kind === "unknown") {
      work.remains.push(
        `${found}: ${fate.why}. Look it up; then \`pulumi refresh --clear-pending-creates\` if it is not there`,
      );
      continue;
    }
    const { resource } = operation;
    settled.set(resource.urn, fate.kind === "adopt" ? { ...resource, id: fate.id, outputs: {} } : undefined);
    const done = fate.kind === "adopt" ? `it exists; took it up as ${fate.id}` : `cleared it: ${fate.why}`;
    work.findings.push({ found, done });
  }
  if (settled.size > 0) await editState(work, settled);
}

async function editState(work: Work, settled: ReadonlyMap<string, StateResource | undefined>): Promise<void> {
  const { document } = await exportText(work);
  const { resources = [], pending_operations: pending = [] } = document.deployment;
  const known = new Set(resources.map(({ urn }) => urn));
  const adopted = [...settled.values()].filter((one) => one !== undefined && !known.has(one.urn));
  const deployment = {
    ...document.deployment,
    resources: [...resources, ...adopted],
    pending_operations: pending.filter(({ type, resource }) => type !== "creating" || !settled.has(resource.urn)),
  };
  const folder = await mkdtemp(join(tmpdir(), "ml-delivery-state-"));
  try {
    const file = join(folder, "state.json");
    await writeFile(file, JSON.stringify({ ...document, deployment }), { mode: 0o600 });
    const result = await pulumi(work, ["stack", "import", "--file", file]);
    if (result.code !== 0) throw new DeliveryError("surroundings", `state was not written: ${explain(result).message}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes state say what the clouds have, and tells what that changes. */
async function takeNote({ environment, folder, findings, say }: Work): Promise<void> {
  say("pulumi refresh");
  const drifts = await acceptDrift(environment, folder);
  // A resource that was just taken up had no outputs: that it has some now is no news.
  const news = drifts.filter(
    ({ change, differences }) => change === "gone" || differences.some(({ config }) => config !== undefined),
  );
  if (news.length === 0) return;
  findings.push({ found: `the clouds were ahead of state:\n${driftTable(news)}`, done: "state knows it now" });
}

async function settleEdit(
  work: Work,
  edit: StackEdit,
  now: Service | undefined,
): Promise<ReturnType<typeof judgeEdit> | undefined> {
  if (!edit.ofDeployment) return undefined; // a person's own work, of which no update knows
  const verdict = work.edit ?? judgeEdit(edit, now);
  const found = `${work.file} has an edit that was never committed:\n${edit.diff.trimEnd()}`;
  if (verdict === "undecided") {
    const traffic = JSON.stringify(now?.traffic ?? {});
    work.remains.push(
      `${found}\nThe cloud has neither its traffic nor the committed one but ${traffic}: decide with --edit keep or --edit revert`,
    );
    return verdict;
  }
  if (verdict === "revert") {
    if (!work.dryRun) await revertEdit(edit);
    work.findings.push({ found, done: work.dryRun ? null : "the cloud did not get it: put the committed text back" });
    return verdict;
  }
  work.findings.push({ found, done: work.dryRun ? null : "kept it" });
  return verdict;
}

/** Commits and records an edit that was carried out, as the command would have that made it. */
async function writeEditDown({ environment, folder, findings, remains }: Work, edit: StackEdit): Promise<void> {
  const opened = await readEnvironment(environment, folder);
  const { endpoint } = opened;
  const { traffic, mirror } = edit.committed;
  const plan = { endpoint, changes: changesBetween({ ...endpoint, traffic, mirror }, endpoint) };
  const evidence = { reason: "cut short, and kept by recover" };
  try {
    const { commit } = await writeDown(opened, { what: "edit", plan, from: traffic, evidence });
    findings.push({
      found: "the edit was in no commit and no record",
      done: `committed it as ${commit} and recorded it`,
    });
  } catch (error) {
    remains.push(messageOf(error));
  }
}

/**
 * Carries out what the stack file says, unless somebody else has moved traffic meanwhile.
 *
 * @param ours what the last update left, and what the one that was cut short was about to make of it
 */
async function finishUpdate(
  work: Work,
  ours: readonly (Service | undefined)[],
  now: Service | undefined,
): Promise<void> {
  const wanted = await readService(work.folder, work.file, work.namespace);
  const known = [wanted, ...ours].some((one) => one !== undefined && now !== undefined && sameTraffic(now, one));
  if (now !== undefined && !known && work.edit === undefined) {
    work.remains.push(
      `traffic is ${JSON.stringify(now.traffic)}, which neither the last update nor ${work.file} says: ` +
        `write it into the file to keep it, then \`pulumi up --stack ${work.environment}\``,
    );
    return;
  }
  const result = await pulumi(work, ["up", "--yes", "--skip-preview"]);
  if (result.code !== 0) work.remains.push(`the update could not be finished: ${explain(result).message}`);
}

async function checkWhole(work: Work): Promise<void> {
  const result = await pulumi(work, ["preview", "--refresh", "--expect-no-changes"]);
  if (result.code === 0) return;
  const changes = result.stdout
    .split("\n")
    .filter((line) => /^ [+~-]{1,2} .*(create|update|delete|replace)/.test(line));
  const why = changes.length > 0 ? changes.map((line) => line.trim()).join("\n") : explain(result).message;
  work.remains.push(`program, state and clouds are not the same yet:\n${why}`);
}

/**
 * Deals with deployments that state does not know: their creation was accepted, and the answer lost. Azure gives such a
 * name to nobody else. One with this stack's tags and without traffic is deleted, and made anew by the next update.
 */
async function clearOrphans(work: Work): Promise<void> {
  for (const { id, tags, used } of await orphansOf(await exportState(work))) {
    const found = `Azure has a deployment that state does not know: ${id}`;
    const ours = tags?.["managed-by"] === "pulumi" && tags["environment"] === work.environment;
    if (used || !ours) {
      const why = used ? "it has traffic" : "it does not carry this stack's tags";
      work.remains.push(`${found}. It is left alone, as ${why}: \`pulumi import\` it, or delete it`);
      continue;
    }
    if (!work.dryRun) await armDelete(id, ML_API_VERSION);
    work.findings.push({ found, done: work.dryRun ? null : "deleted it; it had no traffic" });
  }
}

const ML_API_VERSION = "2025-12-01";

type Orphan = { readonly id: string; readonly tags?: Readonly<Record<string, string>>; readonly used: boolean };

/** Deployments of the stack's endpoint that state does not hold. */
async function orphansOf({ resources }: Snapshot): Promise<Orphan[]> {
  const idsOf = (type: string) =>
    resources.flatMap((one) => (one.type === `azure-native:machinelearningservices:${type}` && one.id ? [one.id] : []));
  const known = new Set(idsOf("OnlineDeployment").map((id) => id.toLowerCase()));
  const lists = idsOf("OnlineEndpoint").map(async (endpoint) => {
    const now = await readTraffic(endpoint);
    if (now === undefined) return [];
    const { value } = await armGet<{ value: Omit<Orphan, "used">[] }>(`${endpoint}/deployments`, ML_API_VERSION);
    const used = new Set([...Object.keys(now.traffic), ...Object.keys(now.mirror)]);
    return value.map((one) => ({ ...one, used: used.has(one.id.split("/").at(-1) ?? "") }));
  });
  return (await Promise.all(lists)).flat().filter(({ id }) => !known.has(id.toLowerCase()));
}

/** The service that an update was about to make when it was cut short; undefined where it was not at the traffic. */
function begunIn({ resources, pending }: Snapshot): Service | undefined {
  const others = resources.filter(({ type }) => type !== TRAFFIC_TYPE);
  return serviceIn({ resources: [...others, ...pending.map(({ resource }) => resource)], pending });
}

/** The service by state; undefined where it holds no traffic. */
function serviceIn({ resources }: Snapshot): Service | undefined {
  const found = resources.find(({ type }) => type === TRAFFIC_TYPE);
  if (found === undefined) return undefined;
  const { traffic, mirror } = (found.inputs ?? {}) as { traffic?: Shares; mirror?: Shares };
  const deployments = resources.flatMap(({ type, inputs }) =>
    type === "azure-native:machinelearningservices:OnlineDeployment" ? [String(inputs?.["deploymentName"])] : [],
  );
  return { deployments, traffic: traffic ?? {}, mirror: mirror ?? {} };
}

function nameOf({ resource: { urn } }: PendingOperation): string {
  return urn.split("::").at(-1) ?? urn;
}

function pulumi({ environment, folder, say }: Work, args: readonly string[]): Promise<ProcessResult> {
  say(`pulumi ${args.join(" ")}`);
  return runProcess("pulumi", [...args, "--stack", environment, "--non-interactive", "--color", "never"], {
    cwd: folder,
  });
}
