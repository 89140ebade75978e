import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { notFound, validationFailed } from "../errors.ts";
import { pageOf } from "../paging.ts";
import {
  findRepository,
  type Github,
  nodeId,
  param,
  type RestRequest,
  type RestResponse,
  repositoryUrl,
} from "../rest.ts";
import type { CommentState, GithubState, PullRequestState, RepositoryState } from "../state.ts";
import { takeId } from "../store.ts";
import { findPull } from "./pulls.ts";

/** GitHub counts characters, not bytes. */
const LONGEST = 65_536;
const content = z.strictObject({ body: text });

/** GET …/issues/{number}/comments: a bare list, the oldest first. A pull request is an issue. */
export function listComments(request: RestRequest): RestResponse {
  const { github } = request;
  const repository = findRepository(request);
  const pull = findPull(request);
  const { size, number } = pageOf(request);
  const page = pull.comments.slice((number - 1) * size, number * size);
  return { status: 200, body: page.map((one) => present(github, repository, pull, one)) };
}

/** POST …/issues/{number}/comments */
export async function createComment(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const body = checkText(request);
  const { pull, comment } = await github.store.change((state) => {
    const found = findPull(request, state);
    const made = { id: takeId(state), body, created_at: github.now(), updated_at: github.now() };
    found.comments.push(made);
    return { pull: found, comment: made };
  });
  return { status: 201, body: present(github, findRepository(request), pull, comment) };
}

/** GET …/issues/comments/{id} */
export function getComment(request: RestRequest): RestResponse {
  const { pull, comment } = findComment(request);
  return { status: 200, body: present(request.github, findRepository(request), pull, comment) };
}

/** PATCH …/issues/comments/{id}: whatever it has become since it was read. */
export async function updateComment(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const body = checkText(request);
  const { pull, comment } = await github.store.change((state) => {
    const found = findComment(request, state);
    Object.assign(found.comment, { body, updated_at: github.now() });
    return found;
  });
  return { status: 200, body: present(github, findRepository(request), pull, comment) };
}

/** DELETE …/issues/comments/{id} */
export async function deleteComment(request: RestRequest): Promise<RestResponse> {
  await request.github.store.change((state) => {
    const { pull, comment } = findComment(request, state);
    pull.comments = pull.comments.filter(({ id }) => id !== comment.id);
  });
  return { status: 204 };
}

function checkText(request: RestRequest): string {
  const { body } = checkBody(content, request.body);
  const refuse = (code: string, message?: string) =>
    validationFailed([
      { resource: "IssueComment", field: "body", code, ...(message === undefined ? {} : { message }) },
    ]);
  if (body.trim() === "") throw refuse("missing_field");
  if ([...body].length > LONGEST) throw refuse("custom", `body is too long (maximum is ${LONGEST} characters)`);
  return body;
}

/** @throws GithubError 404 */
function findComment(request: RestRequest, state?: GithubState): { pull: PullRequestState; comment: CommentState } {
  const id = Number(param(request, "id"));
  for (const pull of findRepository(request, state).pull_requests) {
    const comment = pull.comments.find((one) => one.id === id);
    if (comment !== undefined) return { pull, comment };
  }
  throw notFound();
}

/** The emulator has one token, which stands for that of a workflow's job. */
const AUTHOR = { login: "github-actions[bot]", id: 41898282, node_id: nodeId("BOT", 41898282), type: "Bot" };

function present(
  github: Github,
  repository: RepositoryState,
  pull: PullRequestState,
  comment: CommentState,
): Record<string, unknown> {
  const url = repositoryUrl(github, repository);
  return {
    id: comment.id,
    node_id: nodeId("IC", comment.id),
    url: `${url}/issues/comments/${comment.id}`,
    html_url: `${url}/pull/${pull.number}#issuecomment-${comment.id}`,
    issue_url: `${url}/issues/${pull.number}`,
    body: comment.body,
    user: AUTHOR,
    author_association: "CONTRIBUTOR",
    created_at: comment.created_at,
    updated_at: comment.updated_at,
  };
}
