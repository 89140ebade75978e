import { setTimeout as delay } from "node:timers/promises";
import { armGet, armPost, armPut, isNotFound } from "./azure.ts";
import { openContainer, readFrom } from "./blobs.ts";
import { sha256 } from "./digest.ts";
import { DeliveryError, inputError } from "./errors.ts";
import { datastoreUri, ML_API_VERSION, type Workspace } from "./workspace.ts";

/** A command job: what runs, where, on what. */
export type CommandJob = {
  /** Unique in the workspace. */
  readonly name: string;
  readonly experiment: string;
  /** With Azure ML's placeholders, such as `${{inputs.data}}`. */
  readonly command: string;
  /** Name of the cluster. */
  readonly compute: string;
  /** ARM id of the environment version. */
  readonly environmentId: string;
  /** ARM id of the code version. */
  readonly codeId: string;
  /** Input name → folder of the workspace's datastore. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Output name → folder of the workspace's datastore. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly environmentVariables?: Readonly<Record<string, string>>;
};

/** Registers the code at a folder of the datastore under its digest; gives its ARM id. Does nothing when it is there. */
export async function ensureCode(workspace: Workspace, name: string, digest: string, folder: string): Promise<string> {
  const id = `${workspace.id}/codes/${name}/versions/${digest}`;
  const codeUri = `${workspace.blobUrl.replace(/\/+$/, "")}/${workspace.container}/${folder.replace(/\/+$/, "")}`;
  return ensure(id, { codeUri });
}

/** Registers a container image as an environment; gives its ARM id. Does nothing when it is there. */
export async function ensureEnvironment(workspace: Workspace, name: string, image: string): Promise<string> {
  const id = `${workspace.id}/environments/${name}/versions/${sha256(image).slice(0, 12)}`;
  return ensure(id, { image, osType: "Linux" });
}

async function ensure(id: string, properties: Readonly<Record<string, unknown>>): Promise<string> {
  try {
    await armGet(id, ML_API_VERSION);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await armPut(id, ML_API_VERSION, { properties });
  }
  return id;
}

/** Submits a job. */
export async function submitJob(workspace: Workspace, job: CommandJob): Promise<void> {
  const folders = (paths: Readonly<Record<string, string>>, describe: (uri: string) => object) =>
    Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, describe(datastoreUri(workspace, path))]));
  await armPut(`${workspace.id}/jobs/${job.name}`, ML_API_VERSION, {
    properties: {
      jobType: "Command",
      experimentName: job.experiment,
      displayName: job.name,
      command: job.command,
      computeId: `${workspace.id}/computes/${job.compute}`,
      environmentId: job.environmentId,
      codeId: job.codeId,
      inputs: folders(job.inputs, (uri) => ({ jobInputType: "uri_folder", uri, mode: "ReadOnlyMount" })),
      outputs: folders(job.outputs, (uri) => ({ jobOutputType: "uri_folder", uri, mode: "ReadWriteMount" })),
      environmentVariables: { ...job.environmentVariables },
    },
  });
}

/** Statuses that a job does not leave. */
const FINAL = ["Completed", "Failed", "Canceled"];

/** Statuses before a node has the job. */
const WAITING = ["NotStarted", "Queued", "Preparing", "Provisioning", "Starting"];

/** What a job reports while it is followed. */
export type JobListener = {
  /** A status that differs from the last. */
  readonly onStatus?: (status: string) => void;
  /** How the cluster stands, in words, whenever it has changed while the job waits for a node. */
  readonly onCluster?: (state: string) => void;
  /** A line of its log. */
  readonly onLog?: (line: string) => void;
};

export type JobEnd = { readonly status: string; readonly error?: string };

/**
 * Follows a job to its end, passing on its log as it grows.
 *
 * @param timeoutMs Most time for queue and run together. @default 24 hours
 */
export async function followJob(
  workspace: Workspace,
  name: string,
  listener: JobListener = {},
  timeoutMs = 86_400_000,
): Promise<JobEnd> {
  const log = await openLog(workspace, name);
  const deadline = Date.now() + timeoutMs;
  let last = "";
  let cluster = "";
  let pause = 250;
  for (;;) {
    type Job = { properties?: { status?: string; computeId?: string; error?: { message?: string } } };
    const { properties } = await armGet<Job>(`${workspace.id}/jobs/${name}`, ML_API_VERSION);
    const status = properties?.status ?? "Unknown";
    if (status !== last) listener.onStatus?.(status);
    last = status;
    if (listener.onCluster && WAITING.includes(status) && properties?.computeId !== undefined) {
      const now = await describeCluster(properties.computeId);
      if (now !== undefined && now !== cluster) listener.onCluster(now);
      cluster = now ?? cluster;
    }
    const ended = FINAL.includes(status);
    for (const line of await log(ended)) listener.onLog?.(line);
    const error = properties?.error?.message;
    if (ended) return { status, ...(error !== undefined && { error }) };
    if (Date.now() > deadline)
      throw new DeliveryError("surroundings", `job ${name} is still ${status} after ${timeoutMs / 1000} s`);
    await delay(pause);
    pause = Math.min(pause * 1.3, 5000);
  }
}

/** Nodes of a cluster in words, and why it cannot have more; undefined where that cannot be read: it is only told. */
async function describeCluster(id: string): Promise<string | undefined> {
  type Cluster = {
    properties?: {
      properties?: {
        currentNodeCount?: number;
        targetNodeCount?: number;
        nodeStateCounts?: { runningNodeCount?: number; idleNodeCount?: number };
        errors?: { error?: { message?: string } }[] | null;
        scaleSettings?: { maxNodeCount?: number };
      };
    };
  };
  const { properties } = await armGet<Cluster>(id, ML_API_VERSION).catch((): Cluster => ({}));
  const cluster = properties?.properties;
  if (cluster?.currentNodeCount === undefined) return undefined;
  const {
    currentNodeCount: up,
    targetNodeCount: wanted = up,
    nodeStateCounts: states,
    scaleSettings,
    errors,
  } = cluster;
  const problems = (errors ?? []).flatMap(({ error }) => error?.message ?? []);
  return [
    `${up} of at most ${scaleSettings?.maxNodeCount ?? "?"} nodes up, ${wanted} wanted, ${states?.runningNodeCount ?? 0} at work`,
    ...problems,
  ].join("; ");
}

/** Asks Azure to stop a job. */
export async function cancelJob(workspace: Workspace, name: string): Promise<void> {
  await armPost(`${workspace.id}/jobs/${name}/cancel`, ML_API_VERSION);
}

/** Gives, at each call, the complete lines that were added to a job's log; with `rest`, the unfinished last one too. */
async function openLog(workspace: Workspace, name: string): Promise<(rest: boolean) => Promise<string[]>> {
  if (!/^[\w-]+$/.test(name)) throw inputError(`job name \`${name}\` may hold letters, digits, \`-\` and \`_\``);
  const container = await openContainer(workspace.blobUrl, "azureml");
  let offset = 0;
  let held = Buffer.alloc(0);
  return async (rest) => {
    const added = await readFrom(container, `ExperimentRun/dcid.${name}/user_logs/std_log.txt`, offset);
    offset += added.length;
    held = Buffer.concat([held, added]);
    const end = rest ? held.length : held.lastIndexOf(0x0a) + 1;
    const lines = held.subarray(0, end).toString("utf8").split("\n");
    held = held.subarray(end);
    return lines.filter((line) => line !== "");
  };
}
