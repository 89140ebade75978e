import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { only, type Registered, record, root, stackConfig } from "./mocks.ts";

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, { readonly name: string; readonly environment?: string | { name: string } }>>;
}

const workflows: readonly Workflow[] = readdirSync(join(root, "ci/github")).map((file) =>
  parse(readFileSync(join(root, "ci/github", file), "utf8")),
);

/** Names of variables by the environment whose jobs read them. */
function reads(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const job of workflows.flatMap(({ jobs }) => Object.values(jobs))) {
    const environment = typeof job.environment === "object" ? job.environment.name : job.environment;
    if (environment === undefined) continue;
    const names = found.get(environment) ?? new Set<string>();
    for (const [, name = ""] of JSON.stringify(job).matchAll(/\bvars\.(\w+)/g)) names.add(name);
    found.set(environment, names);
  }
  return found;
}

describe("the repository of production", () => {
  const seen = new Map<string, Registered[]>();
  before(async () => {
    for (const stack of ["staging", "production"]) {
      const texts = Object.entries(stackConfig(stack)).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]);
      pulumi.runtime.setAllConfig(Object.fromEntries(texts));
      seen.set(stack, await record(() => import(`../../index.ts?repository-${stack}`), { stack }));
    }
  });
  const inProduction = (name: string) => only(seen.get("production") ?? [], name).inputs;

  it("asks a team, not the one who started it, and no administrator gets past (CI-10)", () => {
    const { reviewers, preventSelfReview, canAdminsBypass, deploymentBranchPolicy } =
      inProduction("repository-environment");
    assert.ok(reviewers[0].teams.length > 0);
    assert.deepEqual([preventSelfReview, canAdminsBypass], [true, false]);
    assert.deepEqual(deploymentBranchPolicy, { protectedBranches: false, customBranchPolicies: true });
    const branches = (seen.get("production") ?? []).filter(({ name }) => name.startsWith("repository-from-"));
    assert.deepEqual(
      branches.map(({ inputs }) => inputs.branchPattern),
      ["main"],
    );
  });

  it("merges what was reviewed, by code owners too, and what its own checks have passed", () => {
    const { rules, bypassActors } = inProduction("repository-rules-review");
    assert.equal(rules.pullRequest.requiredApprovingReviewCount, 1);
    assert.equal(rules.pullRequest.requireCodeOwnerReview, true);
    assert.equal(bypassActors.length, 1);
    const onPullRequests = workflows.filter(({ on }) => "pull_request" in on);
    const names = onPullRequests.flatMap(({ jobs }) => Object.values(jobs).map(({ name }) => name));
    const required = rules.requiredStatusChecks.requiredChecks.map(({ context }: { context: string }) => context);
    assert.ok(required.length > 0);
    assert.deepEqual(
      required.filter((context: string) => !names.includes(context)),
      [],
    );
  });

  it("lets no action run but those of its workflows, and those pinned", () => {
    const { allowedActions, allowedActionsConfig, shaPinningRequired } = inProduction("repository-rules-actions");
    assert.deepEqual([allowedActions, shaPinningRequired], ["selected", true]);
    const used = workflows.flatMap((workflow) =>
      [...JSON.stringify(workflow).matchAll(/"uses":"([^"@]+)@[0-9a-f]{40}"/g)].map(([, action]) => `${action}@*`),
    );
    assert.deepEqual(allowedActionsConfig.patternsAlloweds, [...new Set(used)].sort());
  });

  it("has secrets in environments only", () => {
    for (const resources of seen.values()) {
      const secrets = resources.filter(({ type }) => /Secret$/.test(type) && type.startsWith("github:"));
      assert.deepEqual(
        secrets.filter(({ inputs }) => inputs.environment === undefined),
        [],
      );
    }
  });

  it("tells each environment what its jobs read, and no name that no job reads", () => {
    const read = reads();
    const anywhere = new Set([...read.values()].flatMap((names) => [...names]));
    for (const stack of ["staging", "production"]) {
      for (const environment of [stack, `${stack}-preview`]) {
        const offered = (seen.get(stack) ?? [])
          .filter(
            ({ type, inputs }) => type.endsWith(":ActionsEnvironmentVariable") && inputs.environment === environment,
          )
          .map(({ inputs }) => inputs.variableName as string);
        // Where the state lies is known before there is a stack, and an MLflow is a team's own: whoever sets up says it.
        const missing = [...(read.get(environment) ?? [])].filter((name) => !offered.includes(name)).sort();
        const byHand =
          environment === "staging" ? ["MLFLOW_TRACKING_URI", "PULUMI_BACKEND_URL"] : ["PULUMI_BACKEND_URL"];
        assert.deepEqual(missing, byHand, environment);
        const unread = environment === stack ? anywhere : (read.get(environment) ?? new Set());
        assert.deepEqual(
          offered.filter((name) => !unread.has(name)),
          [],
          environment,
        );
      }
    }
  });
});
