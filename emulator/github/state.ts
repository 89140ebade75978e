import { z } from "zod";

/** What the GitHub service keeps, as it is on disk. Git's own data is in the bare repositories. */
const secret = z.object({ created_at: z.string(), updated_at: z.string(), locked: z.string() });
const variable = z.object({ name: z.string(), value: z.string(), created_at: z.string(), updated_at: z.string() });
const holder = { secrets: z.record(z.string(), secret), variables: z.record(z.string(), variable) };

/** A branch or tag name, or a pattern of names, that an environment takes deployments from. */
const branchPolicy = z.object({ id: z.int(), name: z.string(), type: z.enum(["branch", "tag"]) });

const environment = z.object({
  id: z.int(),
  name: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  wait_timer: z.int(),
  prevent_self_review: z.boolean(),
  can_admins_bypass: z.boolean().default(true),
  reviewers: z.array(z.object({ type: z.enum(["User", "Team"]), id: z.int() })),
  deployment_branch_policy: z
    .object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() })
    .nullable(),
  branch_policies: z.array(branchPolicy).default([]),
  ...holder,
});

const bypassActor = z.object({
  actor_id: z.int().nullable(),
  actor_type: z.enum(["Integration", "OrganizationAdmin", "RepositoryRole", "Team", "DeployKey", "User"]),
  bypass_mode: z.enum(["always", "pull_request", "exempt"]),
});

const ruleset = z.object({
  id: z.int(),
  name: z.string(),
  target: z.enum(["branch", "tag"]),
  enforcement: z.enum(["disabled", "active", "evaluate"]),
  bypass_actors: z.array(bypassActor),
  conditions: z.object({ ref_name: z.object({ include: z.array(z.string()), exclude: z.array(z.string()) }) }),
  rules: z.array(z.object({ type: z.string(), parameters: z.record(z.string(), z.unknown()).optional() })),
  created_at: z.string(),
  updated_at: z.string(),
});

/** What a repository is made with, in GitHub's own defaults. */
const actions = z.object({
  enabled: z.boolean().default(true),
  allowed_actions: z.enum(["all", "local_only", "selected"]).default("all"),
  sha_pinning_required: z.boolean().default(false),
  selected: z
    .object({
      github_owned_allowed: z.boolean(),
      verified_allowed: z.boolean(),
      patterns_allowed: z.array(z.string()),
    })
    .default({ github_owned_allowed: true, verified_allowed: false, patterns_allowed: [] }),
  default_workflow_permissions: z.enum(["read", "write"]).default("read"),
  can_approve_pull_request_reviews: z.boolean().default(false),
  oidc: z
    .object({ use_default: z.boolean(), include_claim_keys: z.array(z.string()).optional() })
    .default({ use_default: true }),
});

const comment = z.object({ id: z.int(), body: z.string(), created_at: z.string(), updated_at: z.string() });

/** A pull request, as far as comments need one: it stays open. */
const pullRequest = z.object({
  id: z.int(),
  number: z.int(),
  title: z.string(),
  body: z.string().nullable(),
  head: z.object({ ref: z.string(), sha: z.string() }),
  base: z.object({ ref: z.string(), sha: z.string() }),
  created_at: z.string(),
  updated_at: z.string(),
  comments: z.array(comment),
});

const repository = z.object({
  id: z.int(),
  owner: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  homepage: z.string().nullable(),
  visibility: z.enum(["public", "private", "internal"]),
  default_branch: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  environments: z.record(z.string(), environment),
  rulesets: z.array(ruleset).default([]),
  actions: actions.prefault({}),
  vulnerability_alerts: z.boolean().default(false),
  automated_security_fixes: z.boolean().default(false),
  pull_requests: z.array(pullRequest).default([]),
  ...holder,
});

/** Settings of GitHub Actions in a repository that nobody has changed. */
export const untouchedActions = (): ActionsState => actions.parse({});

export const githubState = z.object({ next_id: z.int(), repositories: z.record(z.string(), repository) });

export type SecretState = z.infer<typeof secret>;
export type VariableState = z.infer<typeof variable>;
export type EnvironmentState = z.infer<typeof environment>;
export type BranchPolicyState = z.infer<typeof branchPolicy>;
export type RulesetState = z.infer<typeof ruleset>;
export type ActionsState = z.infer<typeof actions>;
export type CommentState = z.infer<typeof comment>;
export type PullRequestState = z.infer<typeof pullRequest>;
export type RepositoryState = z.infer<typeof repository>;
export type GithubState = z.infer<typeof githubState>;

/** Where secrets and variables hang: a repository, or one of its environments. */
export interface Holder {
  secrets: Record<string, SecretState>;
  variables: Record<string, VariableState>;
}

/** Repositories and environments keep the case they were made with and are found in any. */
export const keyOf = (name: string) => name.toLowerCase();
