import { randomBytes } from "node:crypto";
import { z } from "zod";
import { ENDPOINT_CLAIM } from "../../serving/authorize.ts";
import { type Arm, propertiesOf, type ResourceType, withHidden } from "../arm.ts";
import { AzureError, badArgument } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { parseResourceId } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { issueToken, ML_AUDIENCE } from "../tokens.ts";
import { checkOnlineName } from "./names.ts";
import { deploymentsOf, routeEndpoint, scoringUriOf } from "./routing.ts";
import { trafficProblem } from "./traffic.ts";

const Texts = z.record(z.string(), z.string().nullable());
const Weights = z.record(z.string(), z.number());

const Properties = z.strictObject({
  authMode: z.enum(["Key", "AMLToken", "AADToken"]),
  description: z.string().nullish(),
  properties: Texts.nullish(),
  keys: z.strictObject({ primaryKey: z.string().nullish(), secondaryKey: z.string().nullish() }).nullish(),
  traffic: Weights.nullish(),
  mirrorTraffic: Weights.nullish(),
  publicNetworkAccess: z.enum(["Enabled", "Disabled"]).nullish(),
  // Read-only: clients that read, change and write send them back.
  scoringUri: z.string().nullish(),
  swaggerUri: z.string().nullish(),
  provisioningState: z.string().nullish(),
});

/** Managed online endpoints. */
export const onlineEndpoints: ResourceType = {
  type: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
  place: "group",
  located: true,
  patchable: ["tags", "identity"],
  complete: (arm, draft, previous) => {
    checkOnlineName("endpoint", draft.name);
    if (previous === undefined) checkNameIsFree(arm, draft);
    const asked = checked(Properties, draft.fields["properties"] ?? {}, "properties");
    const traffic = asked.traffic ?? {};
    const mirrorTraffic = asked.mirrorTraffic ?? {};
    const weighted = Object.keys({ ...traffic, ...mirrorTraffic }).length > 0;
    if (previous === undefined && weighted) {
      throw badArgument(
        `The request sets traffic at the creation of endpoint '${draft.name}'. Its deployments must exist first: create the endpoint without traffic, then the deployments, then set traffic.`,
      );
    }
    checkTraffic(arm, draft, traffic, mirrorTraffic);
    const { keys: _, scoringUri: __, swaggerUri: ___, traffic: ____, mirrorTraffic: _____, ...kept } = asked;
    const properties = { publicNetworkAccess: "Enabled", ...kept, traffic, mirrorTraffic };
    return withHidden({ ...draft, fields: { ...draft.fields, properties } }, endpointKeys(asked.keys, previous));
  },
  apply: (arm, endpoint) => routeEndpoint(arm, endpoint.id),
  resume: async (arm, endpoint) => {
    await routeEndpoint(arm, endpoint.id);
  },
  removed: (arm, endpoint) => arm.serving.unroute(endpoint.id),
  live: (arm, endpoint) => {
    const scoringUri = scoringUriOf(arm, endpoint);
    return { scoringUri, swaggerUri: new URL("/swagger.json", scoringUri).href };
  },
  actions: {
    listKeys: (_, endpoint) => {
      requireMode(endpoint, "Key");
      return {
        status: 200,
        body: { primaryKey: endpoint.hidden["primaryKey"], secondaryKey: endpoint.hidden["secondaryKey"] },
      };
    },
    token: (arm, endpoint) => {
      requireMode(endpoint, "AMLToken");
      const { token, expiresOn } = issueToken(arm.keys, ML_AUDIENCE, { [ENDPOINT_CLAIM]: endpoint.id.toLowerCase() });
      return {
        status: 200,
        body: {
          accessToken: token,
          tokenType: "Bearer",
          expiryTimeUtc: expiresOn,
          refreshAfterTimeUtc: expiresOn - 600,
        },
      };
    },
    regenerateKeys: async (arm, endpoint, { body }) => {
      requireMode(endpoint, "Key");
      const { keyType, keyValue } = checked(
        z.strictObject({ keyType: z.enum(["Primary", "Secondary"]), keyValue: z.string().nullish() }),
        body,
        "body",
      );
      await arm.store.put(
        withHidden(endpoint, { [keyType === "Primary" ? "primaryKey" : "secondaryKey"]: keyValue ?? newKey() }),
      );
      await routeEndpoint(arm, endpoint.id);
      return { status: 200 };
    },
  },
};

function endpointKeys(
  asked: z.infer<typeof Properties>["keys"],
  previous: Stored | undefined,
): Record<string, unknown> {
  return {
    primaryKey: asked?.primaryKey ?? previous?.hidden["primaryKey"] ?? newKey(),
    secondaryKey: asked?.secondaryKey ?? previous?.hidden["secondaryKey"] ?? newKey(),
  };
}

function newKey(): string {
  return randomBytes(32).toString("base64url");
}

function requireMode(endpoint: Stored, mode: string): void {
  const own = propertiesOf(endpoint)["authMode"];
  if (own !== mode)
    throw badArgument(`Endpoint '${endpoint.name}' has authMode '${String(own)}'; this operation needs '${mode}'.`);
}

function checkNameIsFree(arm: Arm, draft: Stored): void {
  const subscription = `/subscriptions/${parseResourceId(draft.id)?.subscription ?? ""}`;
  const taken = arm.store
    .list(onlineEndpoints.type, subscription)
    .find(({ name, location }) => name.toLowerCase() === draft.name.toLowerCase() && location === draft.location);
  if (taken === undefined) return;
  throw new AzureError(
    409,
    "Conflict",
    `There is already an endpoint with the name '${draft.name}' in region '${draft.location}'. Names are unique in a region: choose another.`,
  );
}

function checkTraffic(
  arm: Arm,
  draft: Stored,
  traffic: Record<string, number>,
  mirrorTraffic: Record<string, number>,
): void {
  const deployments = deploymentsOf(arm, draft.id);
  const problem = trafficProblem({ traffic, mirrorTraffic, deployments: deployments.map(({ name }) => name) });
  if (problem !== undefined) throw badArgument(`Endpoint '${draft.name}': ${problem}`);
  for (const { name, fields } of deployments) {
    const weight = (traffic[name] ?? 0) + (mirrorTraffic[name] ?? 0);
    const state = propertiesOf({ fields } as Stored)["provisioningState"];
    if (weight > 0 && (state === "Creating" || state === "Failed" || state === "Deleting")) {
      throw new AzureError(
        409,
        "ResourceNotReady",
        `Deployment '${name}' is ${state} and cannot take traffic. Traffic can go to it once it is Succeeded.`,
      );
    }
  }
}
