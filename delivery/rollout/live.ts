import { setTimeout as delay } from "node:timers/promises";
import { armGet, armPost, isNotFound } from "../azure.ts";
import { DeliveryError, inputError } from "../errors.ts";
import { probeDeployment } from "../probe.ts";
import { authorize } from "../scoring.ts";
import { stackOutputs } from "../stack.ts";
import { type Shares, type Traffic, withoutZeros } from "../traffic.ts";
import { ML_API_VERSION, workspaceId } from "../workspace.ts";
import { describeShares, sameShares } from "./shares.ts";

/** The endpoint as Azure has it now. */
export type LiveEndpoint = Traffic & {
  /** ARM id. */
  readonly id: string;
  readonly authMode: string;
  /** Where pictures are posted. */
  readonly scoringUri: string;
  /** False while Azure is at work on it. */
  readonly settled: boolean;
};

/** The endpoint's ARM id from what its stack says of itself; undefined for a stack that was never brought up. */
export async function endpointIdOf(stack: {
  readonly name: string;
  readonly folder: string;
}): Promise<string | undefined> {
  const { endpointName, resourceGroup, workspace } = await stackOutputs({ name: stack.name, cwd: stack.folder });
  if (typeof endpointName !== "string" || typeof resourceGroup !== "string" || typeof workspace !== "string") {
    return undefined;
  }
  return endpointId({ resourceGroup, workspace, endpoint: endpointName });
}

/** Where an endpoint is. */
export type EndpointAddress = {
  /** @default - `ARM_SUBSCRIPTION_ID`, as the provider has it, else `AZURE_SUBSCRIPTION_ID` */
  readonly subscription?: string;
  readonly resourceGroup: string;
  readonly workspace: string;
  readonly endpoint: string;
};

/** The ARM id of an endpoint. */
export function endpointId({ subscription, endpoint, ...workspace }: EndpointAddress): string {
  const known = subscription || process.env["ARM_SUBSCRIPTION_ID"] || process.env["AZURE_SUBSCRIPTION_ID"];
  if (!known) throw inputError("the Azure subscription is not known; set `ARM_SUBSCRIPTION_ID`");
  return `${workspaceId({ subscription: known, ...workspace })}/onlineEndpoints/${encodeURIComponent(endpoint)}`;
}

/** Reads the endpoint; undefined where there is none. */
export async function readLive(id: string): Promise<LiveEndpoint | undefined> {
  type Endpoint = {
    properties: {
      traffic?: Shares;
      mirrorTraffic?: Shares;
      authMode?: string;
      scoringUri?: string;
      provisioningState?: string;
    };
  };
  try {
    const { properties } = await armGet<Endpoint>(id, ML_API_VERSION);
    return {
      id,
      traffic: withoutZeros(properties.traffic),
      mirror: withoutZeros(properties.mirrorTraffic),
      authMode: properties.authMode ?? "",
      scoringUri: properties.scoringUri ?? "",
      settled: ["Succeeded", "Failed", "Canceled"].includes(properties.provisioningState ?? ""),
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Reads the endpoint once nothing moves any more: Azure is not at work on it, and two looks see the same. Who killed an
 * update has not ended what it had already asked for.
 *
 * @throws DeliveryError where Azure is still at work after `limitMs`.
 */
export async function readSettled(
  id: string,
  { everyMs = 1_000, limitMs = 10 * 60_000 } = {},
): Promise<LiveEndpoint | undefined> {
  const giveUpAt = performance.now() + limitMs;
  let before: LiveEndpoint | undefined;
  for (;;) {
    const live = await readLive(id);
    if (live === undefined) return undefined;
    if (live.settled && before?.settled && driftOf(live, before) === undefined) return live;
    if (performance.now() > giveUpAt) throw new DeliveryError("surroundings", `Azure is still at work on ${id}`);
    before = live;
    await delay(everyMs);
  }
}

/** How Azure's traffic differs from what it should be, in words; undefined where it does not. */
export function driftOf(
  live: Traffic,
  expected: { readonly traffic: Shares; readonly mirror?: Shares },
): string | undefined {
  if (!sameShares(live.traffic, expected.traffic)) {
    return `the stack file says ${describeShares(expected.traffic)}; Azure has ${describeShares(live.traffic)}`;
  }
  if (sameShares(live.mirror, expected.mirror ?? {})) return undefined;
  return `the stack file copies to ${describeShares(expected.mirror ?? {})}; Azure to ${describeShares(live.mirror)}`;
}

/**
 * Makes sure that a deployment can take all traffic: Azure has it and finished it, and it answers a picture.
 *
 * @throws DeliveryError `refused` with what is wrong with it.
 */
export async function requireHealthy(live: LiveEndpoint, deployment: string): Promise<void> {
  const state = await provisioningState(live.id, deployment);
  if (state !== "Succeeded") {
    throw new DeliveryError("refused", `\`${deployment}\` ${state === undefined ? "is not in Azure" : `is ${state}`}`);
  }
  const key = live.authMode === "Key" ? await primaryKey(live.id) : undefined;
  const { verdict, problems } = await probeDeployment(live.scoringUri, deployment, authorize(key), { timeoutMs: 5000 });
  if (verdict === "pass") return;
  throw new DeliveryError("refused", `\`${deployment}\` does not answer as it should: ${problems.join("; ")}`);
}

/** The deployments that Azure has, with what it says of each: `Succeeded`, `Failed`, … */
export async function deploymentsOf(id: string): Promise<ReadonlyMap<string, string>> {
  type List = { value: { name: string; properties?: { provisioningState?: string } }[]; nextLink?: string };
  const { value, nextLink } = await armGet<List>(`${id}/deployments`, ML_API_VERSION);
  if (nextLink) throw new DeliveryError("surroundings", `\`${id}\` has more deployments than one page lists`);
  return new Map(value.map(({ name, properties }) => [name, properties?.provisioningState ?? "in no known state"]));
}

async function provisioningState(id: string, deployment: string): Promise<string | undefined> {
  type Deployment = { properties?: { provisioningState?: string } };
  try {
    const found = await armGet<Deployment>(`${id}/deployments/${encodeURIComponent(deployment)}`, ML_API_VERSION);
    return found.properties?.provisioningState ?? "in no known state";
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function primaryKey(id: string): Promise<string | undefined> {
  return (await armPost<{ primaryKey?: string }>(`${id}/listKeys`, ML_API_VERSION)).primaryKey;
}
