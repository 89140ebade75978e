import type { Provider } from "../provider.ts";
import type { Surroundings } from "../surroundings.ts";
import { text } from "../values.ts";
import { createArmClient } from "./arm-client.ts";
import { azureFunctions } from "./functions.ts";
import { type AzureSurroundings, azureResource } from "./resource.ts";
import { azureKinds } from "./table.ts";

/** The provider `azure-native`, in front of the Azure Resource Manager that the surroundings name. */
export function azureNativeProvider(surroundings: Surroundings): Provider {
  const arm = surroundings.once("Azure Resource Manager", () =>
    createArmClient({
      endpoint: surroundings.need("AZURE_RESOURCE_MANAGER_ENDPOINT"),
      ca: surroundings.certificate,
      identityEndpoint: surroundings.need("IDENTITY_ENDPOINT"),
      identityHeader: surroundings.need("IDENTITY_HEADER"),
    }),
  );
  const azure: AzureSurroundings = {
    arm,
    subscriptionId: ({ session }) =>
      text(session.settings, "subscriptionId") ?? surroundings.need("ARM_SUBSCRIPTION_ID"),
  };
  return {
    name: "azure-native",
    version: surroundings.version("azure-native"),
    settings: ["location", "subscriptionId", "tenantId", "useMsi", "useOidc", "environment"],
    resources: new Map(Object.entries(azureKinds).map(([token, kind]) => [token, azureResource(kind, azure)])),
    functions: azureFunctions(azure),
  };
}
