import { join } from "node:path";
import { z } from "zod";
import { readJsonFile } from "../../atomic-file.ts";
import { type Arm, type ArmReply, type ArmRequest, propertiesOf } from "../arm.ts";
import { armErrors } from "../errors.ts";
import { idKey } from "../resource-id.ts";
import type { Stored } from "../store.ts";

/** The type that asks for cores in use and allowed, below a location. */
export const USAGES_TYPE = "Microsoft.MachineLearningServices/locations/usages";

const WORKSPACES = "Microsoft.MachineLearningServices/workspaces";

/**
 * Cores that the emulated subscription may have, by family. CPUs have what a paying subscription begins with; the GPUs
 * are those that its owner has asked for, and the others have none, as in Azure.
 */
const LIMITS: Readonly<Record<string, number>> = {
  "Standard DSv2 Family": 100,
  "Standard DSv3 Family": 100,
  "Standard DASv4 Family": 100,
  "Standard DASv5 Family": 100,
  "Standard FSv2 Family": 100,
  "Standard NCSv3 Family": 24,
  "Standard NCASv3_T4 Family": 16,
  "Standard NCADSA100v4 Family": 0,
  "Standard NCADSH100v5 Family": 0,
  "Standard NVADSA10v5 Family": 0,
};
const ALL_LIMIT = 350;

/** Names of sizes; the group is the number of cores. */
const FAMILIES: readonly [RegExp, string][] = [
  [/^Standard_D(\d+)s_v3$/i, "Standard DSv3 Family"],
  [/^Standard_D(\d+)as_v4$/i, "Standard DASv4 Family"],
  [/^Standard_D(\d+)as_v5$/i, "Standard DASv5 Family"],
  [/^Standard_F(\d+)s_v2$/i, "Standard FSv2 Family"],
  [/^Standard_NC(\d+)r?s_v3$/i, "Standard NCSv3 Family"],
  [/^Standard_NC(\d+)as_T4_v3$/i, "Standard NCASv3_T4 Family"],
  [/^Standard_NC(\d+)ads_A100_v4$/i, "Standard NCADSA100v4 Family"],
  [/^Standard_NC(\d+)adi?s_H100_v5$/i, "Standard NCADSH100v5 Family"],
  [/^Standard_NV(\d+)adm?s_A10_v5$/i, "Standard NVADSA10v5 Family"],
];

const Quotas = z.record(z.string(), z.int().min(0));

/**
 * `GET …/locations/{location}/usages`: for each family, the cores of nodes that are up and of deployments' instances, and
 * the limit. `quotas.json` in the emulator's home sets other limits, by family.
 */
export async function readUsages(arm: Arm, { id, method }: ArmRequest): Promise<ArmReply> {
  if (method !== "GET") throw armErrors.methodNotAllowed(method, id.path);
  const asked = await readJsonFile(join(arm.context.folder, "..", "quotas.json"));
  const limits = { ...LIMITS, ...Quotas.parse(asked ?? {}) };
  const location = id.names[0]?.toLowerCase() ?? "";
  const used = coresInUse(arm, `/subscriptions/${id.subscription}`, location);
  const all = [...used.values()].reduce((sum, cores) => sum + cores, 0);
  const row = (name: string, kind: string, currentValue: number, limit: number) => ({
    id: `/subscriptions/${id.subscription}/providers/Microsoft.MachineLearningServices/locations/${location}/${kind}/usages`,
    type: `Microsoft.MachineLearningServices/${kind}/usages`,
    name: { value: name, localizedValue: name },
    amlWorkspaceLocation: location,
    unit: "Count",
    currentValue,
    limit,
  });
  const families = Object.entries(limits).map(([family, limit]) =>
    row(`${family} Cluster Dedicated vCPUs`, "dedicatedCores", used.get(family) ?? 0, limit),
  );
  return {
    status: 200,
    body: { value: [row("Total Cluster Dedicated Regional vCPUs", "totalCores", all, ALL_LIMIT), ...families] },
  };
}

function coresInUse(arm: Arm, subscription: string, location: string): ReadonlyMap<string, number> {
  const used = new Map<string, number>();
  const add = (size: string, machines: number) => {
    const [pattern, family] = FAMILIES.find(([sizes]) => sizes.test(size)) ?? [];
    const cores = Number(pattern?.exec(size)?.[1] ?? 0);
    if (family !== undefined) used.set(family, (used.get(family) ?? 0) + machines * cores);
  };
  const here = (type: string) => arm.store.list(type, subscription).filter((one) => one.location === location);
  for (const compute of here(`${WORKSPACES}/computes`)) {
    add(vmSizeOf(compute), arm.clusters.get(idKey(compute.id))?.nodes().length ?? 0);
  }
  for (const deployment of here(`${WORKSPACES}/onlineEndpoints/deployments`)) {
    const sku = deployment.fields["sku"] as { readonly capacity?: number } | undefined;
    // With the fifth that Azure keeps for upgrades.
    add(String(propertiesOf(deployment)["instanceType"]), Math.ceil(((sku?.capacity ?? 1) * 12) / 10));
  }
  return used;
}

function vmSizeOf(compute: Stored): string {
  const own = propertiesOf(compute)["properties"] as { readonly vmSize?: string } | undefined;
  return own?.vmSize ?? "";
}
