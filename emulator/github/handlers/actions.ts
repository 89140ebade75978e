import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { GithubError, validationFailed } from "../errors.ts";
import { findRepository, type RestRequest, type RestResponse, repositoryUrl } from "../rest.ts";
import type { ActionsState } from "../state.ts";

const flag = z.boolean("is not a boolean");
const permissionsBody = z.strictObject({
  enabled: flag,
  allowed_actions: z.enum(["all", "local_only", "selected"], "must be all, local_only or selected").optional(),
  sha_pinning_required: flag.optional(),
});
const selectedBody = z.strictObject({
  github_owned_allowed: flag.optional(),
  verified_allowed: flag.optional(),
  patterns_allowed: z.array(text, "is not an array").optional(),
});
const workflowBody = z.strictObject({
  default_workflow_permissions: z.enum(["read", "write"], "must be read or write").optional(),
  can_approve_pull_request_reviews: flag.optional(),
});
const subjectBody = z.strictObject({
  use_default: flag,
  include_claim_keys: z.array(text, "is not an array").optional(),
});

/** GET …/actions/permissions */
export function getPermissions(request: RestRequest): RestResponse {
  const repository = findRepository(request);
  const { enabled, allowed_actions, sha_pinning_required } = repository.actions;
  const url = `${repositoryUrl(request.github, repository)}/actions/permissions/selected-actions`;
  const selected = allowed_actions === "selected" ? { selected_actions_url: url } : {};
  return {
    status: 200,
    body: enabled ? { enabled, allowed_actions, sha_pinning_required, ...selected } : { enabled, sha_pinning_required },
  };
}

/** PUT …/actions/permissions */
export async function putPermissions(request: RestRequest): Promise<RestResponse> {
  return change(request, checkBody(permissionsBody, request.body));
}

/** GET …/actions/permissions/selected-actions */
export function getSelectedActions(request: RestRequest): RestResponse {
  const { actions } = findRepository(request);
  checkSelected(actions);
  return { status: 200, body: actions.selected };
}

/** PUT …/actions/permissions/selected-actions */
export async function putSelectedActions(request: RestRequest): Promise<RestResponse> {
  const body = checkBody(selectedBody, request.body);
  const { actions } = findRepository(request);
  checkSelected(actions);
  const bad = (body.patterns_allowed ?? []).find((pattern) => !/^[\w.*-]+\/[\w.*/-]+(@[\w.*/-]+)?$/.test(pattern));
  if (bad !== undefined) throw validationFailed([`"${bad}" is not a pattern of actions, as owner/name@*`]);
  return change(request, {
    selected: {
      github_owned_allowed: body.github_owned_allowed ?? false,
      verified_allowed: body.verified_allowed ?? false,
      patterns_allowed: body.patterns_allowed ?? [],
    },
  });
}

/** GET …/actions/permissions/workflow: what a job's token may do that says nothing about it. */
export function getWorkflowPermissions(request: RestRequest): RestResponse {
  const { default_workflow_permissions, can_approve_pull_request_reviews } = findRepository(request).actions;
  return { status: 200, body: { default_workflow_permissions, can_approve_pull_request_reviews } };
}

/** PUT …/actions/permissions/workflow */
export async function putWorkflowPermissions(request: RestRequest): Promise<RestResponse> {
  return change(request, checkBody(workflowBody, request.body));
}

/** GET …/actions/oidc/customization/sub */
export function getSubject(request: RestRequest): RestResponse {
  return { status: 200, body: findRepository(request).actions.oidc };
}

/** PUT …/actions/oidc/customization/sub */
export async function putSubject(request: RestRequest): Promise<RestResponse> {
  const { use_default, include_claim_keys } = checkBody(subjectBody, request.body);
  const bad = include_claim_keys?.find((key) => !/^[A-Za-z0-9_]+$/.test(key));
  if (bad !== undefined)
    throw validationFailed([`include_claim_keys: "${bad}" is not letters, digits and underscores`]);
  if (use_default && include_claim_keys !== undefined) {
    throw validationFailed(["include_claim_keys cannot be given where use_default is true"]);
  }
  await change(request, {
    oidc: include_claim_keys === undefined ? { use_default } : { use_default, include_claim_keys },
  });
  return { status: 201, body: {} };
}

function checkSelected({ enabled, allowed_actions }: ActionsState): void {
  if (enabled && allowed_actions === "selected") return;
  throw new GithubError(409, "The repository's policy for allowed_actions is not `selected`.");
}

type Draft = { readonly [K in keyof ActionsState]?: ActionsState[K] | undefined };

async function change(request: RestRequest, next: Draft): Promise<RestResponse> {
  const given = Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined));
  await request.github.store.change((state) => {
    Object.assign(findRepository(request, state).actions, given);
  });
  return { status: 204 };
}
