import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Octokit } from "@octokit/rest";
import { type GithubHome, openGithub, refused } from "./github-home.ts";

const base = { owner: "example-org", repo: "plant-classifier" };
const production = { ...base, environment_name: "production" };

let home: GithubHome;
let octokit: Octokit;

before(async () => {
  home = await openGithub();
  octokit = home.octokit();
  await octokit.repos.createInOrg({ org: base.owner, name: base.repo });
});
after(() => home.close());

describe("an environment's branch policies", () => {
  const custom = { protected_branches: false, custom_branch_policies: true };
  const put = (rules: object) => octokit.repos.createOrUpdateEnvironment({ ...production, ...rules });

  it("are taken where the environment has custom ones, once each", async () => {
    await put({});
    const create = (name: string) => octokit.repos.createDeploymentBranchPolicy({ ...production, name });
    assert.deepEqual(await refused(create("main")), [404, "Not Found"]);
    await put({ deployment_branch_policy: custom, can_admins_bypass: false });
    const { data } = await create("main");
    assert.deepEqual([data.name, data.type], ["main", "branch"]);
    const address = { ...production, branch_policy_id: data.id ?? 0 };
    assert.equal((await octokit.repos.getDeploymentBranchPolicy(address)).data.name, "main");
    const renamed = await octokit.repos.updateDeploymentBranchPolicy({ ...address, name: "release/*" });
    assert.equal(renamed.data.name, "release/*");
    assert.equal((await octokit.repos.listDeploymentBranchPolicies(production)).data.total_count, 1);
    await octokit.repos.deleteDeploymentBranchPolicy(address);
    assert.deepEqual(await refused(octokit.repos.getDeploymentBranchPolicy(address)), [404, "Not Found"]);
  });

  it("stay over a change of other rules and go with the custom policy", async () => {
    await octokit.repos.createDeploymentBranchPolicy({ ...production, name: "v*", type: "tag" });
    await put({ deployment_branch_policy: custom, wait_timer: 5, can_admins_bypass: false });
    const list = () => octokit.repos.listDeploymentBranchPolicies(production);
    assert.deepEqual(
      (await list()).data.branch_policies.map(({ name, type }) => [name, type]),
      [["v*", "tag"]],
    );
    const { data } = await octokit.repos.getEnvironment(production);
    assert.equal((data as { can_admins_bypass?: boolean }).can_admins_bypass, false);
    await put({});
    assert.equal((await list()).data.total_count, 0);
  });
});

describe("settings of Actions", () => {
  it("begin as GitHub's own and hold what is written", async () => {
    const permissions = () => octokit.actions.getGithubActionsPermissionsRepository(base);
    assert.deepEqual((await permissions()).data, {
      enabled: true,
      allowed_actions: "all",
      sha_pinning_required: false,
    });
    const patterns = { github_owned_allowed: false, verified_allowed: false, patterns_allowed: ["actions/checkout@*"] };
    assert.equal((await refused(octokit.actions.setAllowedActionsRepository({ ...base, ...patterns })))[0], 409);
    await octokit.request("PUT /repos/{owner}/{repo}/actions/permissions", {
      ...base,
      enabled: true,
      allowed_actions: "selected",
      sha_pinning_required: true,
    });
    await octokit.actions.setAllowedActionsRepository({ ...base, ...patterns });
    assert.deepEqual((await octokit.actions.getAllowedActionsRepository(base)).data, patterns);
    const { selected_actions_url: _, ...rest } = (await permissions()).data;
    assert.deepEqual(rest, { enabled: true, allowed_actions: "selected", sha_pinning_required: true });
    const bad = octokit.actions.setAllowedActionsRepository({ ...base, patterns_allowed: ["checkout"] });
    assert.deepEqual(await refused(bad), [422, "Validation Failed"]);
  });

  it("say what a job's token may do", async () => {
    const read = async () => (await octokit.actions.getGithubActionsDefaultWorkflowPermissionsRepository(base)).data;
    assert.deepEqual(await read(), { default_workflow_permissions: "read", can_approve_pull_request_reviews: false });
    const write = { ...base, default_workflow_permissions: "write" as const };
    await octokit.actions.setGithubActionsDefaultWorkflowPermissionsRepository(write);
    assert.deepEqual(await read(), { default_workflow_permissions: "write", can_approve_pull_request_reviews: false });
  });

  it("keep the template of the subject that jobs show to clouds", async () => {
    const set = (body: { use_default: boolean; include_claim_keys?: string[] }) =>
      octokit.actions.setCustomOidcSubClaimForRepo({ ...base, ...body });
    await set({ use_default: false, include_claim_keys: ["repo", "context"] });
    const template = async () => (await octokit.actions.getCustomOidcSubClaimForRepo(base)).data;
    assert.deepEqual(await template(), { use_default: false, include_claim_keys: ["repo", "context"] });
    assert.equal((await refused(set({ use_default: false, include_claim_keys: ["repo:"] })))[0], 422);
    await set({ use_default: true });
    assert.deepEqual(await template(), { use_default: true });
  });
});

describe("alerts", () => {
  it("are on or off, and mending needs them on", async () => {
    const fixes = () => octokit.repos.enableAutomatedSecurityFixes(base);
    assert.deepEqual(await refused(octokit.repos.checkVulnerabilityAlerts(base)), [404, "Not Found"]);
    assert.deepEqual(await refused(fixes()), [
      422,
      "Vulnerability alerts must be enabled to configure Dependabot security updates.",
    ]);
    await octokit.repos.enableVulnerabilityAlerts(base);
    assert.equal((await octokit.repos.checkVulnerabilityAlerts(base)).status, 204);
    await fixes();
    assert.equal((await octokit.repos.checkAutomatedSecurityFixes(base)).data.enabled, true);
    await octokit.repos.disableVulnerabilityAlerts(base);
    assert.equal((await octokit.repos.checkAutomatedSecurityFixes(base)).data.enabled, false);
  });
});

describe("settings", () => {
  it("survive a restart, and a state written before there were any", async () => {
    await octokit.repos.enableVulnerabilityAlerts(base);
    const state = JSON.parse(home.read("state.json"));
    await home.restart();
    octokit = home.octokit();
    assert.equal((await octokit.repos.checkVulnerabilityAlerts(base)).status, 204);
    const repository = state.repositories["example-org/plant-classifier"];
    for (const name of ["rulesets", "actions", "vulnerability_alerts", "automated_security_fixes"]) {
      delete repository[name];
    }
    const { githubState } = await import("../../../emulator/github/state.ts");
    const read = githubState.parse(state).repositories["example-org/plant-classifier"];
    assert.deepEqual([read?.rulesets, read?.actions.allowed_actions], [[], "all"]);
  });
});
