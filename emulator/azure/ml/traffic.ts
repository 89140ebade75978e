/** What traffic and mirror traffic must satisfy. */
export interface TrafficRequest {
  readonly traffic: Readonly<Record<string, number>>;
  readonly mirrorTraffic: Readonly<Record<string, number>>;
  /** The deployments there are at the endpoint. */
  readonly deployments: readonly string[];
}

const LARGEST_MIRROR = 50;

/**
 * Why Azure ML refuses a traffic split, or undefined where it is fine.
 *
 * Source of the rules: YAML schema of managed online endpoints, and the guide to safe rollout.
 */
export function trafficProblem({ traffic, mirrorTraffic, deployments }: TrafficRequest): string | undefined {
  return (
    weightProblem("traffic", traffic, deployments) ??
    weightProblem("mirrorTraffic", mirrorTraffic, deployments) ??
    sumProblem(traffic) ??
    mirrorProblem(traffic, mirrorTraffic)
  );
}

function weightProblem(
  field: string,
  weights: Readonly<Record<string, number>>,
  deployments: readonly string[],
): string | undefined {
  for (const [name, weight] of Object.entries(weights)) {
    if (!Number.isInteger(weight) || weight < 0 || weight > 100) {
      return `${field} of deployment '${name}' is ${weight}: an integer from 0 to 100 is allowed.`;
    }
    if (!deployments.includes(name)) {
      return `${field} names deployment '${name}', which does not exist. There is ${deployments.join(", ") || "none"}. Create the deployment first.`;
    }
  }
  return undefined;
}

function sumProblem(traffic: Readonly<Record<string, number>>): string | undefined {
  const sum = Object.values(traffic).reduce((total, weight) => total + weight, 0);
  return sum === 0 || sum === 100 ? undefined : `The sum of traffic is ${sum}: it must be 0 or 100.`;
}

function mirrorProblem(
  traffic: Readonly<Record<string, number>>,
  mirrorTraffic: Readonly<Record<string, number>>,
): string | undefined {
  const mirrored = Object.entries(mirrorTraffic).filter(([, weight]) => weight > 0);
  const [first, second] = mirrored;
  if (first === undefined) return undefined;
  if (second !== undefined)
    return `mirrorTraffic goes to ${mirrored.map(([name]) => `'${name}'`).join(" and ")}: one deployment is allowed.`;
  const [name, weight] = first;
  if (weight > LARGEST_MIRROR)
    return `mirrorTraffic of deployment '${name}' is ${weight}: at most ${LARGEST_MIRROR} is allowed.`;
  if ((traffic[name] ?? 0) > 0)
    return `Deployment '${name}' has traffic and mirrorTraffic: a deployment takes one or the other.`;
  return undefined;
}
