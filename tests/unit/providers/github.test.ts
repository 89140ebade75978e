import assert from "node:assert/strict";
import { describe, it } from "node:test";
import sodium from "libsodium-wrappers";
import { fromGitHub, toGitHub } from "../../../emulator/providers/github/environment.ts";
import { environmentScope, repositoryScope } from "../../../emulator/providers/github/scope.ts";
import { seal } from "../../../emulator/providers/github/sealed-box.ts";

describe("a secret for GitHub", () => {
  it("is sealed so that only the key's owner reads it", async () => {
    await sodium.ready;
    const keys = sodium.crypto_box_keypair();
    const base64 = (bytes: Uint8Array) => sodium.to_base64(bytes, sodium.base64_variants.ORIGINAL);
    const sealed = await seal("pässword", base64(keys.publicKey));
    assert.equal(sealed.includes("ssword"), false);
    const opened = sodium.crypto_box_seal_open(
      sodium.from_base64(sealed, sodium.base64_variants.ORIGINAL),
      keys.publicKey,
      keys.privateKey,
    );
    assert.equal(sodium.to_string(opened), "pässword");
  });
});

describe("an environment's protection", () => {
  const inputs = {
    waitTimer: 30,
    preventSelfReview: true,
    canAdminsBypass: false,
    reviewers: [{ users: [1, 2], teams: [3] }],
    deploymentBranchPolicy: { protectedBranches: true, customBranchPolicies: false },
  };

  it("goes to GitHub as its API spells it", () => {
    assert.deepEqual(toGitHub(inputs), {
      wait_timer: 30,
      prevent_self_review: true,
      can_admins_bypass: false,
      reviewers: [
        { type: "User", id: 1 },
        { type: "User", id: 2 },
        { type: "Team", id: 3 },
      ],
      deployment_branch_policy: { protected_branches: true, custom_branch_policies: false },
    });
  });

  it("comes back from GitHub's rules as inputs", () => {
    const reviewers = [
      { type: "User", reviewer: { id: 1 } },
      { type: "User", reviewer: { id: 2 } },
      { type: "Team", reviewer: { id: 3 } },
    ];
    const environment = {
      can_admins_bypass: false,
      protection_rules: [
        { type: "wait_timer", wait_timer: 30 },
        { type: "required_reviewers", prevent_self_review: true, reviewers },
        { type: "branch_policy" },
      ],
      deployment_branch_policy: { protected_branches: true, custom_branch_policies: false },
    };
    assert.deepEqual(fromGitHub(environment), inputs);
  });
});

describe("an id of a secret or variable", () => {
  it("names its repository, its environment and itself, colons and slashes included", () => {
    const inputs = { repository: "repo", environment: "prod:eu/west", variableName: "REGION" };
    const id = environmentScope.id(inputs, "REGION");
    assert.equal(id, "repo:prod??eu/west:REGION");
    assert.deepEqual(environmentScope.fromId(id, "variableName"), inputs);
    assert.equal(environmentScope.path(inputs), "/environments/prod%3Aeu%2Fwest");
    assert.deepEqual(repositoryScope.fromId("repo:TOKEN", "secretName"), { repository: "repo", secretName: "TOKEN" });
  });

  it("of another form is refused", () => {
    assert.throws(
      () => environmentScope.fromId("repo:REGION", "variableName"),
      /not of the form repository:environment:name/,
    );
  });
});
