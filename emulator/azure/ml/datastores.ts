import { z } from "zod";
import { propertiesOf, type ResourceType } from "../arm.ts";
import { badArgument } from "../errors.ts";
import { checked } from "../handlers/body.ts";

const Properties = z.strictObject({
  datastoreType: z.literal("AzureBlob", { error: "the emulator offers 'AzureBlob' only" }),
  accountName: z.string(),
  containerName: z.string(),
  endpoint: z.string().optional(),
  protocol: z.enum(["https"]).optional(),
  credentials: z
    .looseObject({ credentialsType: z.enum(["None", "AccountKey", "Sas"]) })
    .default({ credentialsType: "None" }),
  serviceDataAccessAuthIdentity: z.string().optional(),
  resourceGroup: z.string().optional(),
  subscriptionId: z.string().optional(),
  description: z.string().nullish(),
  properties: z.record(z.string(), z.string().nullable()).optional(),
  tags: z.record(z.string(), z.string().nullable()).optional(),
  isDefault: z.boolean().optional(),
});

/** Places in blob storage that jobs and models are addressed by. */
export const datastores: ResourceType = {
  type: "Microsoft.MachineLearningServices/workspaces/datastores",
  place: "group",
  complete: (arm, draft) => {
    const properties = checked(Properties, draft.fields["properties"] ?? {}, "properties");
    const account = arm.storage.account(properties.accountName);
    if (account === undefined)
      throw badArgument(
        `The datastore's account '${properties.accountName}' does not exist. Create the storage account first.`,
      );
    const { credentialsType } = properties.credentials;
    const { endpoint: _, ...kept } = properties;
    const defaults = { isDefault: false, protocol: "https" };
    return { ...draft, fields: { properties: { ...defaults, ...kept, credentials: { credentialsType } } } };
  },
  live: (arm, datastore) => {
    const account = arm.storage.account(String(propertiesOf(datastore)["accountName"]));
    return account === undefined ? {} : { endpoint: new URL(account.blobEndpoint).host };
  },
};
