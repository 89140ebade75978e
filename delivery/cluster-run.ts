import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import type { ContainerClient } from "@azure/storage-blob";
import { sendMissing } from "./blobs.ts";
import { mapConcurrent } from "./concurrency.ts";
import { fingerprint, sha256OfFile } from "./digest.ts";
import { DeliveryError, inputError } from "./errors.ts";
import { cancelJob, ensureCode, followJob } from "./jobs.ts";
import { CONCURRENCY } from "./objects.ts";
import { fileSource } from "./source.ts";
import type { Workspace } from "./workspace.ts";

/** What every run on the cluster needs: code in the workspace's store, a name, and a job followed to its end. */

/** A job's name: what it does, when it was made, and something that no other has. */
export function newJobName(kind: string): string {
  return `${kind}-${new Date().toISOString().replace(/\D/g, "").slice(0, 14)}-${randomBytes(3).toString("hex")}`;
}

/** Sends files and folders of the current folder as a job's code, once for their content; gives its ARM id. */
export async function sendCode(
  workspace: Workspace,
  container: ContainerClient,
  name: string,
  paths: readonly string[],
): Promise<string> {
  const code = await collectCode(paths);
  const folder = `code/${code.digest}/`;
  await sendFolder(container, folder, ".", code.files);
  return ensureCode(workspace, name, code.digest, folder);
}

/** Sends local files that are not there yet; gives how many. */
async function sendFolder(
  container: ContainerClient,
  prefix: string,
  folder: string,
  names: readonly string[],
): Promise<number> {
  const files = names.map((name) => ({ name, source: () => fileSource(join(folder, name)) }));
  return sendMissing(container, prefix, files);
}

/**
 * Follows a job to its end, and stops it when `signal` fires.
 *
 * @throws DeliveryError of kind `surroundings`: it did not complete
 */
export async function finishJob(
  workspace: Workspace,
  name: string,
  compute: string,
  { say, signal }: { readonly say: (line: string) => void; readonly signal?: AbortSignal },
): Promise<void> {
  say(`job ${name} is submitted to ${compute}`);
  const stop = () =>
    void cancelJob(workspace, name).catch((error: unknown) => say(`could not cancel the job: ${String(error)}`));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const end = await followJob(workspace, name, {
      onStatus: (status) => say(`job ${name}: ${status}`),
      onCluster: (state) => say(`cluster ${compute}: ${state}`),
      onLog: say,
    });
    if (end.status === "Completed") return;
    const [kind = "job"] = name.split("-");
    throw new DeliveryError(
      "surroundings",
      `${kind} job ${name} ended as ${end.status}${end.error ? `: ${end.error}` : ""}`,
    );
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

async function collectCode(paths: readonly string[]): Promise<{ digest: string; files: string[] }> {
  const files: string[] = [];
  for (const path of paths) {
    const below = await filesBelow(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOTDIR") return undefined;
      throw inputError(`code \`${path}\` cannot be read: ${error.message}`);
    });
    files.push(...(below === undefined ? [path] : below.map((name) => `${path.replace(/\/+$/, "")}/${name}`)));
  }
  const digests = await mapConcurrent(files, CONCURRENCY, async (name) => ({
    name,
    sha256: (await sha256OfFile(name)).sha256,
  }));
  return { digest: fingerprint(digests).slice(0, 32), files };
}

/** Files below a folder, nothing hidden and no dependencies. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "/").length).split(sep).join("/"))
    .filter((name) => !name.split("/").some((part) => part.startsWith(".") || part === "node_modules"))
    .sort();
}
