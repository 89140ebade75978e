import type { DeploymentRoute, EndpointRoute } from "./front-door.ts";

/** Who answers a request, and who gets a copy of it. */
export type Choice =
  | { readonly kind: "chosen"; readonly deployment: DeploymentRoute; readonly mirror: DeploymentRoute | undefined }
  | { readonly kind: "refused"; readonly message: string };

/**
 * Chooses the deployment for one request: by name where the caller names one, else by the traffic's weights.
 *
 * A named request is never mirrored (documentation of Azure ML's safe rollout).
 *
 * @param random draws from [0, 1).
 */
export function chooseDeployment(route: EndpointRoute, named: string | undefined, random: () => number): Choice {
  if (named !== undefined) {
    const deployment = route.deployments.find(({ name }) => name === named);
    if (deployment !== undefined) return { kind: "chosen", deployment, mirror: undefined };
    return { kind: "refused", message: `There is no deployment named '${named}' at this endpoint.` };
  }
  const live = draw(route, route.traffic, 100, random);
  if (live === undefined) {
    return { kind: "refused", message: "No deployment of this endpoint has traffic." };
  }
  return { kind: "chosen", deployment: live, mirror: draw(route, route.mirror, 100, random) };
}

// Weights are percent of all requests: what they leave of `total` is nobody's.
function draw(
  route: EndpointRoute,
  weights: Readonly<Record<string, number>>,
  total: number,
  random: () => number,
): DeploymentRoute | undefined {
  const entries = Object.entries(weights).filter(([, weight]) => weight > 0);
  if (entries.length === 0) return undefined;
  let left = random() * total;
  for (const [name, weight] of entries) {
    left -= weight;
    if (left < 0) return route.deployments.find((deployment) => deployment.name === name);
  }
  return undefined;
}
