import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { Project } from "../program/project.ts";

/** Makes this process part of the project's surroundings, so that `delivery/` can be called and not only run. */
export function enter({ env }: Project): void {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  // Node reads the variable when it starts.
  const certificates = readFileSync(env["NODE_EXTRA_CA_CERTS"] ?? "", "utf8");
  setDefaultCACertificates([...getCACertificates("default"), certificates]);
}

const workspace = "Microsoft.MachineLearningServices/workspaces/mlw-plant-phenotyping-production";

/** The production stack's resource group, as an ARM id. */
export const groupId = () =>
  `/subscriptions/${process.env["ARM_SUBSCRIPTION_ID"]}/resourceGroups/rg-plant-phenotyping-production`;

/** The production endpoint, as an ARM id. */
export const endpointId = () => `${groupId()}/providers/${workspace}/onlineEndpoints/plant-classifier-prod`;
