import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { notFound, validationFailed } from "../errors.ts";
import {
  findRepository,
  type Github,
  gitOf,
  nodeId,
  param,
  type RestRequest,
  type RestResponse,
  repositoryUrl,
} from "../rest.ts";
import type { GithubState, PullRequestState, RepositoryState } from "../state.ts";
import { takeId } from "../store.ts";

const creation = z.strictObject({ title: text, head: text, base: text, body: text.optional() });

/** POST …/pulls: from a branch of the repository itself; forks are not offered. */
export async function createPull(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const body = checkBody(creation, request.body);
  const git = gitOf(github, findRepository(request));
  const [head, base] = await Promise.all([git.resolve(body.head), git.resolve(body.base)]);
  if (head === undefined) throw invalid("head");
  if (base === undefined) throw invalid("base");
  if (head === base) throw custom(`No commits between ${body.base} and ${body.head}`);
  const pull = await github.store.change((state) => {
    const repository = findRepository(request, state);
    const open = repository.pull_requests.find((one) => one.head.ref === body.head && one.base.ref === body.base);
    if (open !== undefined) throw custom(`A pull request already exists for ${repository.owner}:${body.head}.`);
    const made: PullRequestState = {
      id: takeId(state),
      number: repository.pull_requests.length + 1,
      title: body.title,
      body: body.body ?? null,
      head: { ref: body.head, sha: head },
      base: { ref: body.base, sha: base },
      created_at: github.now(),
      updated_at: github.now(),
      comments: [],
    };
    repository.pull_requests.push(made);
    return made;
  });
  return { status: 201, body: present(github, findRepository(request), pull) };
}

/** GET …/pulls/{number} */
export function getPull(request: RestRequest): RestResponse {
  return { status: 200, body: present(request.github, findRepository(request), findPull(request)) };
}

/** @throws GithubError 404 */
export function findPull(request: RestRequest, state?: GithubState): PullRequestState {
  const number = Number(param(request, "number"));
  const found = findRepository(request, state).pull_requests.find((one) => one.number === number);
  if (found === undefined) throw notFound();
  return found;
}

const invalid = (field: string) => validationFailed([{ resource: "PullRequest", field, code: "invalid" }]);
const custom = (message: string) => validationFailed([{ resource: "PullRequest", code: "custom", message }]);

function present(github: Github, repository: RepositoryState, pull: PullRequestState): Record<string, unknown> {
  const url = repositoryUrl(github, repository);
  const side = ({ ref, sha }: PullRequestState["head"]) => ({ ref, sha, label: `${repository.owner}:${ref}` });
  return {
    id: pull.id,
    node_id: nodeId("PR", pull.id),
    url: `${url}/pulls/${pull.number}`,
    html_url: `${url}/pull/${pull.number}`,
    comments_url: `${url}/issues/${pull.number}/comments`,
    number: pull.number,
    state: "open",
    title: pull.title,
    body: pull.body,
    head: side(pull.head),
    base: side(pull.base),
    created_at: pull.created_at,
    updated_at: pull.updated_at,
    comments: pull.comments.length,
  };
}
