import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type AzureHome, createAzureHome } from "../../support/azure.ts";

const V = "?api-version=2023-01-31";
const issuer = "https://token.actions.githubusercontent.com";

describe("who may do what in Azure", () => {
  let azure: AzureHome;
  let group = "";
  let identity = "";
  const role = (name: string) =>
    `/subscriptions/${azure.subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
  const assignment = (scope: string, name: string) =>
    `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}${V}`;
  const credential = (name: string) => `${identity}/federatedIdentityCredentials/${name}${V}`;
  const trusting = (subject: string) => ({
    properties: { issuer, subject, audiences: ["api://AzureADTokenExchange"] },
  });
  const allowing = (parts: object = {}) => ({
    properties: {
      roleName: "scorer",
      assignableScopes: [group],
      permissions: [{ actions: ["Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action"] }],
      ...parts,
    },
  });

  before(async () => {
    azure = await createAzureHome();
    group = `/subscriptions/${azure.subscription}/resourceGroups/access`;
    identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/deployer`;
    assert.equal((await azure.arm("PUT", `${group}${V}`, { location: "eastus" })).status, 201);
    assert.equal((await azure.arm("PUT", `${identity}${V}`, { location: "eastus" })).status, 201);
  });
  after(() => azure.home.remove());

  it("takes one federated credential of an identity at a time", async () => {
    const both = await Promise.all(
      ["first", "second"].map((name) => azure.arm("PUT", credential(name), trusting(`repo:o/r:environment:${name}`))),
    );
    const [done, refused] = both.sort((a, b) => a.status - b.status);
    assert.deepEqual([done?.status, refused?.status], [201, 409]);
    assert.equal(refused?.body.error.code, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity");
  });

  it("takes a subject of an issuer once", async () => {
    assert.equal((await azure.arm("PUT", credential("one"), trusting("repo:o/r:pull_request"))).status, 201);
    assert.equal((await azure.arm("PUT", credential("one"), trusting("repo:o/r:pull_request"))).status, 200);
    const again = await azure.arm("PUT", credential("two"), trusting("repo:o/r:pull_request"));
    assert.deepEqual([again.status, again.body.error.code], [409, "Conflict"]);
  });

  const bad: [string, string, object, RegExp][] = [
    ["two audiences", "many", { issuer, subject: "s", audiences: ["a", "b"] }, /exactly one audience/],
    ["no subject", "none", { issuer, audiences: ["a"] }, /properties\.subject is missing/],
    ["an issuer without TLS", "plain", { issuer: "http://x", subject: "s", audiences: ["a"] }, /must be an https URL/],
    ["a short name", "ab", { issuer, subject: "s", audiences: ["a"] }, /The name 'ab' is invalid: 3 to 120/],
  ];
  for (const [what, name, properties, message] of bad) {
    it(`refuses a federated credential with ${what}`, async () => {
      const { status, body } = await azure.arm("PUT", credential(name), { properties });
      assert.equal(status, 400);
      assert.match(body.error.message, message);
    });
  }

  it("has twenty federated credentials on an identity at most", async () => {
    const other = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/busy`;
    await azure.arm("PUT", `${other}${V}`, { location: "eastus" });
    const put = (n: number) => azure.arm("PUT", `${other}/federatedIdentityCredentials/c-${n}${V}`, trusting(`s-${n}`));
    for (let n = 0; n < 20; n++) assert.equal((await put(n)).status, 201);
    assert.match((await put(20)).body.error.message, /at most 20 federated identity credentials/);
  });

  const scorer = "11111111-2222-4333-8444-555555555555";
  it("takes a role of one's own under a name that no other has", async () => {
    assert.equal((await azure.arm("PUT", `${role(scorer)}${V}`, allowing())).status, 201);
    const again = await azure.arm("PUT", `${role(scorer.replace("1", "2"))}${V}`, allowing());
    assert.deepEqual([again.status, again.body.error.code], [409, "RoleDefinitionWithSameNameExists"]);
  });

  const wrong: [string, object, string][] = [
    ["no scope to be assigned at", { assignableScopes: [] }, "InvalidRequestContent"],
    ["an action that is none", { permissions: [{ actions: ["score"] }] }, "InvalidActionOrNotAction"],
    ["a right that is none", { permissions: [{ allow: ["*/read"] }] }, "InvalidRequestContent"],
    ["two sets of permissions", { permissions: [{ actions: [] }, { actions: [] }] }, "InvalidRequestContent"],
  ];
  for (const [what, parts, code] of wrong) {
    it(`refuses a role with ${what}`, async () => {
      const { status, body } = await azure.arm(
        "PUT",
        `${role(crypto.randomUUID())}${V}`,
        allowing({ roleName: what, ...parts }),
      );
      assert.deepEqual([status, body.error.code], [400, code]);
    });
  }

  it("assigns a role of one's own within its scopes, and keeps it while it is assigned", async () => {
    const properties = { principalId: "p", principalType: "ServicePrincipal", roleDefinitionId: role(scorer) };
    assert.equal((await azure.arm("PUT", assignment(identity, "a"), { properties })).status, 201);
    const elsewhere = `/subscriptions/${azure.subscription}/resourceGroups/elsewhere`;
    await azure.arm("PUT", `${elsewhere}${V}`, { location: "eastus" });
    assert.match(
      (await azure.arm("PUT", assignment(elsewhere, "b"), { properties })).body.error.message,
      /cannot be assigned at .*elsewhere'; its assignable scopes are .*access\./,
    );
    const kept = await azure.arm("DELETE", `${role(scorer)}${V}`);
    assert.deepEqual([kept.status, kept.body.error.code], [400, "RoleDefinitionHasAssignments"]);
    await azure.arm("DELETE", assignment(identity, "a"));
    assert.equal((await azure.arm("DELETE", `${role(scorer)}${V}`)).status, 200);
  });

  it("knows no role that is neither one's own nor a GUID", async () => {
    const properties = { principalId: "p", roleDefinitionId: role("Owner") };
    const { status, body } = await azure.arm("PUT", assignment(group, "c"), { properties });
    assert.deepEqual([status, body.error.code], [404, "RoleDefinitionDoesNotExist"]);
  });
});
