import { z } from "zod";
import { type Arm, propertiesOf, type ResourceType, withProperties } from "../arm.ts";
import { armErrors, badArgument } from "../errors.ts";
import { checked } from "../handlers/body.ts";
import { parseResourceId, uuidOf } from "../resource-id.ts";
import type { Stored } from "../store.ts";
import { TENANT_ID } from "../tokens.ts";
import { blobAccountOf, CONTAINERS } from "../types/storage.ts";

/** The container that jobs' logs are written to, in a workspace's storage account. */
export const ARTIFACT_CONTAINER = "azureml";

const Links = z.looseObject({
  storageAccount: z.string(),
  keyVault: z.string(),
  applicationInsights: z.string(),
  containerRegistry: z.string().nullish(),
  publicNetworkAccess: z.enum(["Enabled", "Disabled"]).nullish(),
  systemDatastoresAuthMode: z.enum(["AccessKey", "Identity", "UserDelegationSAS"]).nullish(),
  primaryUserAssignedIdentity: z.string().nullish(),
  managedNetwork: z
    .looseObject({
      isolationMode: z.enum(["Disabled", "AllowInternetOutbound", "AllowOnlyApprovedOutbound"]).optional(),
    })
    .nullish(),
});

/** Azure ML workspaces. */
export const workspaces: ResourceType = {
  type: "Microsoft.MachineLearningServices/workspaces",
  place: "group",
  located: true,
  complete: (arm, draft, previous) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{2,32}$/.test(draft.name)) {
      throw badArgument(
        `The workspace name '${draft.name}' is invalid: 3 to 33 letters, digits, hyphens and underscores are allowed, with a letter or digit first.`,
      );
    }
    const links = checked(Links, draft.fields["properties"] ?? {}, "properties");
    checkLink(arm, "storageAccount", links.storageAccount, "Microsoft.Storage/storageAccounts");
    checkLink(arm, "keyVault", links.keyVault, "Microsoft.KeyVault/vaults");
    checkLink(arm, "applicationInsights", links.applicationInsights, "Microsoft.Insights/components");
    if (typeof links.containerRegistry === "string") {
      checkLink(arm, "containerRegistry", links.containerRegistry, "Microsoft.ContainerRegistry/registries");
    }
    checkIdentity(draft, links.primaryUserAssignedIdentity);
    if (previous !== undefined) checkIsolation(arm, draft, previous);
    const location = draft.location ?? "";
    return withProperties(draft, {
      workspaceId: uuidOf("workspace", draft.id),
      discoveryUrl: `https://${location}.api.azureml.ms/discovery`,
      mlFlowTrackingUri: `azureml://${location}.api.azureml.ms/mlflow/v1.0${draft.id}`,
      tenantId: TENANT_ID,
      friendlyName: propertiesOf(draft)["friendlyName"] ?? draft.name,
    });
  },
  apply: async (arm, workspace) => {
    const account = workspaceStorage(arm, workspace);
    const blobstore = `azureml-blobstore-${String(propertiesOf(workspace)["workspaceId"])}`;
    const service = `${String(propertiesOf(workspace)["storageAccount"])}/blobServices/default`;
    for (const name of [blobstore, ARTIFACT_CONTAINER]) {
      await arm.blobs(account).getContainerClient(name).createIfNotExists();
      const id = `${service}/containers/${name}`;
      if (arm.store.get(id) !== undefined) continue;
      await arm.store.put({ id, name, type: CONTAINERS, fields: { properties: {} }, hidden: {} });
    }
    const common = { accountName: account.name, protocol: "https" };
    await putDatastore(arm, workspace, "workspaceblobstore", { ...common, containerName: blobstore, isDefault: true });
    await putDatastore(arm, workspace, "workspaceartifactstore", {
      ...common,
      containerName: ARTIFACT_CONTAINER,
      isDefault: false,
    });
  },
  actions: {
    listKeys: (arm, workspace) => {
      const account = workspaceStorage(arm, workspace);
      return {
        status: 200,
        body: { userStorageKey: account.key1, userStorageResourceId: propertiesOf(workspace)["storageAccount"] },
      };
    },
  },
};

/** How a workspace's nodes and deployments reach the internet: `Disabled` where they are in no managed network. */
export function isolationOf(workspace: Stored): string {
  const { managedNetwork } = propertiesOf(workspace) as { managedNetwork?: { isolationMode?: string } | null };
  return managedNetwork?.isolationMode ?? "Disabled";
}

/** The workspace around a resource. */
export function workspaceOf(arm: Arm, resourceId: string): Stored {
  const id = parseResourceId(resourceId);
  const path = `${id?.scope ?? ""}/providers/${id?.namespace ?? ""}/workspaces/${id?.names[0] ?? ""}`;
  const workspace = arm.store.get(path);
  if (workspace === undefined) throw armErrors.parentNotFound(id?.type ?? resourceId, path);
  return workspace;
}

/** The blob account that a workspace keeps its data in. */
export function workspaceStorage(arm: Arm, workspace: Stored) {
  const id = String(propertiesOf(workspace)["storageAccount"]);
  const account = arm.store.get(id);
  if (account === undefined) throw badArgument(`The workspace's storage account '${id}' does not exist any more.`);
  return blobAccountOf(arm, account);
}

async function putDatastore(
  arm: Arm,
  workspace: Stored,
  name: string,
  settings: Record<string, unknown>,
): Promise<void> {
  const id = `${workspace.id}/datastores/${name}`;
  if (arm.store.get(id) !== undefined) return;
  const properties = { datastoreType: "AzureBlob", credentials: { credentialsType: "None" }, ...settings };
  const type = "Microsoft.MachineLearningServices/workspaces/datastores";
  await arm.store.put({ id, name, type, fields: { properties }, hidden: {} });
}

function checkIdentity(workspace: Stored, primary: string | null | undefined): void {
  const { userAssignedIdentities = {} } = (workspace.fields["identity"] ?? {}) as {
    userAssignedIdentities?: Record<string, unknown>;
  };
  const assigned = Object.keys(userAssignedIdentities).map((id) => id.toLowerCase());
  if (typeof primary !== "string" || assigned.includes(primary.toLowerCase())) return;
  throw badArgument(
    `The workspace's 'primaryUserAssignedIdentity' is '${primary}', which is not among its identities.`,
  );
}

// Nodes and deployments are in a managed network from their beginning, or never.
function checkIsolation(arm: Arm, draft: Stored, previous: Stored): void {
  const [was, now] = [isolationOf(previous), isolationOf(draft)];
  if (was === now) return;
  if (was !== "Disabled" && now === "Disabled") {
    throw badArgument(`Managed network isolation of workspace '${draft.name}' is '${was}' and cannot be disabled.`);
  }
  const types = ["computes", "onlineEndpoints"].map((type) => `Microsoft.MachineLearningServices/workspaces/${type}`);
  const inside = types.flatMap((type) => arm.store.list(type, draft.id)).map(({ name }) => name);
  if (was !== "Disabled" || inside.length === 0) return;
  throw badArgument(
    `Managed network isolation of workspace '${draft.name}' can be enabled once it has no computes and endpoints; it has ${inside.join(", ")}. Delete them first.`,
  );
}

function checkLink(arm: Arm, property: string, id: string, type: string): void {
  const linked = arm.store.get(id);
  if (linked?.type === type) return;
  throw badArgument(`The workspace's '${property}' is '${id}', which is no ${type} that exists. Create it first.`);
}
