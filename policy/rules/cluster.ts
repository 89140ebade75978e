import { type Rule, unless } from "../rule.ts";

const COMPUTE = "azure-native:machinelearningservices:Compute";

export const clusterAuthentication: Rule = {
  name: "cluster-authentication",
  description: "Nobody signs in to a node with a password or a key of its own.",
  remedy: "Set disableLocalAuth to true and remoteLoginPortPublicAccess to Disabled.",
  check(resource) {
    if (resource.type !== COMPUTE) return [];
    const local = resource.get("properties.disableLocalAuth");
    const login = resource.get("properties.properties.remoteLoginPortPublicAccess");
    return [
      ...unless(local, local === true, "properties.disableLocalAuth must be true"),
      ...unless(login, login === "Disabled", "properties.properties.remoteLoginPortPublicAccess must be Disabled"),
    ];
  },
};

const LONGEST_IDLE_MINUTES = 120;

/** Minutes of a duration as Azure writes this one, `PT10M` or `PT2H`; NaN where it is written otherwise. */
function minutesOf(duration: unknown): number {
  const [, amount, unit] = /^PT(\d{1,6})([MH])$/.exec(String(duration)) ?? [];
  return Number(amount) * (unit === "H" ? 60 : 1);
}

export const clusterIdleNodes: Rule = {
  name: "cluster-idle-nodes",
  description: "A cluster without work costs nothing: no node is kept, and an idle one goes within two hours.",
  remedy: "Set ml-delivery:cluster.minNodes to 0 and idleMinutes to 120 or less, or write a waiver.",
  check(resource) {
    if (resource.type !== COMPUTE || resource.get("properties.computeType") !== "AmlCompute") return [];
    const scale = "properties.properties.scaleSettings";
    const least = resource.get(`${scale}.minNodeCount`);
    const idle = resource.get(`${scale}.nodeIdleTimeBeforeScaleDown`);
    return [
      ...unless(least, least === 0, `${scale}.minNodeCount must be 0`),
      ...unless(
        idle,
        minutesOf(idle) <= LONGEST_IDLE_MINUTES,
        `${scale}.nodeIdleTimeBeforeScaleDown must be PT2H or less`,
      ),
    ];
  },
};
