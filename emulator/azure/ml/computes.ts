import { z } from "zod";
import { type Arm, propertiesOf, type ResourceType } from "../arm.ts";
import { durationMs } from "../duration.ts";
import { badArgument } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { idKey } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { type Cluster, createCluster, type ScaleSettings } from "./cluster.ts";
import { cancelRun, endJob, runJob } from "./job-run.ts";
import { isolationOf, workspaceOf } from "./workspaces.ts";

const JOBS = "Microsoft.MachineLearningServices/workspaces/jobs";

const Duration = z
  .string()
  .refine((text) => durationMs(text) !== undefined, { error: "an ISO 8601 duration such as PT120S is allowed" });

// The emulator keeps these of AmlCompute; the rest of the schema is refused by name.
const AmlCompute = z.strictObject({
  vmSize: z.string(),
  vmPriority: z.enum(["Dedicated", "LowPriority"]).default("Dedicated"),
  osType: z.enum(["Linux", "Windows"]).default("Linux"),
  scaleSettings: z
    .strictObject({
      minNodeCount: z.int().min(0).default(0),
      maxNodeCount: z.int().min(0).max(100),
      nodeIdleTimeBeforeScaleDown: Duration.default("PT120S"),
    })
    .refine(({ minNodeCount, maxNodeCount }) => minNodeCount <= maxNodeCount, {
      error: "minNodeCount must not be above maxNodeCount",
    }),
  remoteLoginPortPublicAccess: z.enum(["Enabled", "Disabled", "NotSpecified"]).default("NotSpecified"),
  enableNodePublicIp: z.boolean().default(true),
  isolatedNetwork: z.boolean().optional(),
  subnet: z.strictObject({ id: z.string() }).nullish(),
  userAccountCredentials: z.looseObject({ adminUserName: z.string() }).nullish(),
  virtualMachineImage: z.strictObject({ id: z.string() }).nullish(),
  propertyBag: z.record(z.string(), z.unknown()).nullish(),
});

const Properties = z.looseObject({
  computeType: z.literal("AmlCompute", { error: "the emulator offers 'AmlCompute' only" }),
  properties: AmlCompute,
  description: z.string().nullish(),
  computeLocation: z.string().optional(),
  disableLocalAuth: z.boolean().default(false),
});

/** GPU and CPU clusters that jobs run on. */
export const computes: ResourceType = {
  type: "Microsoft.MachineLearningServices/workspaces/computes",
  place: "group",
  located: true,
  complete: (arm, draft, previous) => {
    if (!/^[A-Za-z][A-Za-z0-9-]{1,23}$/.test(draft.name) || draft.name.endsWith("-")) {
      throw badArgument(
        `The compute name '${draft.name}' is invalid: 2 to 24 letters, digits and hyphens are allowed, with a letter first and no hyphen last.`,
      );
    }
    const properties = checked(Properties, draft.fields["properties"] ?? {}, "properties");
    const was = previous === undefined ? undefined : amlCompute(previous);
    if (was !== undefined && was.vmSize !== properties.properties.vmSize) {
      throw badArgument(
        `The VM size of compute '${draft.name}' is '${was.vmSize}' and cannot change to '${properties.properties.vmSize}'. Delete the compute and create it again.`,
      );
    }
    const { enableNodePublicIp, subnet } = properties.properties;
    if (!enableNodePublicIp && !subnet && isolationOf(workspaceOf(arm, draft.id)) === "Disabled") {
      throw badArgument(
        `Compute '${draft.name}' has 'enableNodePublicIp' false, and neither a subnet nor a workspace with a managed network. Give it one of them.`,
      );
    }
    const now = new Date().toISOString();
    const createdOn = previous === undefined ? now : propertiesOf(previous)["createdOn"];
    const added = {
      computeLocation: draft.location,
      createdOn,
      modifiedOn: now,
      isAttachedCompute: false,
      provisioningErrors: null,
    };
    return { ...draft, fields: { ...draft.fields, properties: { ...properties, ...added } } };
  },
  apply: async (arm, compute) => openCluster(arm, compute),
  removed: async (arm, compute) => {
    const waiting = arm.clusters.get(idKey(compute.id))?.close() ?? [];
    arm.clusters.delete(idKey(compute.id));
    for (const job of waiting) await endJob(arm, job, "Canceled", {});
    for (const job of arm.store.list(JOBS, workspaceOf(arm, compute.id).id)) {
      if (idKey(String(propertiesOf(job)["computeId"])) === idKey(compute.id)) await cancelRun(arm, job);
    }
  },
  resume: async (arm, compute) => openCluster(arm, compute),
  live: (arm, compute) => {
    const nodes = arm.clusters.get(idKey(compute.id))?.nodes() ?? [];
    const count = (state: string) => nodes.filter(({ nodeState }) => nodeState === state).length;
    const preparing = count("preparing");
    const own = propertiesOf(compute)["properties"];
    return {
      properties: {
        ...(typeof own === "object" ? own : {}),
        currentNodeCount: nodes.length - preparing,
        targetNodeCount: nodes.length,
        allocationState: preparing > 0 ? "Resizing" : "Steady",
        nodeStateCounts: {
          idleNodeCount: count("idle"),
          runningNodeCount: count("running"),
          preparingNodeCount: preparing,
          unusableNodeCount: 0,
          leavingNodeCount: 0,
          preemptedNodeCount: 0,
        },
        errors: null,
      },
    };
  },
  actions: {
    listNodes: (arm, compute) => ({ status: 200, body: { nodes: arm.clusters.get(idKey(compute.id))?.nodes() ?? [] } }),
  },
};

/** The cluster behind a compute's ARM id. @throws BadArgument where there is none. */
export function clusterById(arm: Arm, id: string): Cluster {
  const cluster = arm.clusters.get(idKey(id));
  if (cluster === undefined) throw badArgument(`There is no compute '${id}' that jobs can run on.`);
  return cluster;
}

function openCluster(arm: Arm, compute: Stored): void {
  const known = arm.clusters.get(idKey(compute.id));
  const settings = scaleSettings(compute);
  if (known !== undefined) known.resize(settings);
  else
    arm.clusters.set(
      idKey(compute.id),
      createCluster({ settings, startMs: arm.nodeStartMs, run: (jobId) => runJob(arm, jobId) }),
    );
}

function scaleSettings(compute: Stored): ScaleSettings {
  const { minNodeCount, maxNodeCount, nodeIdleTimeBeforeScaleDown } = amlCompute(compute).scaleSettings;
  return { minNodeCount, maxNodeCount, idleMs: durationMs(nodeIdleTimeBeforeScaleDown) ?? 120_000 };
}

function amlCompute(compute: Stored): z.infer<typeof AmlCompute> {
  return checked(Properties, propertiesOf(compute), "properties").properties;
}
