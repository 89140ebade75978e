import { ActionsRepositoryOidcSubjectClaimCustomizationTemplate } from "@pulumi/github/actionsRepositoryOidcSubjectClaimCustomizationTemplate.js";
import { ActionsRepositoryPermissions } from "@pulumi/github/actionsRepositoryPermissions.js";
import { RepositoryDependabotSecurityUpdates } from "@pulumi/github/repositoryDependabotSecurityUpdates.js";
import { RepositoryRuleset } from "@pulumi/github/repositoryRuleset.js";
import { RepositoryVulnerabilityAlerts } from "@pulumi/github/repositoryVulnerabilityAlerts.js";
import { WorkflowRepositoryPermissions } from "@pulumi/github/workflowRepositoryPermissions.js";
import * as pulumi from "@pulumi/pulumi";
import type { Files } from "../delivery/github.ts";
import { actionsIn, codeOwners, dependabot } from "../delivery/repository-files.ts";
import { RepositoryFiles } from "./repository-files.ts";

/** Arguments of {@link RepositoryRules}. */
export interface RepositoryRulesArgs {
  readonly owner: string;
  /** Name of the repository, without its owner. It exists already, with a first commit. */
  readonly repository: string;
  /** Workflows and the like, texts by path. CODEOWNERS and Dependabot's settings are added. */
  readonly files: Files;
  /** Approvals that a pull request needs, 0 to 10. @default 1 */
  readonly requiredReviews?: number | undefined;
  /** Checks that must have passed on a pull request, by the names of their jobs. @default - none */
  readonly requiredChecks?: readonly string[] | undefined;
  /** Whether `main` takes no merge commits. @default true */
  readonly linearHistory?: boolean | undefined;
  /** Users and teams (`@org/team`) that must agree to changes of workflows, stack files and components. @default - nobody */
  readonly codeOwners?: readonly string[] | undefined;
  /** Actions beside those that `files` use, as `owner/name@*`. @default - none */
  readonly allowedActions?: readonly string[] | undefined;
  /**
   * Id of the GitHub App that commits to `main` without a pull request: releases, and this component's files.
   * @default - nobody does; a release in CI is live, and not written down
   */
  readonly releaser?: number | undefined;
}

const branch = "main";

/**
 * What a repository has once: its files for CI, who may change `main` and version tags and how, what Actions may run and
 * do. One stack makes it for all.
 *
 * Costs nothing; private repositories need GitHub Team for rulesets. Deleting it takes the files off `main`, and lets
 * everybody with write access push there; environments, secrets and what serves stay.
 */
export class RepositoryRules extends pulumi.ComponentResource {
  static readonly type = "ml-delivery:repository-rules:RepositoryRules";

  /** The commit that put the files in place. */
  readonly commit: pulumi.Output<string>;

  constructor(name: string, args: RepositoryRulesArgs, opts?: pulumi.ComponentResourceOptions) {
    super(RepositoryRules.type, name, {}, opts);
    const files = new RepositoryFiles(`${name}-files`, fileArgs(args), { parent: this });
    // Rules come after the files: the first update may be run by a person whom they will hold up.
    const ruled = { parent: this, dependsOn: files };
    new RepositoryRuleset(`${name}-review`, review(args), ruled);
    new RepositoryRuleset(`${name}-history`, history(args), ruled);
    new RepositoryRuleset(`${name}-tags`, tags(args), ruled);
    createActionsSettings(name, args, this);
    createAlerts(name, args.repository, this);
    if (args.releaser === undefined) warnOfUnwritten(this);

    this.commit = files.commit;
    this.registerOutputs({ commit: this.commit });
  }
}

function fileArgs({ owner, repository, files, codeOwners: owners = [] }: RepositoryRulesArgs) {
  const added = {
    ...(owners.length === 0 ? {} : { ".github/CODEOWNERS": codeOwners(owners) }),
    ".github/dependabot.yml": dependabot(),
  };
  return { owner, repository, branch, files: { ...files, ...added } };
}

/** Changes of `main` come by reviewed pull request, but for the releaser's: a release cannot wait for one. */
function review(args: RepositoryRulesArgs) {
  const { releaser, requiredReviews = 1, requiredChecks = [], codeOwners: owners = [] } = args;
  // A check of the same name by anybody but the CI system does not count, where GitHub's own is it.
  const reporter = actionsIn(args.files).length > 0 ? { integrationId: actionsApp } : {};
  return {
    ...ruleset(args, "main: reviewed", "branch", `refs/heads/${branch}`),
    ...(releaser === undefined
      ? {}
      : { bypassActors: [{ actorId: releaser, actorType: "Integration", bypassMode: "always" }] }),
    rules: {
      pullRequest: {
        requiredApprovingReviewCount: requiredReviews,
        requireCodeOwnerReview: owners.length > 0,
        // What was approved is what is merged, and whoever pushed last is not the one who approves.
        dismissStaleReviewsOnPush: true,
        requireLastPushApproval: requiredReviews > 0,
        requiredReviewThreadResolution: true,
      },
      ...(requiredChecks.length === 0
        ? {}
        : {
            requiredStatusChecks: {
              requiredChecks: requiredChecks.map((context) => ({ context, ...reporter })),
              strictRequiredStatusChecksPolicy: true,
            },
          }),
    },
  };
}

/** The id of GitHub Actions among GitHub's Apps. */
const actionsApp = 15368;

/** What is on `main` stays there. Nobody passes, the releaser and administrators neither. */
function history({ linearHistory = true, ...args }: RepositoryRulesArgs) {
  return {
    ...ruleset(args, "main: kept", "branch", `refs/heads/${branch}`),
    rules: { deletion: true, nonFastForward: true, ...(linearHistory ? { requiredLinearHistory: true } : {}) },
  };
}

/** A version's tag names one commit for ever. */
function tags(args: RepositoryRulesArgs) {
  return { ...ruleset(args, "versions: kept", "tag", "refs/tags/v*"), rules: { update: true, deletion: true } };
}

function ruleset({ repository }: RepositoryRulesArgs, name: string, target: "branch" | "tag", ref: string) {
  return {
    repository,
    name,
    target,
    enforcement: "active",
    conditions: { refName: { includes: [ref], excludes: [] } },
  };
}

function createActionsSettings(name: string, args: RepositoryRulesArgs, parent: pulumi.Resource): void {
  const { repository, files, allowedActions = [] } = args;
  new ActionsRepositoryPermissions(
    `${name}-actions`,
    {
      repository,
      allowedActions: "selected",
      allowedActionsConfig: {
        githubOwnedAllowed: false,
        verifiedAllowed: false,
        patternsAlloweds: [...new Set([...actionsIn(files), ...allowedActions])].sort(),
      },
      shaPinningRequired: true,
    },
    { parent },
  );
  new WorkflowRepositoryPermissions(
    `${name}-token`,
    { repository, defaultWorkflowPermissions: "read", canApprovePullRequestReviews: false },
    { parent },
  );
  // Clouds trust jobs by a subject in GitHub's own form; an organization's template would make it another.
  new ActionsRepositoryOidcSubjectClaimCustomizationTemplate(
    `${name}-subject`,
    { repository, useDefault: true },
    { parent },
  );
}

function createAlerts(name: string, repository: string, parent: pulumi.Resource): void {
  const alerts = new RepositoryVulnerabilityAlerts(`${name}-alerts`, { repository, enabled: true }, { parent });
  new RepositoryDependabotSecurityUpdates(
    `${name}-updates`,
    { repository, enabled: true },
    { parent, dependsOn: alerts },
  );
}

function warnOfUnwritten(resource: pulumi.Resource): void {
  const text =
    "Nobody may commit to main without a pull request: deploy, promote and rollback in CI cannot write down what they " +
    "did. Set ml-delivery:repository.releaser to the id of a GitHub App of yours (docs/decisions/repository.md).";
  void pulumi.log.warn(text, resource);
}
