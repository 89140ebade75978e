import type { DeploymentRoute, EndpointAuth, EndpointRoute } from "../../serving/front-door.ts";
import { type Arm, propertiesOf } from "../arm.ts";
import { durationMs } from "../duration.ts";
import { idKey } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { environmentById } from "./assets.ts";
import { DataCollector } from "./data-collector.ts";

/** Azure's default where a deployment does not set `requestSettings.requestTimeout`. */
const DEFAULT_TIMEOUT_MS = 5000;
/** The path of an endpoint whose deployments do not say where they take requests. */
const DEFAULT_SCORING_PATH = "/score";

const DEPLOYMENT_TYPE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments";
const ports = new WeakMap<Arm, Map<string, number>>();

/** The deployments of an endpoint. */
export function deploymentsOf(arm: Arm, endpointId: string): readonly Stored[] {
  return arm.store.list(DEPLOYMENT_TYPE, endpointId);
}

/** Where clients send scoring requests. The port stands for the endpoint's host name in Azure. */
export function scoringUriOf(arm: Arm, endpoint: Stored): string {
  const port = portsOf(arm).get(idKey(endpoint.id));
  return `http://127.0.0.1:${port ?? 0}${scoringPathOf(arm, endpoint)}`;
}

/** Makes the front door route an endpoint as it stands in the store. */
export async function routeEndpoint(arm: Arm, endpointId: string): Promise<void> {
  const endpoint = arm.store.get(endpointId);
  if (endpoint === undefined) return;
  const port = await arm.serving.endpointPort(endpoint.location ?? "", endpoint.name.toLowerCase());
  portsOf(arm).set(idKey(endpointId), port);
  await arm.serving.route(routeOf(arm, endpoint, port));
}

function routeOf(arm: Arm, endpoint: Stored, port: number): EndpointRoute {
  const { traffic, mirrorTraffic } = propertiesOf(endpoint);
  return {
    id: endpoint.id,
    port,
    scoringPath: scoringPathOf(arm, endpoint),
    auth: authOf(endpoint),
    traffic: weights(traffic),
    mirror: weights(mirrorTraffic),
    deployments: deploymentsOf(arm, endpoint.id).flatMap((deployment) => {
      const targets = arm.scoring.get(idKey(deployment.id))?.processes.targets() ?? [];
      return targets.length === 0 ? [] : [deploymentRoute(arm, deployment, targets)];
    }),
  };
}

function deploymentRoute(arm: Arm, deployment: Stored, targets: readonly number[]): DeploymentRoute {
  const { requestTimeout, maxConcurrentRequestsPerInstance } = requestSettingsOf(deployment);
  return {
    name: deployment.name,
    targets,
    scoringPath: deploymentPath(arm, deployment) ?? DEFAULT_SCORING_PATH,
    timeoutMs: (typeof requestTimeout === "string" ? durationMs(requestTimeout) : undefined) ?? DEFAULT_TIMEOUT_MS,
    // Azure's platform takes twice what the deployment says it can do at once, and answers 429 above.
    collected: collectedShareOf(deployment),
    maxInFlight:
      2 *
      (typeof maxConcurrentRequestsPerInstance === "number" ? maxConcurrentRequestsPerInstance : 1) *
      capacityOf(deployment),
  };
}

function collectedShareOf(deployment: Stored): number {
  const { response } = DataCollector.safeParse(propertiesOf(deployment)["dataCollector"]).data?.collections ?? {};
  return response?.dataCollectionMode === "Enabled" ? response.samplingRate : 0;
}

/** A deployment's instance count. */
export function capacityOf(deployment: Stored): number {
  const sku = deployment.fields["sku"];
  const capacity = typeof sku === "object" && sku !== null && "capacity" in sku ? sku.capacity : undefined;
  return typeof capacity === "number" ? capacity : 1;
}

// The path of the deployment with most traffic: an endpoint has one scoring URI for all.
function scoringPathOf(arm: Arm, endpoint: Stored): string {
  const traffic = weights(propertiesOf(endpoint)["traffic"]);
  const byTraffic = deploymentsOf(arm, endpoint.id).toSorted(
    (left, right) => (traffic[right.name] ?? 0) - (traffic[left.name] ?? 0),
  );
  return byTraffic.map((each) => deploymentPath(arm, each)).find((path) => path !== undefined) ?? DEFAULT_SCORING_PATH;
}

function deploymentPath(arm: Arm, deployment: Stored): string | undefined {
  const environment = arm.store.get(String(propertiesOf(deployment)["environmentId"]));
  return environment === undefined
    ? undefined
    : environmentById(arm, environment.id).inferenceConfig?.scoringRoute?.path;
}

function requestSettingsOf(deployment: Stored): Readonly<Record<string, unknown>> {
  const settings = propertiesOf(deployment)["requestSettings"];
  return typeof settings === "object" && settings !== null ? { ...settings } : {};
}

function authOf(endpoint: Stored): EndpointAuth {
  const mode = propertiesOf(endpoint)["authMode"];
  if (mode === "AMLToken" || mode === "AADToken") return { mode };
  return { mode: "Key", keys: [String(endpoint.hidden["primaryKey"]), String(endpoint.hidden["secondaryKey"])] };
}

function weights(value: unknown): Record<string, number> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

function portsOf(arm: Arm): Map<string, number> {
  const known = ports.get(arm);
  if (known !== undefined) return known;
  const made = new Map<string, number>();
  ports.set(arm, made);
  return made;
}
