import { type ArmOptions, armGet, armPut, isNotFound } from "./azure.ts";
import { type Problem, type Report, whole } from "./shape.ts";

/** Percent of an endpoint's requests by deployment name. */
export type Shares = Readonly<Record<string, number>>;

/** The resource that holds an endpoint's traffic, as the engine calls its type. */
export const TRAFFIC_TYPE = "pulumi-nodejs:dynamic/traffic:EndpointTraffic";

/** The API version that traffic is read and written with: the one the Azure provider of this project speaks. */
const apiVersion = "2025-12-01";

/**
 * What is wrong with the traffic of an endpoint that has `deployments`. Azure ML's rules: whole numbers from 0 to 100
 * that add up to 100, for deployments that exist; a copy of at most 50 % to one deployment that has no live share.
 */
export function checkTraffic(traffic: unknown, mirror: unknown, deployments: readonly string[], key = ""): Problem[] {
  const problems: Problem[] = [];
  const report = (problem: Problem) => problems.push(problem);
  const live = shares(traffic, `${key}traffic`, 100, deployments, report);
  const copied = shares(mirror, `${key}mirror`, 50, deployments, report);
  if (problems.length > 0) return problems; // a sum of bad numbers says nothing

  const sum = Object.values(live).reduce((total, share) => total + share, 0);
  if (sum !== 100 && !(sum === 0 && deployments.length === 0)) {
    problems.push({
      key: `${key}traffic`,
      got: live,
      allowed: "whole numbers that add up to exactly 100",
      remedy: `they add up to ${sum}: ${sum < 100 ? `add ${100 - sum}` : `take away ${sum - 100}`}`,
    });
  }
  const mirrored = Object.keys(copied).filter((name) => Number(copied[name]) > 0);
  if (mirrored.length > 1) {
    report({ key: `${key}mirror`, got: copied, allowed: "one deployment", remedy: "keep one of them" });
  }
  for (const name of mirrored.filter((name) => Number(live[name]) > 0)) {
    const allowed = "a deployment without live traffic";
    report({ key: `${key}mirror.${name}`, got: copied[name], allowed, remedy: `remove it, or traffic.${name}` });
  }
  return problems;
}

function shares(value: unknown, key: string, most: number, deployments: readonly string[], report: Report): Shares {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    report({ key, got: value, allowed: "percent by deployment", remedy: "write { name: percent }, {} for none" });
    return {};
  }
  const share = whole(0, most);
  for (const [name, percent] of Object.entries(value)) {
    share(percent, `${key}.${name}`, report);
    if (!deployments.includes(name)) {
      const allowed =
        deployments.length > 0
          ? `a configured deployment (${deployments.join(", ")})`
          : "nothing: no deployment is configured";
      report({
        key: `${key}.${name}`,
        got: percent,
        allowed,
        remedy: `add ${name} to the deployments or remove it here`,
      });
    }
  }
  return value as Shares;
}

/** `shares` with every one of `deployments` in it, so that a difference reads `blue: 90 => 75`. */
export function spelledOut(shares: Shares, deployments: readonly string[]): Shares {
  return Object.fromEntries(deployments.map((name) => [name, shares[name] ?? 0]));
}

/** The traffic of an endpoint. */
export interface Traffic {
  readonly traffic: Shares;
  readonly mirror: Shares;
}

/** An online endpoint, as far as a change of its traffic has to know it. */
interface OnlineEndpoint {
  readonly location: string;
  readonly tags?: unknown;
  readonly kind?: unknown;
  readonly sku?: unknown;
  readonly identity?: {
    readonly type: string;
    readonly userAssignedIdentities?: Readonly<Record<string, unknown>>;
  } | null;
  readonly properties: Readonly<Record<string, unknown>> & {
    readonly traffic?: Shares;
    readonly mirrorTraffic?: Shares;
  };
}

/** The traffic that the endpoint `id` (an ARM id) has now, zeros left out; nothing where the endpoint is gone. */
export async function readTraffic(id: string, options?: ArmOptions): Promise<Traffic | undefined> {
  try {
    const { properties } = await armGet<OnlineEndpoint>(id, apiVersion, options);
    return { traffic: withoutZeros(properties.traffic), mirror: withoutZeros(properties.mirrorTraffic) };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Sets the traffic of the endpoint `id` and waits until Azure has applied it. Azure takes traffic by PUT of the whole
 * endpoint only, and drops what a PUT leaves out: so the endpoint is read, and written back with this one change.
 */
export async function writeTraffic(id: string, { traffic, mirror }: Traffic, options?: ArmOptions): Promise<void> {
  const { location, tags, kind, sku, identity, properties } = await armGet<OnlineEndpoint>(id, apiVersion, options);
  const { scoringUri, swaggerUri, provisioningState, ...settings } = properties; // Azure's to say, not ours to send
  const body = {
    location,
    ...(tags ? { tags } : {}),
    ...(kind ? { kind } : {}),
    ...(sku ? { sku } : {}),
    ...(identity ? { identity: identityToSend(identity) } : {}),
    properties: { ...settings, traffic: withoutZeros(traffic), mirrorTraffic: withoutZeros(mirror) },
  };
  await armPut(id, apiVersion, body, options);
}

/** Takes all traffic off the endpoint `id`. An endpoint that is gone has none. */
export async function clearTraffic(id: string, options?: ArmOptions): Promise<void> {
  if (await readTraffic(id, options)) await writeTraffic(id, { traffic: {}, mirror: {} }, options);
}

/** Azure refuses the ids of identities that it made up itself. */
function identityToSend({ type, userAssignedIdentities }: NonNullable<OnlineEndpoint["identity"]>) {
  if (!userAssignedIdentities) return { type };
  const ids = Object.fromEntries(Object.keys(userAssignedIdentities).map((id) => [id, {}]));
  return { type, userAssignedIdentities: ids };
}

/** `shares` without those of 0, which say the same as none. */
export function withoutZeros(shares: Shares | null | undefined): Shares {
  return Object.fromEntries(Object.entries(shares ?? {}).filter(([, share]) => share !== 0));
}
