import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { type GithubError, notFound, validationFailed } from "../errors.ts";
import {
  cloneUrl,
  findRepository,
  type Github,
  gitOf,
  nodeId,
  param,
  type RestRequest,
  type RestResponse,
  repositoryUrl,
} from "../rest.ts";
import { keyOf, type RepositoryState, untouchedActions } from "../state.ts";
import { takeId } from "../store.ts";

/** A login of GitHub; it becomes a folder here. */
const LOGIN = /^[A-Za-z\d](-?[A-Za-z\d]){0,38}$/;

const visibility = z.enum(["public", "private", "internal"], "must be public, private or internal");
const settings = {
  description: text.nullable().optional(),
  homepage: text.nullable().optional(),
  private: z.boolean("is not a boolean").optional(),
  visibility: visibility.optional(),
};
const creation = z.strictObject({
  name: text,
  auto_init: z.boolean("is not a boolean").optional(),
  ...settings,
});
const update = z.strictObject({ default_branch: text.optional(), ...settings });

/** POST /orgs/{org}/repos. Every organization is there: the token's user belongs to whichever is asked for. */
export async function createRepository(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const body = checkBody(creation, request.body);
  const owner = param(request, "org");
  if (!LOGIN.test(owner)) throw notFound();
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(body.name) || /^\.{1,2}$|\.git$/i.test(body.name)) {
    throw repositoryFailure("name is not valid: 1 to 100 letters, digits, `.`, `-` and `_`, not ending in `.git`");
  }
  const key = keyOf(`${owner}/${body.name}`);
  const taken = () => repositoryFailure("name already exists on this account");
  if (github.store.read().repositories[key] !== undefined) throw taken();
  // Git's folder first: a crash in between leaves a folder without an entry, which the next try takes up.
  const git = gitOf(github, { owner, name: body.name });
  await git.init("main");
  const repository = await github.store.change((state) => {
    if (state.repositories[key] !== undefined) throw taken();
    const made: RepositoryState = {
      id: takeId(state),
      owner,
      name: body.name,
      description: body.description ?? null,
      homepage: body.homepage ?? null,
      visibility: visibilityOf(body) ?? "public",
      default_branch: "main",
      created_at: github.now(),
      updated_at: github.now(),
      environments: {},
      rulesets: [],
      actions: untouchedActions(),
      vulnerability_alerts: false,
      automated_security_fixes: false,
      pull_requests: [],
      secrets: {},
      variables: {},
    };
    state.repositories[key] = made;
    return made;
  });
  if (body.auto_init === true) await initialCommit(github, repository);
  return { status: 201, body: present(github, repository) };
}

/** GET /repos/{owner}/{repo} */
export function getRepository(request: RestRequest): RestResponse {
  return { status: 200, body: present(request.github, findRepository(request)) };
}

/** PATCH /repos/{owner}/{repo} */
export async function updateRepository(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const body = checkBody(update, request.body);
  const branch = body.default_branch;
  if (branch !== undefined && (await gitOf(github, findRepository(request)).resolve(branch)) === undefined) {
    throw repositoryFailure(`The branch ${branch} was not found. Please push that ref first.`, "default_branch");
  }
  const repository = await github.store.change((state) => {
    const found = findRepository(request, state);
    if (body.description !== undefined) found.description = body.description;
    if (body.homepage !== undefined) found.homepage = body.homepage;
    if (branch !== undefined) found.default_branch = branch;
    found.visibility = visibilityOf(body) ?? found.visibility;
    found.updated_at = github.now();
    return found;
  });
  return { status: 200, body: present(github, repository) };
}

/** DELETE /repos/{owner}/{repo} */
export async function deleteRepository(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const repository = findRepository(request);
  await github.store.change((state) => {
    findRepository(request, state);
    delete state.repositories[keyOf(`${repository.owner}/${repository.name}`)];
  });
  await gitOf(github, repository).remove();
  return { status: 204 };
}

function visibilityOf(body: { private?: boolean | undefined; visibility?: RepositoryState["visibility"] | undefined }) {
  if (body.visibility !== undefined) return body.visibility;
  return body.private === undefined ? undefined : body.private ? "private" : "public";
}

async function initialCommit(github: Github, repository: RepositoryState): Promise<void> {
  const person = { name: "rehearsal", email: "rehearsal@localhost", date: github.now() };
  await gitOf(github, repository).commit({
    branch: repository.default_branch,
    parent: undefined,
    path: "README.md",
    content: Buffer.from(`# ${repository.name}\n${repository.description ?? ""}`),
    message: "Initial commit",
    author: person,
    committer: person,
  });
}

function repositoryFailure(message: string, field = "name"): GithubError {
  return validationFailed([{ resource: "Repository", code: field === "name" ? "custom" : "invalid", field, message }]);
}

function present(github: Github, repository: RepositoryState): Record<string, unknown> {
  const url = repositoryUrl(github, repository);
  return {
    id: repository.id,
    node_id: nodeId("R", repository.id),
    name: repository.name,
    full_name: `${repository.owner}/${repository.name}`,
    private: repository.visibility !== "public",
    visibility: repository.visibility,
    owner: {
      login: repository.owner,
      id: 1,
      node_id: nodeId("O", 1),
      type: "Organization",
      url: `${github.url}/orgs/${repository.owner}`,
    },
    html_url: url,
    url,
    description: repository.description,
    homepage: repository.homepage,
    fork: false,
    archived: false,
    disabled: false,
    clone_url: cloneUrl(github, repository),
    default_branch: repository.default_branch,
    created_at: repository.created_at,
    updated_at: repository.updated_at,
  };
}
