import type { ResourceType } from "../arm.ts";
import { assetContainers, codeVersions, environmentVersions, modelVersions } from "../ml/assets.ts";
import { computes } from "../ml/computes.ts";
import { datastores } from "../ml/datastores.ts";
import { jobs } from "../ml/jobs.ts";
import { onlineDeployments } from "../ml/online-deployments.ts";
import { onlineEndpoints } from "../ml/online-endpoints.ts";
import { workspaces } from "../ml/workspaces.ts";
import { monitoringTypes } from "./monitoring.ts";
import { platformTypes } from "./platform.ts";

const TYPES: readonly ResourceType[] = [
  ...platformTypes,
  ...monitoringTypes,
  workspaces,
  computes,
  datastores,
  ...assetContainers,
  codeVersions,
  environmentVersions,
  modelVersions,
  jobs,
  // Deployments first: an endpoint is taken up at start with the processes its deployments then have.
  onlineDeployments,
  onlineEndpoints,
];

const BY_NAME = new Map(TYPES.map((type) => [type.type.toLowerCase(), type]));
const NAMESPACES = new Set(TYPES.map(({ type }) => namespaceOf(type)));

/** Every type the emulator offers, in the order in which they are taken up at start. */
export const resourceTypes = TYPES;

/** The type by its name, in any casing. */
export function findType(type: string): ResourceType | undefined {
  return BY_NAME.get(type.toLowerCase());
}

/** Whether any type of the namespace is offered. */
export function isKnownNamespace(namespace: string): boolean {
  return NAMESPACES.has(namespace.toLowerCase());
}

function namespaceOf(type: string): string {
  return (type.split("/")[0] ?? "").toLowerCase();
}
