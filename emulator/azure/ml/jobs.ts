import { type Arm, propertiesOf, type ResourceType, withProperties } from "../arm.ts";
import { AzureError, badArgument } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { imageEntry } from "../images.ts";
import type { Stored } from "../store.ts";
import { codeVersions, environmentById } from "./assets.ts";
import { resolveBlobPath } from "./blob-paths.ts";
import { clusterById } from "./computes.ts";
import { cancelRun, endJob, isOver, statusOf } from "./job-run.ts";
import { bindCommand, CommandJob } from "./job-spec.ts";
import { workspaceOf } from "./workspaces.ts";

/** Command jobs. They really run, on the emulated nodes of a cluster. */
export const jobs: ResourceType = {
  type: "Microsoft.MachineLearningServices/workspaces/jobs",
  place: "group",
  complete: async (arm, draft, previous) => {
    if (previous !== undefined)
      throw new AzureError(
        409,
        "Conflict",
        `A job named '${draft.name}' exists. Choose another name: a job runs once.`,
      );
    const job = checked(CommandJob, draft.fields["properties"] ?? {}, "properties");
    clusterById(arm, job.computeId);
    imageEntry(await arm.images(), environmentById(arm, job.environmentId).image);
    if (typeof job.codeId === "string" && arm.store.get(job.codeId)?.type !== codeVersions.type) {
      throw badArgument(`There is no code version '${job.codeId}'.`);
    }
    const outputs = Object.fromEntries(
      Object.entries(job.outputs ?? {}).map(([name, output]) => [
        name,
        {
          ...output,
          uri: output.uri ?? `azureml://datastores/workspaceblobstore/paths/azureml/${draft.name}/${name}/`,
        },
      ]),
    );
    checkAddresses(arm, draft, { ...job, outputs });
    const names = (group: object | null | undefined) =>
      Object.fromEntries(Object.keys(group ?? {}).map((name) => [name, ""]));
    try {
      bindCommand(job.command, { inputs: names(job.inputs), outputs: names(outputs) });
    } catch (error) {
      throw badArgument(error instanceof Error ? error.message : String(error));
    }
    const { provisioningState: _, ...properties } = { provisioningState: undefined, ...job };
    return {
      ...draft,
      fields: { properties: { ...properties, outputs, status: "Queued", properties: { ...job.properties } } },
    };
  },
  stored: async (arm, job) => clusterById(arm, String(propertiesOf(job)["computeId"])).submit(job.id),
  leave: (_, job) => {
    if (!isOver(job)) throw new AzureError(409, "Conflict", `Job '${job.name}' is ${statusOf(job)}. Cancel it first.`);
  },
  removed: async (arm, job) => cancelRun(arm, job),
  resume: async (arm, job) => {
    if (isOver(job)) return;
    const cluster = String(propertiesOf(job)["computeId"]);
    if (statusOf(job) === "Queued") clusterById(arm, cluster).submit(job.id);
    else
      await endJob(arm, job.id, "Failed", {
        error: "interrupted: the emulator ended while the job was running. Submit it again.",
      });
  },
  actions: {
    cancel: async (arm, job) => {
      if (isOver(job)) return { status: 200 };
      if (clusterById(arm, String(propertiesOf(job)["computeId"])).withdraw(job.id))
        await endJob(arm, job.id, "Canceled", {});
      else {
        await arm.store.put(withProperties(job, { status: "CancelRequested" }));
        await cancelRun(arm, job);
      }
      return { status: 200 };
    },
  },
};

function checkAddresses(arm: Arm, draft: Stored, job: CommandJob): void {
  const workspace = workspaceOf(arm, draft.id);
  for (const input of Object.values(job.inputs ?? {})) {
    if (input.jobInputType !== "literal") resolveBlobPath(arm, workspace, input.uri);
  }
  for (const { uri } of Object.values(job.outputs ?? {})) {
    if (typeof uri === "string") resolveBlobPath(arm, workspace, uri);
  }
}
