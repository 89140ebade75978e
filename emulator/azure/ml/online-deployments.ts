import { z } from "zod";
import type { ScoringProcesses, ScoringSpec } from "../../serving/front-door.ts";
import { type Arm, propertiesOf, type ResourceType, withHidden, withProperties } from "../arm.ts";
import { durationMs } from "../duration.ts";
import { AzureError, armErrors, badArgument } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { imageEntry } from "../images.ts";
import { idKey, parentOf, parseResourceId } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { environmentById, localModel, modelById } from "./assets.ts";
import { DataCollector } from "./data-collector.ts";
import { checkOnlineName } from "./names.ts";
import { capacityOf, deploymentsOf, routeEndpoint } from "./routing.ts";

const LONGEST_TIMEOUT_MS = 180_000;
const MOST_DEPLOYMENTS = 20;
const MOST_INSTANCES = 50;
// Azure gives a container minutes; on this machine one that is not ready by then will not be.
const READY_WITHIN_MS = 60_000;

const Texts = z.record(z.string(), z.string().nullable());
const Duration = z
  .string()
  .refine((text) => durationMs(text) !== undefined, { error: "an ISO 8601 duration such as PT5S is allowed" });
const RequestTimeout = Duration.refine((text) => (durationMs(text) ?? 0) <= LONGEST_TIMEOUT_MS, {
  error: "at most PT180S is allowed",
});

const Probe = z.strictObject({
  failureThreshold: z.int().min(1).optional(),
  initialDelay: Duration.optional(),
  period: Duration.optional(),
  successThreshold: z.int().min(1).optional(),
  timeout: Duration.optional(),
});

const Properties = z.strictObject({
  endpointComputeType: z.literal("Managed", { error: "the emulator offers 'Managed' only" }),
  model: z.string().nullish(),
  environmentId: z.string({ error: "the emulator needs an environment with an image" }),
  instanceType: z.string().default("Standard_F4s_v2"),
  environmentVariables: Texts.nullish(),
  description: z.string().nullish(),
  properties: Texts.nullish(),
  appInsightsEnabled: z.boolean().nullish(),
  dataCollector: DataCollector.nullish(),
  egressPublicNetworkAccess: z.enum(["Enabled", "Disabled"]).nullish(),
  livenessProbe: Probe.nullish(),
  readinessProbe: Probe.nullish(),
  startupProbe: Probe.nullish(),
  modelMountPath: z.string().startsWith("/").nullish(),
  requestSettings: z
    .strictObject({
      maxConcurrentRequestsPerInstance: z.int().min(1).optional(),
      maxQueueWait: Duration.optional(),
      requestTimeout: RequestTimeout.optional(),
    })
    .nullish(),
  scaleSettings: z
    .strictObject({
      scaleType: z.literal("Default", {
        error: "managed deployments scale by Azure Monitor; 'Default' is allowed here",
      }),
    })
    .nullish(),
  provisioningState: z.string().nullish(),
});
type Properties = z.infer<typeof Properties>;

const Sku = z.looseObject({
  name: z.string().optional(),
  capacity: z
    .int()
    .min(1)
    .max(MOST_INSTANCES, { error: `at most ${MOST_INSTANCES} instances are allowed` }),
});

/** Deployments of managed online endpoints, each with scoring processes of its own. */
export const onlineDeployments: ResourceType = {
  type: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments",
  place: "group",
  located: true,
  patchable: ["tags", "sku"],
  complete: async (arm, draft, previous) => {
    checkOnlineName("deployment", draft.name);
    const properties = checked(Properties, draft.fields["properties"] ?? {}, "properties");
    const sku = checked(Sku, { name: "Default", capacity: 1, ...recordOf(draft.fields["sku"]) }, "sku");
    const endpoint = endpointOf(arm, draft);
    if (propertiesOf(endpoint)["provisioningState"] === "Deleting") throw armErrors.busy(endpoint.id);
    if (previous === undefined && deploymentsOf(arm, endpoint.id).length >= MOST_DEPLOYMENTS) {
      throw badArgument(
        `Endpoint '${endpoint.name}' has ${MOST_DEPLOYMENTS} deployments, the most there can be. Delete one first.`,
      );
    }
    const egress = previous === undefined ? undefined : propertiesOf(previous)["egressPublicNetworkAccess"];
    if (previous !== undefined && (egress ?? "Enabled") !== (properties.egressPublicNetworkAccess ?? "Enabled")) {
      throw badArgument(`'egressPublicNetworkAccess' of deployment '${draft.name}' cannot change after its creation.`);
    }
    if (typeof properties.model === "string") modelById(arm, properties.model);
    await scoringCommand(arm, properties);
    return { ...draft, fields: { ...draft.fields, sku, properties } };
  },
  apply: async (arm, deployment) => {
    const running = arm.scoring.get(idKey(deployment.id));
    if (running?.origin === originOf(deployment)) await scale(arm, deployment, running.processes);
    else await replace(arm, deployment, running?.processes);
    // What the next start brings up, should the next update fail.
    await arm.store.put(withHidden(arm.store.get(deployment.id) ?? deployment, { serving: deployment.fields }));
  },
  resume: async (arm, deployment) => {
    const { serving } = deployment.hidden;
    const fields = typeof serving === "object" && serving !== null ? { ...serving } : deployment.fields;
    const wasFailed = propertiesOf(deployment)["provisioningState"] === "Failed";
    if (wasFailed && serving === undefined) return;
    try {
      await start(arm, { ...deployment, fields });
    } catch (error) {
      arm.context.log(`${deployment.id} does not come up again: ${String(error)}`);
      await arm.store.put(withProperties(deployment, { provisioningState: "Failed" }));
    }
  },
  leave: (arm, deployment) => {
    const endpoint = endpointOf(arm, deployment);
    const { traffic, mirrorTraffic } = propertiesOf(endpoint);
    for (const [field, weights] of Object.entries({
      traffic: recordOf(traffic),
      mirrorTraffic: recordOf(mirrorTraffic),
    })) {
      const weight = weights[deployment.name];
      if (typeof weight !== "number" || weight === 0) continue;
      throw new AzureError(
        409,
        "Conflict",
        `Deployment '${deployment.name}' has ${weight} percent of the ${field} of endpoint '${endpoint.name}' and cannot be deleted. Set it to 0 first.`,
      );
    }
  },
  removed: async (arm, deployment) => {
    const running = arm.scoring.get(idKey(deployment.id))?.processes;
    // Without processes it has no place in the route, though it is still in the store.
    arm.scoring.delete(idKey(deployment.id));
    await routeEndpoint(arm, endpointIdOf(deployment));
    if (running !== undefined) await retire(arm, running, running.targets());
  },
  actions: {
    getLogs: async (arm, deployment, { body }) => {
      const { tail } = checked(z.looseObject({ tail: z.int().min(1).default(2000) }), body ?? {}, "body");
      return {
        status: 200,
        body: { content: (await arm.scoring.get(idKey(deployment.id))?.processes.logTail(tail)) ?? "" },
      };
    },
  },
};

// A rolling update: the new processes answer before the old ones are let go.
async function replace(arm: Arm, deployment: Stored, old: ScoringProcesses | undefined): Promise<void> {
  try {
    await start(arm, deployment);
  } catch (error) {
    throw new AzureError(400, "ContainerCrashed", error instanceof Error ? error.message : String(error));
  }
  await routeEndpoint(arm, endpointIdOf(deployment));
  if (old !== undefined) await retire(arm, old, old.targets());
}

async function scale(arm: Arm, deployment: Stored, running: ScoringProcesses): Promise<void> {
  const capacity = capacityOf(deployment);
  await running.growTo(capacity);
  const surplus = running.surplus(capacity);
  running.release(surplus);
  await routeEndpoint(arm, endpointIdOf(deployment));
  await retire(arm, running, surplus);
}

// Nothing goes to these processes any more; what is under way ends first.
async function retire(arm: Arm, processes: ScoringProcesses, targets: readonly number[]): Promise<void> {
  await arm.serving.drained(targets);
  await processes.end(targets);
}

async function start(arm: Arm, deployment: Stored): Promise<void> {
  const { provisioningState: _, ...rest } = propertiesOf(deployment);
  const properties = checked(Properties, rest, "properties");
  const model =
    typeof properties.model === "string" ? await localModel(arm, modelById(arm, properties.model)) : undefined;
  const variables = Object.fromEntries(
    Object.entries(properties.environmentVariables ?? {}).map(([name, value]) => [name, value ?? ""]),
  );
  const spec: ScoringSpec = {
    name: `${endpointOf(arm, deployment).name}-${deployment.name}`,
    command: await scoringCommand(arm, properties),
    env: { ...variables, ...(model === undefined ? {} : { AZUREML_MODEL_DIR: model }) },
    instances: capacityOf(deployment),
    readinessPath: environmentById(arm, properties.environmentId).inferenceConfig?.readinessRoute?.path ?? "/",
    readyWithinMs: READY_WITHIN_MS,
  };
  const processes = await arm.serving.startScoring(spec);
  arm.scoring.set(idKey(deployment.id), { processes, origin: originOf(deployment) });
}

async function scoringCommand(arm: Arm, properties: Properties): Promise<readonly string[]> {
  const { image } = environmentById(arm, properties.environmentId);
  const entry = imageEntry(await arm.images(), image);
  if (entry !== undefined && entry.command !== null) return entry.command;
  throw new AzureError(
    400,
    "BadArgument",
    `The image '${image}' serves nothing: images.json gives it no command. Use an image with a scoring server.`,
  );
}

// What a process is started from. Everything else changes without a new process.
function originOf(deployment: Stored): string {
  const { model, environmentId, instanceType, environmentVariables, modelMountPath } = propertiesOf(deployment);
  return JSON.stringify([model, environmentId, instanceType, environmentVariables, modelMountPath]);
}

function endpointIdOf(deployment: Stored): string {
  const id = parseResourceId(deployment.id);
  return id === undefined ? "" : parentOf(id);
}

function endpointOf(arm: Arm, deployment: Stored): Stored {
  const endpoint = arm.store.get(endpointIdOf(deployment));
  if (endpoint === undefined) throw badArgument(`Deployment '${deployment.name}' has no endpoint.`);
  return endpoint;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
