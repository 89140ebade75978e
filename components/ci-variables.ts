import type { Cluster } from "./cluster.ts";
import type { Identity } from "./identity.ts";
import { subscriptionOf } from "./names.ts";
import type { RepositoryArgs } from "./repository.ts";
import type { Storage } from "./storage.ts";
import type { Workspace } from "./workspace.ts";

/** The parts of an environment that CI has to find. */
interface Parts {
  readonly storage: Storage;
  readonly workspace: Workspace;
  readonly cluster: Cluster;
  readonly identity: Identity;
}

/** What CI's jobs read from the variables of their GitHub environment: where things are, and as whom to sign in. */
export function ciVariables(
  region: string,
  { storage, workspace, cluster, identity }: Parts,
): Pick<RepositoryArgs, "variables" | "previewVariables"> {
  const accounts = { AWS_REGION: region, AZURE_SUBSCRIPTION_ID: workspace.workspaceId.apply(subscriptionOf) };
  return {
    variables: {
      ...accounts,
      ...identity.variables,
      DATA_BUCKET: storage.data,
      MODELS_BUCKET: storage.models,
      AZURE_RESOURCE_GROUP: workspace.resourceGroup,
      AZURE_ML_WORKSPACE: workspace.workspaceName,
      AZURE_ML_COMPUTE: cluster.computeName,
    },
    previewVariables: { ...accounts, ...identity.previewVariables },
  };
}
