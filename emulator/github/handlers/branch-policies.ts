import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { GithubError, notFound } from "../errors.ts";
import { page } from "../paging.ts";
import { findEnvironment, findRepository, nodeId, param, type RestRequest, type RestResponse } from "../rest.ts";
import type { BranchPolicyState, GithubState } from "../state.ts";
import { takeId } from "../store.ts";

const name = text.min(1, "is empty");
const postBody = z.strictObject({ name, type: z.enum(["branch", "tag"], "must be branch or tag").optional() });
const putBody = z.strictObject({ name });

/** GET …/environments/{environment}/deployment-branch-policies */
export function listPolicies(request: RestRequest): RestResponse {
  const environment = findEnvironment(request);
  const repository = findRepository(request);
  const path = `/repos/${repository.owner}/${repository.name}/environments/${encodeURIComponent(environment.name)}`;
  const all = environment.branch_policies.map(present);
  return page(request, `${path}/deployment-branch-policies`, "branch_policies", all);
}

/** GET …/deployment-branch-policies/{id} */
export function getPolicy(request: RestRequest): RestResponse {
  return { status: 200, body: present(find(request)) };
}

/** POST …/deployment-branch-policies. The environment must take custom policies. */
export async function createPolicy(request: RestRequest): Promise<RestResponse> {
  const body = checkBody(postBody, request.body);
  const type = body.type ?? "branch";
  const made = await request.github.store.change((state) => {
    const environment = findEnvironment(request, state);
    if (environment.deployment_branch_policy?.custom_branch_policies !== true) throw notFound();
    if (environment.branch_policies.some((each) => each.name === body.name && each.type === type)) {
      throw new GithubError(303, "The same deployment branch policy exists already.");
    }
    const policy: BranchPolicyState = { id: takeId(state), name: body.name, type };
    environment.branch_policies.push(policy);
    return policy;
  });
  return { status: 200, body: present(made) };
}

/** PUT …/deployment-branch-policies/{id} */
export async function updatePolicy(request: RestRequest): Promise<RestResponse> {
  const body = checkBody(putBody, request.body);
  const changed = await request.github.store.change((state) => {
    const policy = find(request, state);
    policy.name = body.name;
    return policy;
  });
  return { status: 200, body: present(changed) };
}

/** DELETE …/deployment-branch-policies/{id} */
export async function deletePolicy(request: RestRequest): Promise<RestResponse> {
  await request.github.store.change((state) => {
    const { id } = find(request, state);
    const environment = findEnvironment(request, state);
    environment.branch_policies = environment.branch_policies.filter((each) => each.id !== id);
  });
  return { status: 204 };
}

function find(request: RestRequest, state?: GithubState): BranchPolicyState {
  const policies = findEnvironment(request, state).branch_policies;
  const found = policies.find(({ id }) => String(id) === param(request, "id"));
  if (found === undefined) throw notFound();
  return found;
}

const present = (policy: BranchPolicyState) => ({ ...policy, node_id: nodeId("DBP", policy.id) });
