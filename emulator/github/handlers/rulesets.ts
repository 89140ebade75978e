import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { notFound, validationFailed } from "../errors.ts";
import {
  findRepository,
  type Github,
  nodeId,
  param,
  type RestRequest,
  type RestResponse,
  repositoryUrl,
} from "../rest.ts";
import { canPass } from "../rules.ts";
import type { GithubState, RepositoryState, RulesetState } from "../state.ts";
import { takeId } from "../store.ts";
import { rule } from "./rule-schemas.ts";

const bypassActor = z.strictObject({
  actor_id: z.int("is not an integer").nullable().optional(),
  actor_type: z.enum(
    ["Integration", "OrganizationAdmin", "RepositoryRole", "Team", "DeployKey", "User"],
    "is not a kind of actor",
  ),
  bypass_mode: z.enum(["always", "pull_request", "exempt"], "must be always, pull_request or exempt").optional(),
});
const fields = {
  target: z.enum(["branch", "tag"], "must be branch or tag; the emulator does not offer push rulesets").optional(),
  bypass_actors: z.array(bypassActor, "is not an array").optional(),
  conditions: z
    .strictObject({ ref_name: z.strictObject({ include: z.array(text), exclude: z.array(text) }) })
    .optional(),
  rules: z.array(rule, "is not an array").optional(),
};
const enforcement = z.enum(["disabled", "active", "evaluate"], "must be disabled, active or evaluate");
const postBody = z.strictObject({ name: text, enforcement, ...fields });
const putBody = z.strictObject({ name: text.optional(), enforcement: enforcement.optional(), ...fields });

/** GET /repos/{owner}/{repo}/rulesets: without their rules, as GitHub lists them. */
export function listRulesets(request: RestRequest): RestResponse {
  const repository = findRepository(request);
  const all = repository.rulesets.map((each) => summary(request.github, repository, each));
  return { status: 200, body: all };
}

/** GET …/rulesets/{id} */
export function getRuleset(request: RestRequest): RestResponse {
  return { status: 200, body: present(request.github, findRepository(request), find(request)) };
}

/** POST …/rulesets */
export async function createRuleset(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const body = checkBody(postBody, request.body);
  const shown = await github.store.change((state) => {
    const repository = findRepository(request, state);
    const now = github.now();
    const made = check(repository, {
      id: takeId(state),
      name: body.name,
      target: body.target ?? "branch",
      enforcement: body.enforcement,
      bypass_actors: actors(body.bypass_actors ?? []),
      conditions: body.conditions ?? { ref_name: { include: [], exclude: [] } },
      rules: body.rules ?? [],
      created_at: now,
      updated_at: now,
    });
    repository.rulesets.push(made);
    return present(github, repository, made);
  });
  return { status: 201, body: shown };
}

/** PUT …/rulesets/{id}: what the body leaves out stays. */
export async function updateRuleset(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const body = checkBody(putBody, request.body);
  const shown = await github.store.change((state) => {
    const repository = findRepository(request, state);
    const found = find(request, state);
    const next = check(repository, {
      ...found,
      name: body.name ?? found.name,
      target: body.target ?? found.target,
      enforcement: body.enforcement ?? found.enforcement,
      bypass_actors: body.bypass_actors === undefined ? found.bypass_actors : actors(body.bypass_actors),
      conditions: body.conditions ?? found.conditions,
      rules: body.rules ?? found.rules,
      updated_at: github.now(),
    });
    Object.assign(found, next);
    return present(github, repository, found);
  });
  return { status: 200, body: shown };
}

/** DELETE …/rulesets/{id} */
export async function deleteRuleset(request: RestRequest): Promise<RestResponse> {
  await request.github.store.change((state) => {
    const repository = findRepository(request, state);
    const { id } = find(request, state);
    repository.rulesets = repository.rulesets.filter((each) => each.id !== id);
  });
  return { status: 204 };
}

function find(request: RestRequest, state?: GithubState): RulesetState {
  const found = findRepository(request, state).rulesets.find(({ id }) => String(id) === param(request, "id"));
  if (found === undefined) throw notFound();
  return found;
}

function actors(given: readonly z.infer<typeof bypassActor>[]): RulesetState["bypass_actors"] {
  return given.map(({ actor_id, actor_type, bypass_mode }) => ({
    // GitHub gives these kinds no id of their own.
    actor_id: actor_type === "OrganizationAdmin" || actor_type === "DeployKey" ? null : (actor_id ?? null),
    actor_type,
    bypass_mode: bypass_mode ?? "always",
  }));
}

/** What no single field tells. */
function check(repository: RepositoryState, ruleset: RulesetState): RulesetState {
  const errors: string[] = [];
  if (repository.rulesets.some(({ id, name }) => id !== ruleset.id && name === ruleset.name)) {
    errors.push("Name must be unique");
  }
  for (const { actor_id, actor_type, bypass_mode } of ruleset.bypass_actors) {
    const needsId = !["OrganizationAdmin", "DeployKey"].includes(actor_type);
    if (needsId && actor_id === null) errors.push(`Actor ${actor_type} must have an actor_id`);
    if (actor_type === "DeployKey" && bypass_mode === "pull_request") {
      errors.push("Actor DeployKey cannot have bypass mode pull_request");
    }
  }
  const folder = ruleset.target === "branch" ? "refs/heads/" : "refs/tags/";
  const { include, exclude } = ruleset.conditions.ref_name;
  for (const pattern of [...include, ...exclude]) {
    const known = pattern === "~ALL" || (pattern === "~DEFAULT_BRANCH" && ruleset.target === "branch");
    if (!known && !pattern.startsWith(folder)) {
      errors.push(`Conditions ref_name '${pattern}' is not a valid pattern for a ${ruleset.target} ruleset`);
    }
  }
  if (ruleset.target === "tag") {
    const branchOnly = ruleset.rules.filter(({ type }) => type === "pull_request").map(({ type }) => type);
    errors.push(...branchOnly.map((type) => `Rule ${type} is not valid for target tag`));
  }
  if (errors.length > 0) throw validationFailed(errors);
  return ruleset;
}

function summary(github: Github, repository: RepositoryState, ruleset: RulesetState) {
  const { id, name, target, enforcement, created_at, updated_at } = ruleset;
  return {
    id,
    name,
    target,
    source_type: "Repository",
    source: `${repository.owner}/${repository.name}`,
    enforcement,
    node_id: nodeId("RRS", id),
    created_at,
    updated_at,
    _links: { self: { href: `${repositoryUrl(github, repository)}/rulesets/${id}` } },
  };
}

function present(github: Github, repository: RepositoryState, ruleset: RulesetState) {
  const { bypass_actors, conditions, rules } = ruleset;
  const current_user_can_bypass = canPass(ruleset) ? "always" : "never";
  return { ...summary(github, repository, ruleset), bypass_actors, conditions, rules, current_user_can_bypass };
}
