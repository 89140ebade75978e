import { z } from "zod";
import { propertiesOf, type ResourceType, withProperties } from "../arm.ts";
import { AzureError, armErrors } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { uuidOf } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { TENANT_ID } from "../tokens.ts";
import { accessTypes } from "./access.ts";
import { autoscaleSettings } from "./autoscale.ts";
import { diagnosticSettings } from "./diagnostics.ts";
import { networkTypes } from "./network.ts";
import { storageTypes } from "./storage.ts";
import { vaultTypes } from "./vaults.ts";

const resourceGroups: ResourceType = {
  type: "Microsoft.Resources/resourceGroups",
  place: "subscription",
  located: true,
  leavesSlowly: true,
};

const logWorkspaces: ResourceType = {
  type: "Microsoft.OperationalInsights/workspaces",
  place: "group",
  located: true,
  complete: (_, draft) => withProperties(draft, { customerId: uuidOf("log analytics", draft.id) }),
  actions: {
    sharedKeys: (_, resource) => ({
      status: 200,
      body: {
        primarySharedKey: derivedKey("primary", resource),
        secondarySharedKey: derivedKey("secondary", resource),
      },
    }),
  },
};

const insights: ResourceType = {
  type: "Microsoft.Insights/components",
  place: "group",
  located: true,
  complete: (_, draft) => {
    const key = uuidOf("instrumentation key", draft.id);
    const ingestion = `https://${draft.location ?? "global"}.in.applicationinsights.azure.com/`;
    return withProperties(draft, {
      ApplicationId: draft.name,
      AppId: uuidOf("application id", draft.id),
      InstrumentationKey: key,
      ConnectionString: `InstrumentationKey=${key};IngestionEndpoint=${ingestion}`,
      TenantId: TENANT_ID,
    });
  },
};

const RegistrySku = z.looseObject({ name: z.enum(["Basic", "Standard", "Premium"]) });

const registries: ResourceType = {
  type: "Microsoft.ContainerRegistry/registries",
  place: "group",
  located: true,
  complete: (_, draft) => {
    if (!/^[A-Za-z0-9]{5,50}$/.test(draft.name)) {
      throw armErrors.invalidContent(
        `The registry name '${draft.name}' is invalid: 5 to 50 letters and digits are allowed.`,
      );
    }
    const { name: sku } = checked(RegistrySku, draft.fields["sku"] ?? {}, "sku");
    const { publicNetworkAccess } = propertiesOf(draft);
    if (publicNetworkAccess === "Disabled" && sku !== "Premium") {
      throw new AzureError(
        400,
        "FeatureNotSupported",
        `publicNetworkAccess 'Disabled' is supported by registries of SKU Premium; '${draft.name}' is ${sku}.`,
      );
    }
    return withProperties(draft, { loginServer: `${draft.name.toLowerCase()}.azurecr.io` });
  },
  actions: {
    listCredentials: (_, registry) => {
      if (propertiesOf(registry)["adminUserEnabled"] !== true) {
        throw new AzureError(
          400,
          "UnAuthorizedForCredentialOperations",
          `The admin user of registry '${registry.name}' is disabled.`,
        );
      }
      const passwords = ["password", "password2"].map((name) => ({ name, value: derivedKey(name, registry) }));
      return { status: 200, body: { username: registry.name, passwords } };
    },
  },
};

const isolated = (type: string, more: Partial<ResourceType> = {}): ResourceType => ({ type, place: "group", ...more });

/** Types outside Azure ML. The plain ones are kept as they are sent. */
export const platformTypes: readonly ResourceType[] = [
  resourceGroups,
  ...storageTypes,
  ...vaultTypes,
  logWorkspaces,
  insights,
  registries,
  ...accessTypes,
  isolated("Microsoft.Authorization/locks", { place: "extension" }),
  diagnosticSettings,
  autoscaleSettings,
  ...networkTypes,
];

/** A key that follows from the resource: nothing depends on its secrecy. */
function derivedKey(purpose: string, resource: Stored): string {
  return Buffer.from(uuidOf(purpose, resource.id).repeat(2)).toString("base64");
}
