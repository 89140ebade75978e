import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { subjectsOf, trustOf } from "../../components/ci-jobs.ts";
import { Identity, type IdentityArgs } from "../../components/identity.ts";
import { scope, tags, workspace } from "./fixtures.ts";
import { only, type Registered, record, subscription, tenant, tree } from "./mocks.ts";

const repository = { owner: "example-org", name: "plants", oidcSubject: "classic" } as const;
const principal = {
  clientId: "aaaaaaaa-0000-4000-8000-000000000001",
  principalId: "bbbbbbbb-0000-4000-8000-000000000001",
};
const group = `/subscriptions/${subscription}/resourceGroups/rg`;
const jobs = ["validate", "train", "gate", "promote", "deploy", "rollback", "preview"];

const build = (args: Partial<IdentityArgs> = {}) =>
  new Identity("identity", {
    scope,
    workspace: workspace(),
    location: "eastus",
    protect: true,
    repository,
    singletons: "here",
    authMode: "AADToken",
    auth: "oidc",
    ...args,
  });
const made = (args: Partial<IdentityArgs> = {}) => record(() => build(args));

const awsRole = (job: string): [string, string][] => [
  ["aws:iam/role:Role", `identity-aws-${job}`],
  ["aws:iam/rolePolicy:RolePolicy", `identity-aws-${job}-rights`],
];
const identityType = "azure-native:managedidentity:UserAssignedIdentity";
const credentialType = "azure-native:managedidentity:FederatedIdentityCredential";
const assignmentType = "azure-native:authorization:RoleAssignment";
const roleType = "azure-native:authorization:RoleDefinition";
const byName = (all: [string, string][]) => all.sort(([, a], [, b]) => (a < b ? -1 : 1));
const ofType = (seen: readonly Registered[], type: string) => seen.filter((one) => one.type === type);

describe("Identity", () => {
  it("makes a role a job in AWS; identities, whom they trust, and roles in Azure; and no key anywhere", async () => {
    const azure: [string, string][] = ["train", "promote", "deploy", "rollback", "preview"].flatMap((job) => [
      [identityType, `identity-azure-${job}`],
      [assignmentType, `identity-azure-${job}-may-${job === "promote" || job === "rollback" ? "roll-out" : job}`],
      [credentialType, `identity-azure-${job}-environment-staging${job === "preview" ? "-preview" : ""}`],
    ]);
    assert.deepEqual(
      tree(await made()),
      byName([
        ["ml-delivery:identity:Identity", "identity"],
        ["ml-delivery:aws-identity:AwsIdentity", "identity-aws"],
        ["aws:iam/openIdConnectProvider:OpenIdConnectProvider", "identity-aws-github"],
        ...jobs.flatMap(awsRole),
        ["ml-delivery:azure-identity:AzureIdentity", "identity-azure"],
        ...azure,
        [credentialType, "identity-azure-preview-pull-request"],
        ...["promote", "deploy", "rollback"].map((job): [string, string] => [
          assignmentType,
          `identity-azure-${job}-may-hand-on`,
        ]),
        ...["train", "deploy", "roll-out", "preview", "score"].map((role): [string, string] => [
          roleType,
          `identity-azure-${role}-role`,
        ]),
      ]),
    );
  });

  it("leaves the account's one provider to the stack that keeps singletons, and trusts it all the same", async () => {
    const here = only(await made(), "identity-aws-github");
    assert.deepEqual(here.inputs, {
      url: "https://token.actions.githubusercontent.com",
      clientIdLists: ["sts.amazonaws.com"],
      tags,
    });
    const elsewhere = await made({ singletons: "elsewhere" });
    assert.deepEqual(ofType(elsewhere, "aws:iam/openIdConnectProvider:OpenIdConnectProvider"), []);
    const trust = JSON.parse(only(elsewhere, "identity-aws-train").inputs.assumeRolePolicy);
    assert.deepEqual(trust.Statement, [
      {
        Effect: "Allow",
        Principal: { Federated: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": ["repo:example-org/plants:environment:staging"],
          },
        },
      },
    ]);
  });

  it("gives each AWS role a name of project, stack and job, and an hour", async () => {
    const { assumeRolePolicy: _, ...inputs } = only(await made(), "identity-aws-deploy").inputs;
    assert.deepEqual(inputs, {
      name: "plants-staging-deploy",
      description: "What CI may do to deploy in staging of plants",
      maxSessionDuration: 3600,
      tags,
    });
    const rights = only(await made(), "identity-aws-deploy-rights").inputs;
    assert.deepEqual([rights.role, rights.name], ["plants-staging-deploy", "rights"]);
  });

  it("tells the roles' policies the stack's own buckets, keys, state and sources", async () => {
    const seen = await made({
      bucketKey: pulumi.output("arn:aws:kms:us-east-1:123456789012:key/own"),
      readsFrom: ["dev"],
      state: { bucket: "pulumi-state", kmsKey: "arn:aws:kms:us-east-1:123456789012:key/state" },
    });
    const { policy } = only(seen, "identity-aws-deploy-rights").inputs;
    for (const part of [
      "arn:aws:s3:::plants-staging-models/models/*/model.onnx",
      "arn:aws:s3:::plants-dev-models/models/*",
      "arn:aws:s3:::pulumi-state/.pulumi/stacks/ml-delivery/staging.json*",
      "arn:aws:kms:us-east-1:123456789012:key/own",
      "arn:aws:kms:us-east-1:123456789012:key/state",
      "arn:aws:iam::123456789012:role/plants-staging-rollback",
    ]) {
      assert.ok(policy.includes(part), part);
    }
  });

  it("has each Azure identity trust exactly its job's subjects", async () => {
    const seen = ofType(await made(), credentialType);
    assert.deepEqual(
      seen.map(({ inputs }) => [inputs.resourceName, inputs.federatedIdentityCredentialResourceName, inputs.subject]),
      [
        ...["deploy"].map((job) => trusting(job, "environment-staging", "environment:staging")),
        trusting("preview", "environment-staging-preview", "environment:staging-preview"),
        trusting("preview", "pull-request", "pull_request"),
        ...["promote", "rollback", "train"].map((job) => trusting(job, "environment-staging", "environment:staging")),
      ],
    );
    for (const { inputs } of seen) {
      assert.equal(inputs.issuer, "https://token.actions.githubusercontent.com");
      assert.deepEqual(inputs.audiences, ["api://AzureADTokenExchange"]);
    }
    function trusting(job: string, name: string, subject: string) {
      return [`id-plants-staging-${job}`, `github-${name}`, `repo:example-org/plants:${subject}`];
    }
  });

  it("assigns every role in the resource group, or on the one identity that endpoints carry", async () => {
    const seen = ofType(await made({ callers: [principal.principalId] }), assignmentType);
    const scopes = seen.map(({ name, inputs }) => [name.replace("identity-azure-", ""), inputs.scope]);
    assert.deepEqual(Object.fromEntries(scopes), {
      "train-may-train": group,
      "deploy-may-deploy": group,
      "promote-may-roll-out": group,
      "rollback-may-roll-out": group,
      "preview-may-preview": group,
      "deploy-may-hand-on": "identity",
      "promote-may-hand-on": "identity",
      "rollback-may-hand-on": "identity",
      [`caller-${principal.principalId}-may-score`]: group,
    });
  });

  it("defines its roles where they cannot be assigned outside the group", async () => {
    const { inputs } = only(await made(), "identity-azure-score-role");
    assert.deepEqual(inputs, {
      scope: `/subscriptions/${subscription}`,
      roleName: "plants staging: score",
      roleType: "CustomRole",
      description: "What CI, or a caller, may do to score in staging of plants",
      permissions: [
        {
          actions: ["Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action"],
          dataActions: [],
        },
      ],
      assignableScopes: [group],
    });
  });

  it("tells jobs of the environment what to sign in as, and previews their own alone", async () => {
    let identity: Identity | undefined;
    await record(() => {
      identity = build();
    });
    const read = async (variables: Identity["variables"] | undefined) =>
      new Promise<Record<string, string>>((resolve) => void pulumi.output(variables ?? {}).apply(resolve));
    const role = (job: string) => `arn:aws:iam::123456789012:role/plants-staging-${job}`;
    assert.deepEqual(await read(identity?.variables), {
      AWS_ROLE_VALIDATE: role("validate"),
      AWS_ROLE_TRAIN: role("train"),
      AWS_ROLE_GATE: role("gate"),
      AWS_ROLE_PROMOTE: role("promote"),
      AWS_ROLE_DEPLOY: role("deploy"),
      AWS_ROLE_ROLLBACK: role("rollback"),
      AZURE_CLIENT_ID_TRAIN: "client-of-identity-azure-train",
      AZURE_CLIENT_ID_PROMOTE: "client-of-identity-azure-promote",
      AZURE_CLIENT_ID_DEPLOY: "client-of-identity-azure-deploy",
      AZURE_CLIENT_ID_ROLLBACK: "client-of-identity-azure-rollback",
      AZURE_TENANT_ID: tenant,
    });
    assert.deepEqual(await read(identity?.previewVariables), {
      AWS_ROLE_PREVIEW: role("preview"),
      AZURE_CLIENT_ID_PREVIEW: "client-of-identity-azure-preview",
      AZURE_TENANT_ID: tenant,
    });
  });
});

describe("Identity with keys", () => {
  const warnings: string[] = [];
  beforeEach(() => {
    warnings.length = 0;
    mock.method(pulumi.log, "warn", async (message: string) => void warnings.push(message));
  });
  afterEach(() => mock.restoreAll());

  it("is warned about, and oidc is not", async () => {
    await made();
    assert.deepEqual(warnings, []);
    await made({ auth: "keys", principal });
    assert.match(warnings.join("\n"), /^ml-delivery:identity\.auth is keys: .* Set it to oidc as soon as/);
  });

  it("has one user who may take the roles on and nothing else, and makes no key", async () => {
    const seen = await made({ auth: "keys", principal });
    const types = new Set(seen.map(({ type }) => type));
    for (const type of [identityType, credentialType, "aws:iam/openIdConnectProvider:OpenIdConnectProvider"]) {
      assert.equal(types.has(type), false, type);
    }
    assert.deepEqual(
      [...types].filter((type) => /accesskey|password|secret/i.test(type)),
      [],
    );
    const user = "arn:aws:iam::123456789012:user/plants-staging-ci";
    const trust = JSON.parse(only(seen, "identity-aws-train").inputs.assumeRolePolicy);
    assert.deepEqual(trust.Statement, [{ Effect: "Allow", Principal: { AWS: user }, Action: "sts:AssumeRole" }]);
    assert.deepEqual(JSON.parse(only(seen, "identity-aws-user-rights").inputs.policy).Statement, [
      {
        Sid: "TakeOnRoles",
        Effect: "Allow",
        Action: ["sts:AssumeRole"],
        Resource: jobs.map((job) => `arn:aws:iam::123456789012:role/plants-staging-${job}`),
      },
    ]);
  });

  it("assigns each Azure role once to the principal that acts for all jobs", async () => {
    const seen = ofType(await made({ auth: "keys", principal }), assignmentType);
    assert.deepEqual(
      seen.map(({ name, inputs }) => [name, inputs.principalId]),
      ["deploy", "hand-on", "preview", "roll-out", "train"].map((role) => [
        `identity-azure-ci-may-${role}`,
        principal.principalId,
      ]),
    );
  });
});

describe("the tokens of another CI system", () => {
  const subject = "project_path:team/plants:ref_type:branch:ref:main";
  const gitlab = { ...repository, ci: "gitlab", oidc: { issuer: "https://gitlab.example.org", subject } } as const;
  const jenkins = {
    ...gitlab,
    ci: "jenkins",
    oidc: { issuer: "https://ci.example.org/oidc", subject: "job/x" },
  } as const;

  it("are trusted by one credential of each identity, which says whose they are", async () => {
    const seen = ofType(await made({ repository: gitlab }), credentialType);
    assert.deepEqual(
      seen.map(({ name }) => name).sort(),
      ["deploy", "preview", "promote", "rollback", "train"].map((job) => `identity-azure-${job}-gitlab`),
    );
    for (const { inputs } of seen) {
      assert.equal(inputs.federatedIdentityCredentialResourceName, "gitlab");
      assert.equal(inputs.issuer, "https://gitlab.example.org");
      assert.equal(inputs.subject, subject);
      assert.deepEqual(inputs.audiences, ["api://AzureADTokenExchange"]);
    }
  });

  it("are trusted in AWS by their issuer, its path included", async () => {
    const seen = await made({ repository: jenkins });
    assert.equal(only(seen, "identity-aws-jenkins").inputs.url, "https://ci.example.org/oidc");
    const [statement] = JSON.parse(only(seen, "identity-aws-deploy").inputs.assumeRolePolicy).Statement;
    assert.equal(statement.Principal.Federated, "arn:aws:iam::123456789012:oidc-provider/ci.example.org/oidc");
    assert.deepEqual(statement.Condition, {
      StringEquals: { "ci.example.org/oidc:aud": "sts.amazonaws.com", "ci.example.org/oidc:sub": ["job/x"] },
    });
  });

  it("must be told", () => {
    const untold = { ...repository, ci: "gitlab" } as const;
    assert.throws(
      () => trustOf(untold, "staging"),
      /^Error: tokens of gitlab need oidc, which says what they look like$/,
    );
  });
});

describe("the subjects of a job's tokens", () => {
  const ids = { ...repository, oidcSubject: "immutable", ownerId: 12, repositoryId: 345 } as const;

  it("are in GitHub's classic form the names", () => {
    assert.deepEqual(subjectsOf(repository, "production", "deploy"), [
      "repo:example-org/plants:environment:production",
    ]);
  });

  it("are in the immutable form names with ids", () => {
    assert.deepEqual(subjectsOf(ids, "production", "deploy"), [
      "repo:example-org@12/plants@345:environment:production",
    ]);
  });

  it("are for a preview those of its own environment and of pull requests", () => {
    assert.deepEqual(subjectsOf(ids, "production", "preview"), [
      "repo:example-org@12/plants@345:environment:production-preview",
      "repo:example-org@12/plants@345:pull_request",
    ]);
  });

  it("cannot be told in the immutable form without ids", () => {
    assert.throws(
      () => subjectsOf({ ...ids, repositoryId: undefined }, "production", "deploy"),
      /^Error: an immutable subject of example-org\/plants needs ownerId and repositoryId$/,
    );
  });
});
