import { GithubError, notFound } from "../errors.ts";
import { gitObjects } from "../git-objects.ts";
import { pageOf } from "../paging.ts";
import { findRepository, gitOf, param, type RestRequest, type RestResponse, repositoryUrl } from "../rest.ts";
import { openObjects } from "./objects.ts";

/** GET /repos/{owner}/{repo}/commits: of a branch (`sha`) or one file (`path`), newest first. */
export async function listCommits(request: RestRequest): Promise<RestResponse> {
  const repository = findRepository(request);
  const bare = gitOf(request.github, repository);
  const git = gitObjects(bare.folder);
  const start = await bare.resolve(request.query["sha"] ?? repository.default_branch);
  if (start === undefined) {
    if (request.query["sha"] !== undefined) throw notFound();
    throw new GithubError(409, "Git Repository is empty.");
  }
  const { number, size } = pageOf(request);
  const shas = await git.log(start, request.query["path"], (number - 1) * size, size);
  const url = `${repositoryUrl(request.github, repository)}/commits`;
  const shown = shas.map(async (sha) => {
    const { tree, parents, message, author, committer } = await git.readCommit(sha);
    const listed = parents.map((parent) => ({ sha: parent, url: `${url}/${parent}` }));
    return { sha, url: `${url}/${sha}`, commit: { message, author, committer, tree: { sha: tree } }, parents: listed };
  });
  return { status: 200, body: await Promise.all(shown) };
}

/** GET /repos/{owner}/{repo}/branches/{branch} */
export async function getBranch(request: RestRequest): Promise<RestResponse> {
  const { repository, git } = openObjects(request);
  const name = param(request, "branch");
  const sha = await git.readRef(`refs/heads/${name}`);
  if (sha === undefined) throw new GithubError(404, "Branch not found");
  const url = `${repositoryUrl(request.github, repository)}/commits/${sha}`;
  return { status: 200, body: { name, commit: { sha, url } } };
}
