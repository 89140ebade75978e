import type { AzureJob } from "./ci-jobs.ts";

/** What a role of one's own allows, in Azure's words. */
export interface Rights {
  /** On resources. */
  readonly actions: readonly string[];
  /** On what is in them. */
  readonly dataActions: readonly string[];
}

/** Roles that Azure has none for as narrow. Two jobs may share one; callers of the endpoint are no job. */
export const azureRoles = ["train", "deploy", "roll-out", "preview", "score"] as const;
export type AzureRole = (typeof azureRoles)[number];

export const roleOf: Readonly<Record<AzureJob, AzureRole>> = {
  train: "train",
  deploy: "deploy",
  promote: "roll-out",
  rollback: "roll-out",
  preview: "preview",
};

/** Jobs that write the endpoint, which carries an identity: Azure asks whether its writer may hand that identity on. */
export const writersOfEndpoint: readonly AzureJob[] = ["promote", "deploy", "rollback"];

const ML = "Microsoft.MachineLearningServices/workspaces";
const BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers";

/** Settings of everything in the group, so that drift is seen. No content of storage, no secret of the vault. */
const SEE = "*/read";
const READ_BLOBS = [`${BLOBS}/blobs/read`];
const WRITE_BLOBS = [`${BLOBS}/blobs/read`, `${BLOBS}/blobs/write`, `${BLOBS}/blobs/add/action`];

/** Call the endpoint, and nothing else. */
const SCORE = `${ML}/onlineEndpoints/score/action`;
/** Traffic is part of the endpoint. Its deletion is nobody's in CI. */
const MOVE_TRAFFIC = [`${ML}/onlineEndpoints/write`, SCORE];
const CHANGE_DEPLOYMENTS = [`${ML}/onlineEndpoints/deployments/write`, `${ML}/onlineEndpoints/deployments/delete`];
/** A model and an image have to be known to Azure ML before they can be deployed. */
const REGISTER = ["models", "models/versions", "environments", "environments/versions"].map(
  (kind) => `${ML}/${kind}/write`,
);
/** What a command job is made of. Neither an endpoint nor a model is among it. */
const SUBMIT = [
  `${ML}/read`,
  `${ML}/computes/read`,
  `${ML}/datastores/read`,
  ...["codes", "codes/versions", "environments", "environments/versions", "jobs"].flatMap((kind) => [
    `${ML}/${kind}/read`,
    `${ML}/${kind}/write`,
  ]),
  `${ML}/jobs/cancel/action`,
  "Microsoft.Storage/storageAccounts/read",
];

/**
 * What each role allows.
 *
 * @param asksForKeys whether the endpoint has keys, which the program asks for at every preview and update.
 */
export function rightsOf(role: AzureRole, asksForKeys: boolean): Rights {
  const see = [SEE, ...(asksForKeys ? [`${ML}/onlineEndpoints/listKeys/action`] : [])];
  const rights: Record<AzureRole, Rights> = {
    train: { actions: SUBMIT, dataActions: WRITE_BLOBS },
    deploy: { actions: [...see, ...MOVE_TRAFFIC, ...CHANGE_DEPLOYMENTS, ...REGISTER], dataActions: WRITE_BLOBS },
    // What a shadow answered lies in the workspace's storage.
    "roll-out": { actions: [...see, ...MOVE_TRAFFIC], dataActions: READ_BLOBS },
    preview: { actions: see, dataActions: [] },
    score: { actions: [SCORE], dataActions: [] },
  };
  return rights[role];
}
