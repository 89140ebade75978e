import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RepositoryRules, type RepositoryRulesArgs } from "../../components/repository-rules.ts";
import { codeOwners, dependabot } from "../../delivery/repository-files.ts";
import { only, record, tree } from "./mocks.ts";

const workflow = "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@0123 # v7\n";
const build = (args: Partial<RepositoryRulesArgs> = {}) =>
  new RepositoryRules("rules", {
    owner: "example-org",
    repository: "plants",
    files: { ".github/workflows/a.yml": workflow },
    ...args,
  });
const repository = "plants";
const main = { refName: { includes: ["refs/heads/main"], excludes: [] } };

describe("RepositoryRules", () => {
  it("has exactly these children", async () => {
    assert.deepEqual(tree(await record(() => build({ releaser: 7 }))), [
      ["ml-delivery:repository-rules:RepositoryRules", "rules"],
      ["github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions", "rules-actions"],
      ["github:index/repositoryVulnerabilityAlerts:RepositoryVulnerabilityAlerts", "rules-alerts"],
      ["pulumi-nodejs:dynamic/repository:RepositoryFiles", "rules-files"],
      ["github:index/repositoryRuleset:RepositoryRuleset", "rules-history"],
      ["github:index/repositoryRuleset:RepositoryRuleset", "rules-review"],
      [
        "github:index/actionsRepositoryOidcSubjectClaimCustomizationTemplate:ActionsRepositoryOidcSubjectClaimCustomizationTemplate",
        "rules-subject",
      ],
      ["github:index/repositoryRuleset:RepositoryRuleset", "rules-tags"],
      ["github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions", "rules-token"],
      ["github:index/repositoryDependabotSecurityUpdates:RepositoryDependabotSecurityUpdates", "rules-updates"],
    ]);
  });

  it("lets main change by reviewed pull request alone, where nothing else is said", async () => {
    assert.deepEqual(only(await record(() => build()), "rules-review").inputs, {
      repository,
      name: "main: reviewed",
      target: "branch",
      enforcement: "active",
      conditions: main,
      rules: {
        pullRequest: {
          requiredApprovingReviewCount: 1,
          requireCodeOwnerReview: false,
          dismissStaleReviewsOnPush: true,
          requireLastPushApproval: true,
          requiredReviewThreadResolution: true,
        },
      },
    });
  });

  it("asks code owners and checks, and lets the releaser past them", async () => {
    const args = { requiredReviews: 2, requiredChecks: ["Test"], codeOwners: ["@example-org/platform"], releaser: 7 };
    const { inputs } = only(await record(() => build(args)), "rules-review");
    assert.deepEqual(inputs.bypassActors, [{ actorId: 7, actorType: "Integration", bypassMode: "always" }]);
    assert.equal(inputs.rules.pullRequest.requiredApprovingReviewCount, 2);
    assert.equal(inputs.rules.pullRequest.requireCodeOwnerReview, true);
    assert.deepEqual(inputs.rules.requiredStatusChecks, {
      requiredChecks: [{ context: "Test", integrationId: 15368 }],
      strictRequiredStatusChecksPolicy: true,
    });
    const elsewhere = { ...args, files: { Jenkinsfile: "pipeline {}\n" } };
    const built = only(await record(() => build(elsewhere)), "rules-review").inputs;
    assert.deepEqual(built.rules.requiredStatusChecks.requiredChecks, [{ context: "Test" }]);
  });

  it("keeps what is on main and where version tags point, from everybody", async () => {
    const kept = { repository, enforcement: "active" };
    const seen = await record(() => build({ releaser: 7 }));
    assert.deepEqual(only(seen, "rules-history").inputs, {
      ...kept,
      name: "main: kept",
      target: "branch",
      conditions: main,
      rules: { deletion: true, nonFastForward: true, requiredLinearHistory: true },
    });
    assert.deepEqual(only(seen, "rules-tags").inputs, {
      ...kept,
      name: "versions: kept",
      target: "tag",
      conditions: { refName: { includes: ["refs/tags/v*"], excludes: [] } },
      rules: { update: true, deletion: true },
    });
    const merged = only(await record(() => build({ linearHistory: false })), "rules-history");
    assert.deepEqual(merged.inputs.rules, { deletion: true, nonFastForward: true });
  });

  it("allows the actions that its workflows use, pinned, and gives their jobs a token that reads", async () => {
    const seen = await record(() => build({ allowedActions: ["example-org/*@*"] }));
    assert.deepEqual(only(seen, "rules-actions").inputs, {
      repository,
      allowedActions: "selected",
      allowedActionsConfig: {
        githubOwnedAllowed: false,
        verifiedAllowed: false,
        patternsAlloweds: ["actions/checkout@*", "example-org/*@*"],
      },
      shaPinningRequired: true,
    });
    assert.deepEqual(only(seen, "rules-token").inputs, {
      repository,
      defaultWorkflowPermissions: "read",
      canApprovePullRequestReviews: false,
    });
    assert.deepEqual(only(seen, "rules-subject").inputs, { repository, useDefault: true });
    assert.deepEqual(only(seen, "rules-alerts").inputs, { repository, enabled: true });
    assert.deepEqual(only(seen, "rules-updates").inputs, { repository, enabled: true });
  });

  it("puts all files in place as one resource", async () => {
    const { __provider, ...inputs } = only(
      await record(() => build({ codeOwners: ["@example-org/platform"] })),
      "rules-files",
    ).inputs;
    assert.deepEqual(inputs, {
      owner: "example-org",
      repository,
      branch: "main",
      files: {
        ".github/workflows/a.yml": workflow,
        ".github/CODEOWNERS": codeOwners(["@example-org/platform"]),
        ".github/dependabot.yml": dependabot(),
      },
    });
    assert.match(__provider, /repository-files-provider\.ts/);
  });

  it("gives nobody code to own where nobody is named", async () => {
    const { inputs } = only(await record(() => build()), "rules-files");
    assert.deepEqual(Object.keys(inputs.files).sort(), [".github/dependabot.yml", ".github/workflows/a.yml"]);
  });
});
