import { appendFile, mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type Child, plainEnvironment, startChild } from "../../child.ts";
import { type Arm, propertiesOf, withProperties } from "../arm.ts";
import { durationMs } from "../duration.ts";
import { checked } from "../handlers/body.ts";
import { idKey, uuidOf } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { resolveBlobPath } from "./blob-paths.ts";
import { streamLog } from "./job-log.ts";
import { bindCommand, CommandJob, type JobBindings } from "./job-spec.ts";
import { download, upload } from "./transfer.ts";
import { ARTIFACT_CONTAINER, workspaceOf, workspaceStorage } from "./workspaces.ts";

const OVER = new Set(["Completed", "Failed", "Canceled"]);
const TOUCH_EVERY_MS = 5000;
const CANCEL_GRACE_MS = 5000;

/** What is known of jobs under way, by emulator. */
interface Run {
  canceled: boolean;
  child: Child | undefined;
  readonly over: Promise<void>;
}

const runs = new WeakMap<Arm, Map<string, Run>>();

/** A job's status, in the API's words. */
export function statusOf(job: Stored): string {
  return String(propertiesOf(job)["status"]);
}

/** Whether a job has come to its end. */
export function isOver(job: Stored): boolean {
  return OVER.has(statusOf(job));
}

/** Ends a job's command and resolves once the job is over. Nothing happens where it is not running. */
export async function cancelRun(arm: Arm, job: Stored): Promise<void> {
  const run = runsOf(arm).get(idKey(job.id));
  if (run === undefined) return;
  run.canceled = true;
  await run.child?.stop(CANCEL_GRACE_MS);
  await run.over;
}

/** Records a job's end. `details` go to its `properties.properties`, and `details.error` to its `error` too. */
export async function endJob(
  arm: Arm,
  id: string,
  status: string,
  details: Readonly<Record<string, string>>,
): Promise<void> {
  const job = arm.store.get(id);
  // While the service stops nothing ends: the next start finds the job as it was, and says that it was interrupted.
  if (job === undefined || arm.stopping.aborted) return;
  const own = propertiesOf(job)["properties"];
  const properties = { ...(typeof own === "object" ? own : {}), ...details, EndTimeUtc: new Date().toISOString() };
  const error = details["error"] === undefined ? {} : { error: { code: "UserError", message: details["error"] } };
  await arm.store.put(withProperties(job, { status, properties, ...error }));
}

/** Runs a job on a node from inputs to outputs, and records how it ended. */
export async function runJob(arm: Arm, id: string): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const run: Run = { canceled: false, child: undefined, over };
  runsOf(arm).set(idKey(id), run);
  const touching = setInterval(arm.context.touch, TOUCH_EVERY_MS);
  try {
    const exitCode = await perform(arm, id, run);
    if (run.canceled) await endJob(arm, id, "Canceled", {});
    else if (exitCode === 0) await endJob(arm, id, "Completed", { exitCode: "0" });
    else
      await endJob(arm, id, "Failed", {
        exitCode: String(exitCode),
        error: `The command ended with exit code ${exitCode}. Its log says why: user_logs/std_log.txt.`,
      });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await endJob(arm, id, run.canceled ? "Canceled" : "Failed", run.canceled ? {} : { error: message });
  } finally {
    clearInterval(touching);
    runsOf(arm).delete(idKey(id));
    resolve();
  }
}

async function perform(arm: Arm, id: string, run: Run): Promise<number> {
  const stored = arm.store.get(id);
  if (stored === undefined) throw new Error(`There is no job '${id}'.`);
  const { provisioningState: _, ...properties } = propertiesOf(stored);
  const job = checked(CommandJob, properties, "properties");
  const workspace = workspaceOf(arm, id);
  const folder = join(arm.context.folder, "jobs", uuidOf("job", id));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const logs = arm.blobs(workspaceStorage(arm, workspace)).getContainerClient(ARTIFACT_CONTAINER);
  const logFile = join(folder, "std_log.txt");
  const log = await streamLog(
    logFile,
    logs.getAppendBlobClient(`ExperimentRun/dcid.${stored.name}/user_logs/std_log.txt`),
  );
  try {
    await progress(arm, id, "Starting", run);
    const bindings = await bind(arm, workspace, job, folder);
    await progress(arm, id, "Running", run);
    const exitCode = await execute(
      arm,
      stored,
      job,
      { folder, logFile, command: bindCommand(job.command, bindings) },
      run,
    );
    if (exitCode !== 0 || run.canceled) return exitCode;
    await progress(arm, id, "Finalizing", run);
    for (const [name, output] of Object.entries(job.outputs ?? {})) {
      const target = resolveBlobPath(arm, workspace, output.uri ?? "");
      await upload(bindings.outputs[name] ?? "", target);
    }
    return exitCode;
  } catch (error) {
    await appendFile(logFile, `${error instanceof Error ? error.message : String(error)}\n`);
    throw error;
  } finally {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function bind(arm: Arm, workspace: Stored, job: CommandJob, folder: string): Promise<JobBindings> {
  const inputs: Record<string, string> = {};
  for (const [name, input] of Object.entries(job.inputs ?? {})) {
    if (input.jobInputType === "literal") {
      inputs[name] = input.value;
      continue;
    }
    const target = join(folder, "inputs", name);
    const source = resolveBlobPath(arm, workspace, input.uri);
    await download(source, target);
    inputs[name] = input.jobInputType === "uri_file" ? join(target, source.path.split("/").at(-1) ?? "") : target;
  }
  const outputs: Record<string, string> = {};
  for (const name of Object.keys(job.outputs ?? {})) {
    outputs[name] = join(folder, "outputs", name);
    await mkdir(outputs[name], { recursive: true });
  }
  const code = join(folder, "code");
  if (typeof job.codeId === "string") {
    const uri = String(propertiesOf(codeById(arm, job.codeId))["codeUri"]);
    await download(resolveBlobPath(arm, workspace, uri), code);
  } else await mkdir(code);
  // What the container image would hold.
  await symlink(join(arm.context.root, "node_modules"), join(code, "node_modules"), "dir").catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
  return { inputs, outputs };
}

function codeById(arm: Arm, id: string): Stored {
  const code = arm.store.get(id);
  if (code === undefined) throw new Error(`The code version '${id}' does not exist any more.`);
  return code;
}

interface Execution {
  readonly folder: string;
  readonly logFile: string;
  readonly command: string;
}

async function execute(
  arm: Arm,
  stored: Stored,
  job: CommandJob,
  { folder, logFile, command }: Execution,
  run: Run,
): Promise<number> {
  const plain = plainEnvironment();
  const own = Object.fromEntries(
    Object.entries(job.environmentVariables ?? {}).map(([name, value]) => [name, value ?? ""]),
  );
  const child = await startChild({
    command: "bash",
    args: ["-c", command],
    cwd: join(folder, "code"),
    env: {
      ...plain,
      ...own,
      PATH: `${join(arm.context.root, "node_modules", ".bin")}:${plain["PATH"] ?? ""}`,
      AZUREML_RUN_ID: stored.name,
      AZUREML_EXPERIMENT_NAME: job.experimentName,
    },
    logFile,
  });
  run.child = child;
  const limit = job.limits?.timeout;
  const limitMs = typeof limit === "string" ? durationMs(limit) : undefined;
  let timedOut = false;
  const timer =
    limitMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          void child.stop(CANCEL_GRACE_MS);
        }, limitMs);
  const stop = () => void child.stop(CANCEL_GRACE_MS);
  arm.stopping.addEventListener("abort", stop, { once: true });
  if (run.canceled || arm.stopping.aborted) stop();
  const exitCode = await child.exited;
  clearTimeout(timer);
  arm.stopping.removeEventListener("abort", stop);
  if (timedOut) throw new Error(`The job took longer than its limit ${limit}.`);
  return exitCode;
}

async function progress(arm: Arm, id: string, status: string, run: Run): Promise<void> {
  const job = arm.store.get(id);
  if (run.canceled || job === undefined || arm.stopping.aborted) throw new Error("The job was canceled.");
  const own = propertiesOf(job)["properties"];
  const started = status === "Running" ? { StartTimeUtc: new Date().toISOString() } : {};
  await arm.store.put(
    withProperties(job, { status, properties: { ...(typeof own === "object" ? own : {}), ...started } }),
  );
}

function runsOf(arm: Arm): Map<string, Run> {
  const known = runs.get(arm);
  if (known !== undefined) return known;
  const made = new Map<string, Run>();
  runs.set(arm, made);
  return made;
}

/** Resolves once no job is under way. */
export async function runsSettled(arm: Arm): Promise<void> {
  await Promise.all([...runsOf(arm).values()].map(({ over }) => over));
}
