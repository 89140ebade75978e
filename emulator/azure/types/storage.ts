import { z } from "zod";
import type { BlobAccount } from "../../storage/blob-accounts.ts";
import { type Arm, propertiesOf, type ResourceType, withProperties } from "../arm.ts";
import { AzureError, armErrors } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { parentOf, parseResourceId } from "../resource-id.ts";
import type { Stored } from "../store.ts";

// What has few values; everything else is kept as it is sent.
const Account = z.looseObject({
  allowBlobPublicAccess: z.boolean().nullish(),
  allowSharedKeyAccess: z.boolean().nullish(),
  minimumTlsVersion: z.enum(["TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"]).nullish(),
  publicNetworkAccess: z.enum(["Enabled", "Disabled", "SecuredByPerimeter"]).nullish(),
  networkAcls: z
    .looseObject({
      defaultAction: z.enum(["Allow", "Deny"]),
      bypass: z
        .string()
        .regex(/^(None|((Logging|Metrics|AzureServices)(, )?)+)$/)
        .optional(),
    })
    .nullish(),
});

const Retention = z
  .looseObject({ enabled: z.boolean(), days: z.int().min(1).max(365).optional() })
  .refine(({ enabled, days }) => !enabled || days !== undefined, { error: "days must be given where it is enabled" });
const BlobService = z.looseObject({
  deleteRetentionPolicy: Retention.optional(),
  containerDeleteRetentionPolicy: Retention.optional(),
  isVersioningEnabled: z.boolean().optional(),
});

const storageAccounts: ResourceType = {
  type: "Microsoft.Storage/storageAccounts",
  place: "group",
  located: true,
  complete: async (arm, draft, previous) => {
    if (!/^[a-z0-9]{3,24}$/.test(draft.name)) {
      throw new AzureError(
        400,
        "AccountNameInvalid",
        `${draft.name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.`,
      );
    }
    checked(Account, draft.fields["properties"] ?? {}, "properties");
    // Names are unique in all of Azure, so one that exists in another group is taken.
    if (previous === undefined && arm.storage.account(draft.name) !== undefined && isElsewhere(arm, draft)) {
      throw new AzureError(
        409,
        "StorageAccountAlreadyTaken",
        `The storage account named ${draft.name} is already taken.`,
      );
    }
    await arm.storage.ensureAccount(draft.name);
    const creationTime = previous === undefined ? new Date().toISOString() : propertiesOf(previous)["creationTime"];
    return withProperties(draft, {
      primaryLocation: draft.location,
      statusOfPrimary: "available",
      creationTime,
    });
  },
  // Not kept: the port is another one where somebody took ours between two starts.
  live: (arm, { name }) => ({ primaryEndpoints: { blob: arm.storage.account(name)?.blobEndpoint } }),
  removed: (arm, account) => arm.storage.removeAccount(account.name),
  actions: {
    listKeys: (arm, account) => {
      if (propertiesOf(account)["allowSharedKeyAccess"] === false) {
        throw new AzureError(
          409,
          "KeyBasedAuthenticationNotPermitted",
          `Key based authentication is not permitted on storage account '${account.name}'.`,
        );
      }
      const { key1, key2 } = blobAccountOf(arm, account);
      const keys = [key1, key2].map((value, index) => ({ keyName: `key${index + 1}`, value, permissions: "FULL" }));
      return { status: 200, body: { keys } };
    },
  },
};

const blobServices: ResourceType = {
  type: "Microsoft.Storage/storageAccounts/blobServices",
  place: "group",
  implicit: "default",
  complete: (_, draft) => {
    checked(BlobService, draft.fields["properties"] ?? {}, "properties");
    return draft;
  },
};

/** The type of a storage account's containers. */
export const CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers";

const containers: ResourceType = {
  type: CONTAINERS,
  place: "group",
  complete: async (arm, draft) => {
    if (!/^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/.test(draft.name)) {
      throw armErrors.invalidContent(
        `The container name '${draft.name}' is invalid: 3 to 63 lower-case letters, digits and single hyphens are allowed.`,
      );
    }
    const client = containerClient(arm, draft);
    if (client === undefined) throw armErrors.parentNotFound(draft.type, draft.id);
    await client.createIfNotExists();
    return draft;
  },
  removed: async (arm, container) => {
    // When the account goes, its containers are gone before this.
    await containerClient(arm, container)?.deleteIfExists();
  },
};

/** Storage accounts and what is under them. */
export const storageTypes: readonly ResourceType[] = [
  storageAccounts,
  blobServices,
  containers,
  { type: "Microsoft.Storage/storageAccounts/managementPolicies", place: "group" },
];

/** The blob account behind a storage account. */
export function blobAccountOf(arm: Arm, account: Stored): BlobAccount {
  const found = arm.storage.account(account.name);
  if (found === undefined)
    throw new Error(`Storage account ${account.name} is in Azure's store, but blob storage has no such account.`);
  return found;
}

function containerClient(arm: Arm, container: Stored) {
  const id = parseResourceId(container.id);
  const service = id === undefined ? undefined : parseResourceId(parentOf(id));
  const account = service === undefined ? undefined : arm.storage.account(service.names[0] ?? "");
  if (account === undefined) return undefined;
  return arm.blobs(account).getContainerClient(container.name);
}

function isElsewhere(arm: Arm, draft: Stored): boolean {
  const subscription = `/subscriptions/${parseResourceId(draft.id)?.subscription ?? ""}`;
  return arm.store
    .list(storageAccounts.type, subscription)
    .some(({ name, id }) => name === draft.name && id.toLowerCase() !== draft.id.toLowerCase());
}
