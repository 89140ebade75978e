import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AzureRole, azureRoles, rightsOf } from "../../components/azure-roles.ts";

const ML = "Microsoft.MachineLearningServices/workspaces";
const BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

/** Azure compares operations without regard to case; `*` stands for any characters. */
function may(role: AzureRole, operation: string, asksForKeys = false): boolean {
  const { actions, dataActions } = rightsOf(role, asksForKeys);
  const isData = operation.startsWith(BLOBS);
  return (isData ? dataActions : actions).some((pattern) =>
    new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`, "i").test(operation),
  );
}

const needed: Readonly<Record<AzureRole, readonly string[]>> = {
  train: [
    `${ML}/read`,
    `${ML}/datastores/read`,
    `${ML}/codes/versions/write`,
    `${ML}/environments/versions/write`,
    `${ML}/jobs/write`,
    `${ML}/jobs/read`,
    `${ML}/jobs/cancel/action`,
    "Microsoft.Storage/storageAccounts/read",
    `${BLOBS}/read`,
    `${BLOBS}/write`,
  ],
  deploy: [
    `${ML}/onlineEndpoints/write`,
    `${ML}/onlineEndpoints/deployments/write`,
    `${ML}/onlineEndpoints/deployments/delete`,
    `${ML}/onlineEndpoints/score/action`,
    `${ML}/models/versions/write`,
    `${ML}/environments/versions/write`,
    "Microsoft.Authorization/roleAssignments/read",
    "Microsoft.Insights/metrics/read",
    `${BLOBS}/write`,
  ],
  "roll-out": [
    `${ML}/onlineEndpoints/read`,
    `${ML}/onlineEndpoints/write`,
    `${ML}/onlineEndpoints/score/action`,
    "Microsoft.Insights/metrics/read",
    `${BLOBS}/read`,
  ],
  preview: [`${ML}/onlineEndpoints/read`, "Microsoft.Authorization/roleDefinitions/read"],
  score: [`${ML}/onlineEndpoints/score/action`],
};

const nobody = [
  "*",
  `${ML}/write`,
  `${ML}/delete`,
  `${ML}/onlineEndpoints/delete`,
  `${ML}/computes/write`,
  `${ML}/computes/delete`,
  `${ML}/models/versions/delete`,
  `${ML}/listKeys/action`,
  `${ML}/onlineEndpoints/regenerateKeys/action`,
  "Microsoft.Authorization/roleAssignments/write",
  "Microsoft.Authorization/roleDefinitions/write",
  "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
  "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
  "Microsoft.Resources/subscriptions/resourceGroups/delete",
  "Microsoft.Storage/storageAccounts/listKeys/action",
  "Microsoft.Storage/storageAccounts/delete",
  "Microsoft.KeyVault/vaults/write",
  `${BLOBS}/delete`,
];

const others: Readonly<Record<AzureRole, readonly string[]>> = {
  train: [`${ML}/onlineEndpoints/write`, `${ML}/onlineEndpoints/deployments/write`, `${ML}/models/versions/write`],
  deploy: [`${ML}/jobs/write`, `${ML}/codes/versions/write`],
  "roll-out": [
    `${ML}/onlineEndpoints/deployments/write`,
    `${ML}/onlineEndpoints/deployments/delete`,
    `${ML}/models/versions/write`,
    `${ML}/jobs/write`,
    `${BLOBS}/write`,
  ],
  preview: [`${ML}/onlineEndpoints/write`, `${ML}/onlineEndpoints/score/action`, `${ML}/jobs/write`, `${BLOBS}/read`],
  score: [`${ML}/onlineEndpoints/read`, `${ML}/onlineEndpoints/write`, `${ML}/read`],
};

for (const role of azureRoles) {
  describe(`the Azure role to ${role}`, () => {
    it("allows what its commands do", () => {
      assert.deepEqual(
        needed[role].filter((operation) => !may(role, operation)),
        [],
      );
    });
    it("allows nothing that nobody in CI may, and nothing that is another's", () => {
      assert.deepEqual(
        [...nobody, ...others[role]].filter((operation) => may(role, operation)),
        [],
      );
    });
  });
}

describe("the keys of an endpoint", () => {
  it("are asked for where it has keys, by those that run the program", () => {
    const roles = azureRoles.filter((role) => may(role, `${ML}/onlineEndpoints/listKeys/action`, true));
    assert.deepEqual(roles, ["deploy", "roll-out", "preview"]);
  });

  it("are nobody's where it has none", () => {
    assert.deepEqual(
      azureRoles.filter((role) => may(role, `${ML}/onlineEndpoints/listKeys/action`)),
      [],
    );
  });
});
