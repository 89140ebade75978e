import type { Capacity } from "../capacity.ts";
import { coresForInstances, vmSize } from "../vm-sizes.ts";
import type { Findings } from "./findings.ts";

/** A deployment as Azure has it now: its cores are part of what is in use. */
export interface Deployed {
  readonly instanceType: string;
  readonly instances: number;
}

/** A row of Azure ML's usages: cores of a family, in use and allowed. */
export interface CoreUsage {
  readonly name: string;
  readonly current: number;
  readonly limit: number;
}

/**
 * Whether the subscription's quota for Azure ML carries what the config asks for. An endpoint's instances need it at
 * once, so too little is a refusal; a cluster grows as jobs come, so it is one only where not one node fits. A family
 * whose quota was never asked for has none: that of every GPU.
 */
export function checkQuota(demand: Capacity, usages: readonly CoreUsage[], deployed: readonly Deployed[]): Findings {
  const found = { refusals: [] as string[], warnings: [] as string[] };
  checkEndpoint(demand, usages, deployed, found);
  checkCluster(demand, usages, found);
  return found;
}

interface Found {
  readonly refusals: string[];
  readonly warnings: string[];
}

function checkEndpoint(
  { location, endpoint }: Capacity,
  usages: readonly CoreUsage[],
  deployed: readonly Deployed[],
  found: Found,
): void {
  const wanted = Object.values(endpoint.deployments).map(({ instances, instanceType = endpoint.instanceType }) => ({
    instanceType,
    instances: Math.max(instances, endpoint.autoscale?.min ?? 0),
  }));
  for (const size of new Set(wanted.map(({ instanceType }) => instanceType))) {
    if (vmSize(size) === undefined) found.warnings.push(unknownSize(size));
  }
  const [needed, own] = [coresByFamily(wanted), coresByFamily(deployed)];
  for (const [family, cores] of needed) {
    const usage = usageOf(family, usages, location, found);
    if (usage === undefined) continue;
    // Azure does not say whether what it counts as used includes the spare fifth: so counted, nobody is refused in error.
    const others = Math.max(0, usage.current - (own.get(family) ?? 0));
    const left = usage.limit - others;
    if (cores <= left) continue;
    found.refusals.push(
      `the endpoint's deployments need ${cores} cores of ${family} in ${location}, the fifth that Azure keeps spare ` +
        `included; ${left} of ${usage.limit} are left. ${remedy(family, cores + others)}`,
    );
  }
}

function checkCluster({ location, cluster }: Capacity, usages: readonly CoreUsage[], found: Found): void {
  const size = vmSize(cluster.vmSize);
  if (size === undefined) {
    found.warnings.push(unknownSize(cluster.vmSize));
    return;
  }
  const usage = usageOf(size.family, usages, location, found);
  if (usage === undefined) return;
  const [fewest, most] = [Math.max(1, cluster.minNodes) * size.cores, cluster.maxNodes * size.cores];
  const has = `the quota of ${size.family} in ${location} is ${usage.limit} cores`;
  if (usage.limit < fewest) {
    found.refusals.push(
      `the cluster needs ${fewest} cores for ${Math.max(1, cluster.minNodes)} of ${cluster.vmSize}; ${has}. ` +
        remedy(size.family, most),
    );
  } else if (usage.limit < most) {
    found.warnings.push(
      `the cluster may have ${cluster.maxNodes} nodes of ${cluster.vmSize}, which need ${most} cores; ${has}: jobs will ` +
        `wait. ${remedy(size.family, most)}`,
    );
  }
}

function coresByFamily(deployments: readonly Deployed[]): ReadonlyMap<string, number> {
  const cores = new Map<string, number>();
  for (const { instanceType, instances } of deployments) {
    const size = vmSize(instanceType);
    if (size === undefined) continue;
    cores.set(size.family, (cores.get(size.family) ?? 0) + coresForInstances(size, instances));
  }
  return cores;
}

function usageOf(family: string, usages: readonly CoreUsage[], location: string, found: Found): CoreUsage | undefined {
  const usage = usages.find(({ name }) => plain(name) === plain(family));
  if (usage === undefined) found.warnings.push(`Azure names no quota of ${family} in ${location}: it was not checked`);
  return usage;
}

/** Azure writes a family as `Standard DASv4 Family Cluster Dedicated vCPUs` or `standardDASv4Family`. */
function plain(name: string): string {
  return name
    .replace(/cluster dedicated vcpus/i, "")
    .replaceAll(/[^a-z0-9]/gi, "")
    .toLowerCase();
}

const unknownSize = (size: string) =>
  `the cores of ${size} are not known here, so its quota was not checked; add its series to delivery/vm-sizes.ts`;

const remedy = (family: string, cores: number) =>
  `Ask for ${cores} (https://ml.azure.com/quota, ${family}), or configure fewer or other machines.`;
