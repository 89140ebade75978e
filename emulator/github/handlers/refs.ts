import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { GithubError, notFound } from "../errors.ts";
import { BranchMovedError } from "../git.ts";
import { type Github, nodeId, param, type RestRequest, type RestResponse, repositoryUrl } from "../rest.ts";
import { checkRules, type RefChange } from "../rules.ts";
import type { RepositoryState } from "../state.ts";
import { openObjects } from "./objects.ts";

const postBody = z.strictObject({ ref: text, sha: text });
const patchBody = z.strictObject({ sha: text, force: z.boolean("is not a boolean").optional() });

/** GET …/git/ref/{ref}: one, by its whole name below `refs/`. */
export async function getRef(request: RestRequest): Promise<RestResponse> {
  const { repository, git } = openObjects(request);
  const ref = refOf(request);
  const sha = await git.readRef(ref);
  if (sha !== undefined) return { status: 200, body: present(request.github, repository, ref, sha) };
  if ((await git.readRef(`refs/heads/${repository.default_branch}`)) === undefined) {
    throw new GithubError(409, "Git Repository is empty.");
  }
  throw notFound();
}

/** POST …/git/refs */
export async function createRef(request: RestRequest): Promise<RestResponse> {
  const { repository, git } = openObjects(request);
  const { ref, sha } = checkBody(postBody, request.body);
  if (!/^refs\/(heads|tags)\/./.test(ref) || !(await git.isRefName(ref))) {
    throw new GithubError(422, `${ref} is not a valid ref name.`);
  }
  if ((await git.typeOf(sha)) !== "commit") throw new GithubError(422, "Object does not exist");
  if ((await git.readRef(ref)) !== undefined) throw new GithubError(422, "Reference already exists");
  await move(request, { ref, before: undefined, after: sha });
  return { status: 201, body: present(request.github, repository, ref, sha) };
}

/** PATCH …/git/refs/{ref}: forward only, unless forced. */
export async function updateRef(request: RestRequest): Promise<RestResponse> {
  const { repository, git } = openObjects(request);
  const ref = refOf(request);
  const { sha, force } = checkBody(patchBody, request.body);
  const before = await there(request);
  if ((await git.typeOf(sha)) !== "commit") throw new GithubError(422, "Object does not exist");
  if (force !== true && !(await git.isAncestor(before, sha))) {
    throw new GithubError(422, "Update is not a fast forward");
  }
  await move(request, { ref, before, after: sha });
  return { status: 200, body: present(request.github, repository, ref, sha) };
}

/** DELETE …/git/refs/{ref} */
export async function deleteRef(request: RestRequest): Promise<RestResponse> {
  await move(request, { ref: refOf(request), before: await there(request), after: undefined });
  return { status: 204 };
}

const refOf = (request: RestRequest) => `refs/${param(request, "ref")}`;

async function there(request: RestRequest): Promise<string> {
  const found = await openObjects(request).git.readRef(refOf(request));
  if (found === undefined) throw new GithubError(422, "Reference does not exist");
  return found;
}

async function move(request: RestRequest, change: RefChange): Promise<void> {
  const { repository, git } = openObjects(request);
  await checkRules(request.github, repository, change, 422);
  try {
    await git.moveRef(change.ref, change.before, change.after);
  } catch (error) {
    if (!(error instanceof BranchMovedError)) throw error;
    throw new GithubError(409, `Reference cannot be updated: ${change.ref} was changed by somebody else meanwhile.`);
  }
}

function present(github: Github, repository: RepositoryState, ref: string, sha: string) {
  const url = `${repositoryUrl(github, repository)}/git`;
  return {
    ref,
    node_id: nodeId(`REF-${ref}`, repository.id),
    url: `${url}/${ref}`,
    object: { type: "commit", sha, url: `${url}/commits/${sha}` },
  };
}
