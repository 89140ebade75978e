import { z } from "zod";
import { checkBody } from "../body.ts";
import { invalidRequest, validationFailed } from "../errors.ts";
import { page } from "../paging.ts";
import {
  findEnvironment,
  findRepository,
  type Github,
  nodeId,
  param,
  type RestRequest,
  type RestResponse,
  repositoryUrl,
} from "../rest.ts";
import { type EnvironmentState, keyOf, type RepositoryState } from "../state.ts";
import { takeId } from "../store.ts";

const flag = z.boolean("is not a boolean");
const reviewer = z.strictObject({
  type: z.enum(["User", "Team"], "must be User or Team"),
  id: z.int("is not an integer"),
});
const putBody = z.strictObject({
  wait_timer: z
    .int("is not an integer")
    .min(0, "is less than 0")
    .max(43_200, "is more than 43200 (30 days)")
    .optional(),
  prevent_self_review: flag.optional(),
  can_admins_bypass: flag.optional(),
  reviewers: z.array(reviewer, "is not an array").max(6, "has more than 6 items").nullable().optional(),
  deployment_branch_policy: z
    .strictObject({ protected_branches: flag, custom_branch_policies: flag })
    .nullable()
    .optional(),
});

/** GET /repos/{owner}/{repo}/environments */
export function listEnvironments(request: RestRequest): RestResponse {
  const repository = findRepository(request);
  const all = Object.values(repository.environments).map((each) => present(request.github, repository, each));
  return page(request, `/repos/${repository.owner}/${repository.name}/environments`, "environments", all);
}

/** GET /repos/{owner}/{repo}/environments/{environment} */
export function getEnvironment(request: RestRequest): RestResponse {
  return { status: 200, body: present(request.github, findRepository(request), findEnvironment(request)) };
}

/** PUT: makes the environment, or gives it exactly these rules; what the body leaves out is taken away. */
export async function putEnvironment(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const name = param(request, "environment");
  const body = checkBody(putBody, request.body);
  const policy = body.deployment_branch_policy ?? null;
  if (policy !== null && policy.protected_branches === policy.custom_branch_policies) {
    throw validationFailed(["protected_branches and custom_branch_policies cannot have the same value"]);
  }
  if (name.length > 255 || /['"`,;\\]/.test(name)) throw invalidRequest(`"${name}" is not a valid environment name.`);
  const body200 = await github.store.change((state) => {
    const repository = findRepository(request, state);
    const before = repository.environments[keyOf(name)];
    const environment: EnvironmentState = {
      id: before?.id ?? takeId(state),
      name: before?.name ?? name,
      created_at: before?.created_at ?? github.now(),
      updated_at: github.now(),
      wait_timer: body.wait_timer ?? 0,
      prevent_self_review: body.prevent_self_review ?? false,
      can_admins_bypass: body.can_admins_bypass ?? true,
      reviewers: body.reviewers ?? [],
      deployment_branch_policy: policy,
      branch_policies: policy?.custom_branch_policies === true ? (before?.branch_policies ?? []) : [],
      secrets: before?.secrets ?? {},
      variables: before?.variables ?? {},
    };
    repository.environments[keyOf(name)] = environment;
    return present(github, repository, environment);
  });
  return { status: 200, body: body200 };
}

/** DELETE: its secrets and variables go with it. */
export async function deleteEnvironment(request: RestRequest): Promise<RestResponse> {
  await request.github.store.change((state) => {
    const environment = findEnvironment(request, state);
    delete findRepository(request, state).environments[keyOf(environment.name)];
  });
  return { status: 204 };
}

function present(github: Github, repository: RepositoryState, environment: EnvironmentState) {
  const { id, name, created_at, updated_at, can_admins_bypass, deployment_branch_policy } = environment;
  const url = `${repositoryUrl(github, repository)}/environments/${encodeURIComponent(name)}`;
  return {
    id,
    node_id: nodeId("EN", id),
    name,
    url,
    html_url: url,
    created_at,
    updated_at,
    can_admins_bypass,
    protection_rules: protectionRules(environment),
    deployment_branch_policy,
  };
}

function protectionRules(environment: EnvironmentState): Record<string, unknown>[] {
  const { id, wait_timer, reviewers, prevent_self_review, deployment_branch_policy } = environment;
  const rule = (offset: number, type: string, more: object) => {
    const own = id * 10 + offset;
    return { id: own, node_id: nodeId("GA", own), type, ...more };
  };
  return [
    ...(wait_timer > 0 ? [rule(1, "wait_timer", { wait_timer })] : []),
    ...(reviewers.length > 0 || prevent_self_review
      ? [
          rule(2, "required_reviewers", {
            prevent_self_review,
            // There are no accounts here, so a reviewer is an id and nothing more.
            reviewers: reviewers.map((each) => ({ type: each.type, reviewer: { id: each.id, type: each.type } })),
          }),
        ]
      : []),
    ...(deployment_branch_policy === null ? [] : [rule(3, "branch_policy", {})]),
  ];
}
