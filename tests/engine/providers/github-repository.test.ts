import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Octokit } from "@octokit/rest";
import { createGithubService } from "../../../emulator/github/service.ts";
import { createProvidersService } from "../../../emulator/providers/service.ts";
import { createServiceHome, type ServiceHome } from "../../support/services.ts";
import { changedLines } from "./support/changes.ts";
import { createWorkbench, findPulumi, type Workbench } from "./support/workbench.ts";

const pulumi = findPulumi();
const base = { owner: "example-org", repo: "plants" };
const production = { ...base, environment_name: "production" };

/** One resource of every type that holds a repository's rules and settings. */
const program = (settings: { reviews: number; actions: string; token: string; branch: string }) => `
import * as github from "@pulumi/github";
const repository = "plants";
const environment = new github.RepositoryEnvironment("environment", { repository, environment: "production", canAdminsBypass: false,
  waitTimer: 5, preventSelfReview: true, reviewers: [{ teams: [7] }], deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true } });
new github.RepositoryEnvironmentDeploymentPolicy("policy", { repository, environment: environment.environment, branchPattern: "${settings.branch}" });
new github.RepositoryRuleset("review", { repository, name: "main: reviewed", target: "branch", enforcement: "active",
  bypassActors: [{ actorId: 9, actorType: "Integration", bypassMode: "always" }],
  conditions: { refName: { includes: ["refs/heads/main"], excludes: [] } },
  rules: { nonFastForward: true, pullRequest: { requiredApprovingReviewCount: ${settings.reviews}, requireCodeOwnerReview: true,
      dismissStaleReviewsOnPush: false, requireLastPushApproval: false, requiredReviewThreadResolution: false,
      allowedMergeMethods: ["merge", "squash", "rebase"] },
    requiredStatusChecks: { requiredChecks: [{ context: "test", integrationId: 15368 }], strictRequiredStatusChecksPolicy: true, doNotEnforceOnCreate: false } } });
new github.RepositoryRuleset("tags", { repository, target: "tag", enforcement: "active",
  conditions: { refName: { includes: ["refs/tags/v*"], excludes: [] } }, rules: { update: true, deletion: true } });
new github.ActionsRepositoryPermissions("actions", { repository, allowedActions: "selected", shaPinningRequired: true,
  allowedActionsConfig: { githubOwnedAllowed: false, verifiedAllowed: false, patternsAlloweds: ["${settings.actions}"] } });
new github.WorkflowRepositoryPermissions("token", { repository, defaultWorkflowPermissions: "${settings.token}", canApprovePullRequestReviews: false });
new github.ActionsRepositoryOidcSubjectClaimCustomizationTemplate("subject", { repository, useDefault: false, includeClaimKeys: ["repo", "context"] });
const alerts = new github.RepositoryVulnerabilityAlerts("alerts", { repository, enabled: true });
new github.RepositoryDependabotSecurityUpdates("updates", { repository, enabled: true }, { dependsOn: alerts });
`;
const first = { reviews: 1, actions: "actions/checkout@*", token: "read", branch: "main" };
const second = { reviews: 2, actions: "actions/*@*", token: "write", branch: "release/*" };

describe("a repository's rules and settings under the engine", {
  skip: pulumi === undefined && "not found: Pulumi CLI",
}, () => {
  let home: ServiceHome;
  let bench: Workbench;
  let octokit: Octokit;

  before(async () => {
    home = await createServiceHome();
    await home.start([createGithubService(), createProvidersService()]);
    octokit = new Octokit({ baseUrl: home.env["GITHUB_API_URL"] ?? "", auth: home.env["GITHUB_TOKEN"] });
    await octokit.repos.createInOrg({ org: base.owner, name: base.repo, auto_init: true });
    bench = await createWorkbench(pulumi ?? "", home.env, { "github:owner": base.owner });
    bench.write(program(first));
  });
  after(async () => {
    bench?.remove();
    await home.remove();
  });

  const rulesets = async () => {
    const { data } = await octokit.repos.getRepoRulesets(base);
    const whole = data.map(async ({ id }) => (await octokit.repos.getRepoRuleset({ ...base, ruleset_id: id })).data);
    return Promise.all(whole);
  };

  it("are made as GitHub's API then shows them, and are the same a second time", async () => {
    await bench.succeeds("up", "--yes", "--skip-preview");
    const [review, tags] = (await rulesets()).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual([review?.name, tags?.name, tags?.target], ["main: reviewed", "tags", "tag"]);
    assert.deepEqual(review?.bypass_actors, [{ actor_id: 9, actor_type: "Integration", bypass_mode: "always" }]);
    assert.deepEqual(
      review?.rules?.map(({ type }) => type),
      ["non_fast_forward", "pull_request", "required_status_checks"],
    );
    const { data } = await octokit.repos.listDeploymentBranchPolicies(production);
    assert.deepEqual(
      data.branch_policies.map(({ name }) => name),
      ["main"],
    );
    await bench.succeeds("preview", "--refresh", "--expect-no-changes");
  });

  it("change in place, each as that one value", async () => {
    bench.write(program(second));
    const lines = changedLines(await bench.succeeds("preview", "--diff")).filter((line) => line.includes("=>"));
    assert.deepEqual(
      lines.toSorted(),
      [
        '~ [0]: "actions/checkout@*" => "actions/*@*"',
        '~ branchPattern: "main" => "release/*"',
        '~ defaultWorkflowPermissions: "read" => "write"',
        "~ requiredApprovingReviewCount: 1 => 2",
      ].toSorted(),
    );
    assert.match(await bench.succeeds("up", "--yes", "--skip-preview"), /~ 4 updated/);
    const { data } = await octokit.actions.getAllowedActionsRepository(base);
    assert.deepEqual(data.patterns_allowed, ["actions/*@*"]);
  });

  it("show what somebody changed behind the engine's back", async () => {
    const [review] = (await rulesets()).filter(({ target }) => target === "branch");
    await octokit.repos.updateRepoRuleset({ ...base, ruleset_id: review?.id ?? 0, enforcement: "disabled" });
    await octokit.repos.disableVulnerabilityAlerts(base);
    await octokit.request("PUT /repos/{owner}/{repo}/environments/{environment_name}", {
      ...production,
      deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
    });
    const shown = changedLines(await bench.succeeds("preview", "--refresh", "--diff"));
    const lines = shown.map((line) => line.replace(/ +: /, ": "));
    const expected = [
      '~ enforcement: "disabled" => "active"',
      "~ enabled: false => true",
      "~ canAdminsBypass: true => false",
      "~ waitTimer: 0 => 5",
    ];
    assert.deepEqual(
      expected.filter((line) => !lines.includes(line)),
      [],
      lines.join("\n"),
    );
    await bench.succeeds("up", "--yes", "--skip-preview", "--refresh");
    await bench.succeeds("preview", "--refresh", "--expect-no-changes");
  });

  it("are imported by the ids that the provider documents", async () => {
    const [review] = (await rulesets()).filter(({ target }) => target === "branch");
    const { data } = await octokit.repos.listDeploymentBranchPolicies(production);
    const state = JSON.parse(await bench.succeeds("stack", "export")) as {
      deployment: { resources: { urn: string; type: string; id?: string }[] };
    };
    const made = state.deployment.resources.filter(({ type }) => type.startsWith("github:index/"));
    const imports: Record<string, string> = {
      review: `plants:${review?.id}`,
      policy: `plants:production:${data.branch_policies[0]?.id}`,
    };
    await bench.succeeds("state", "delete", "--all", "--yes", "--force");
    const resources = made
      .map(({ urn, type, id = "" }) => ({ type, name: urn.split("::").at(-1) ?? "", id }))
      .filter(({ name }) => name !== "tags")
      .map(({ type, name, id }) => ({ type, name, id: imports[name] ?? id }));
    writeFileSync(`${bench.folder}/import.json`, JSON.stringify({ resources }));
    const said = await bench.succeeds(
      "import",
      "--file",
      "import.json",
      "--yes",
      "--protect=false",
      "--generate-code=false",
    );
    assert.match(said, new RegExp(`= ${resources.length} imported`));
    bench.write(program(second).replace(/new github.RepositoryRuleset\("tags"[\s\S]*?\);\n/, ""));
    await bench.succeeds("preview", "--expect-no-changes");
  });

  it("go, and leave GitHub's own settings behind", async () => {
    await bench.succeeds("destroy", "--yes", "--skip-preview");
    assert.deepEqual(
      (await rulesets()).map(({ name }) => name),
      ["tags"],
    );
    const { data } = await octokit.actions.getGithubActionsPermissionsRepository(base);
    assert.equal(data.allowed_actions, "all");
    const token = await octokit.actions.getGithubActionsDefaultWorkflowPermissionsRepository(base);
    assert.equal(token.data.default_workflow_permissions, "read");
    assert.deepEqual((await octokit.actions.getCustomOidcSubClaimForRepo(base)).data, { use_default: true });
    await assert.rejects(octokit.repos.checkVulnerabilityAlerts(base), { status: 404 });
    await assert.rejects(octokit.repos.getEnvironment(production), { status: 404 });
  });
});
