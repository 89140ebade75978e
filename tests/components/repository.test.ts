import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Repository, type RepositoryArgs } from "../../components/repository.ts";
import { scope } from "./fixtures.ts";
import { only, record, secretIn, tree } from "./mocks.ts";

const build = (args: Partial<RepositoryArgs> = {}) =>
  new Repository("repository", {
    scope,
    repository: "plant-classifier",
    reviewers: { teams: [], users: [] },
    variables: {},
    previewVariables: {},
    ...args,
  });
const staging = { repository: "plant-classifier", environment: "staging", canAdminsBypass: false };

describe("Repository", () => {
  it("is the stack's environment and one for previews, and nothing else where nothing is asked", async () => {
    const seen = await record(() => build());
    assert.deepEqual(tree(seen), [
      ["ml-delivery:repository:Repository", "repository"],
      ["github:index/repositoryEnvironment:RepositoryEnvironment", "repository-environment"],
      ["github:index/repositoryEnvironment:RepositoryEnvironment", "repository-preview"],
    ]);
    assert.deepEqual(only(seen, "repository-environment").inputs, staging);
    assert.deepEqual(only(seen, "repository-preview").inputs, { ...staging, environment: "staging-preview" });
  });

  it("asks reviewers, and not the one who started the deployment, and lets no administrator past them (CI-10)", async () => {
    const seen = await record(() => build({ reviewers: { teams: [7], users: [1, 2] }, waitMinutes: 5 }));
    assert.deepEqual(only(seen, "repository-environment").inputs, {
      ...staging,
      reviewers: [{ teams: [7], users: [1, 2] }],
      preventSelfReview: true,
      waitTimer: 5,
    });
    assert.deepEqual(only(seen, "repository-preview").inputs, { ...staging, environment: "staging-preview" });
  });

  it("takes jobs of the named branches alone (CI-10)", async () => {
    const seen = await record(() => build({ branches: ["main", "release/*"] }));
    assert.deepEqual(only(seen, "repository-environment").inputs, {
      ...staging,
      deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
    });
    const target = { repository: "plant-classifier", environment: "staging" };
    assert.deepEqual(
      seen.filter(({ type }) => type.includes("Policy")).map(({ name, inputs }) => [name, inputs]),
      [
        ["repository-from-main", { ...target, branchPattern: "main" }],
        ["repository-from-release-*", { ...target, branchPattern: "release/*" }],
      ],
    );
  });

  it("sets a variable for each name, in the environment that reads it", async () => {
    const seen = await record(() =>
      build({
        variables: { DATA_BUCKET: "d", AWS_REGION: pulumi.output("us-east-1") },
        previewVariables: { AWS_REGION: "us-east-1" },
      }),
    );
    const target = { repository: "plant-classifier", environment: "staging" };
    const preview = { ...target, environment: "staging-preview" };
    assert.deepEqual(
      seen.filter(({ type }) => type.includes("Variable")).map(({ name, inputs }) => [name, inputs]),
      [
        ["repository-aws-region", { ...target, variableName: "AWS_REGION", value: "us-east-1" }],
        ["repository-data-bucket", { ...target, variableName: "DATA_BUCKET", value: "d" }],
        ["repository-preview-aws-region", { ...preview, variableName: "AWS_REGION", value: "us-east-1" }],
      ],
    );
  });

  it("keeps address and key of the endpoint as secrets, under the stack's name", async () => {
    const endpoint = () => ({ url: pulumi.output("https://e/score"), apiKey: pulumi.output("k3y") });
    const seen = await record(() => build({ scope: { project: "plants", stack: "pre-prod" }, endpoint: endpoint() }));
    const secrets = seen.filter(({ type }) => type.includes("Secret"));
    assert.deepEqual(
      secrets.map(({ name, inputs }) => [name, inputs.environment, inputs.secretName, secretIn(inputs.value)]),
      [
        ["repository-pre-prod-api-key", "pre-prod", "PRE_PROD_API_KEY", "k3y"],
        ["repository-pre-prod-endpoint-url", "pre-prod", "PRE_PROD_ENDPOINT_URL", "https://e/score"],
      ],
    );
  });

  it("has no secrets where the endpoint has no key", async () => {
    const seen = await record(() => build({ endpoint: { url: pulumi.output("https://e/score"), apiKey: undefined } }));
    assert.deepEqual(
      seen.filter(({ type }) => type.includes("Secret")),
      [],
    );
  });
});
