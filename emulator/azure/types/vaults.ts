import { z } from "zod";
import { propertiesOf, type ResourceType, withProperties } from "../arm.ts";
import { AzureError } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { parseResourceId } from "../resource-id.ts";
import type { Stored } from "../store.ts";

const Properties = z.looseObject({
  enableSoftDelete: z.boolean().default(true),
  softDeleteRetentionInDays: z.int().min(7).max(90).default(90),
  // Azure knows no `false`: what is on stays on.
  enablePurgeProtection: z.literal(true, { error: "true, or nothing, is allowed: it cannot be undone" }).nullish(),
  enableRbacAuthorization: z.boolean().nullish(),
  publicNetworkAccess: z.enum(["enabled", "disabled", "Enabled", "Disabled"]).nullish(),
  networkAcls: z
    .looseObject({
      defaultAction: z.enum(["Allow", "Deny"]).optional(),
      bypass: z.enum(["AzureServices", "None"]).optional(),
    })
    .nullish(),
});

/** Key vaults. */
const vaults: ResourceType = {
  type: "Microsoft.KeyVault/vaults",
  place: "group",
  located: true,
  complete: (arm, draft, previous) => {
    const recovering = propertiesOf(draft)["createMode"] === "recover";
    if (previous === undefined && !recovering && arm.store.get(deletedVaultId(draft)) !== undefined) {
      throw new AzureError(
        409,
        "ConflictError",
        `A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault '${draft.name}'.`,
      );
    }
    const properties = checked(Properties, draft.fields["properties"] ?? {}, "properties");
    const was = previous === undefined ? undefined : propertiesOf(previous);
    if (was?.["enablePurgeProtection"] === true && properties.enablePurgeProtection !== true) {
      throw new AzureError(
        400,
        "BadRequest",
        'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
      );
    }
    return withProperties(draft, { ...properties, vaultUri: `https://${draft.name}.vault.azure.net/` });
  },
  stored: (arm, vault) => arm.store.remove(deletedVaultId(vault)),
  // Deletion keeps the name for the retention time, as in Azure, unless soft delete was switched off.
  removed: async (arm, vault) => {
    const { enableSoftDelete, enablePurgeProtection } = propertiesOf(vault);
    if (enableSoftDelete === false) return;
    const deletionDate = new Date().toISOString();
    const properties = {
      vaultId: vault.id,
      location: vault.location,
      deletionDate,
      purgeProtectionEnabled: enablePurgeProtection,
    };
    await arm.store.put({
      id: deletedVaultId(vault),
      name: vault.name,
      type: deletedVaults.type,
      fields: { properties },
      hidden: {},
    });
  },
};

const deletedVaults: ResourceType = {
  type: "Microsoft.KeyVault/locations/deletedVaults",
  place: "subscription",
  actions: {
    purge: async (arm, vault) => {
      if (propertiesOf(vault)["purgeProtectionEnabled"] === true) {
        throw new AzureError(
          400,
          "DeletedVaultPurge",
          `The vault '${vault.name}' cannot be purged: purge protection is enabled. It goes when its retention time is over.`,
        );
      }
      await arm.store.remove(vault.id);
      return { status: 200 };
    },
  },
};

/** Key vaults, those that were deleted, and secrets, which are kept as they are sent. */
export const vaultTypes: readonly ResourceType[] = [
  vaults,
  deletedVaults,
  { type: "Microsoft.KeyVault/vaults/secrets", place: "group" },
];

function deletedVaultId(vault: Stored): string {
  const subscription = parseResourceId(vault.id)?.subscription ?? "";
  return `/subscriptions/${subscription}/providers/Microsoft.KeyVault/locations/${vault.location ?? ""}/deletedVaults/${vault.name}`;
}
