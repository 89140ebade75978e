import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { GithubError, invalidRequest, notFound } from "../errors.ts";
import { type BareRepository, BranchMovedError, type Person, type TreeEntry } from "../git.ts";
import {
  findRepository,
  type Github,
  gitOf,
  param,
  type RestRequest,
  type RestResponse,
  repositoryUrl,
} from "../rest.ts";
import { checkRules } from "../rules.ts";
import type { RepositoryState } from "../state.ts";
import { parsePath } from "./paths.ts";
import { person, personOf } from "./people.ts";

const change = { message: text, branch: text.optional(), author: person.optional(), committer: person.optional() };
const putBody = z.strictObject({ ...change, content: text, sha: text.optional() });
const deleteBody = z.strictObject({ ...change, sha: text });

/** GET /repos/{owner}/{repo}/contents/{path}: a file, or the list of a folder. */
export async function getContents(request: RestRequest): Promise<RestResponse> {
  const repository = findRepository(request);
  const git = gitOf(request.github, repository);
  const path = parsePath(param(request, "path"));
  const ref = request.query["ref"] ?? repository.default_branch;
  const commit = await git.resolve(ref);
  if (commit === undefined) {
    const empty = request.query["ref"] === undefined;
    throw new GithubError(404, empty ? "This repository is empty." : `No commit found for the ref ${ref}`);
  }
  const entry = path === "" ? undefined : await git.entry(commit, path);
  if (entry?.type === "blob") {
    const bytes = await git.blob(entry.sha);
    const body = { ...present(request.github, repository, entry, ref), encoding: "base64", content: wrapped(bytes) };
    return { status: 200, body };
  }
  if (path !== "" && entry?.type !== "tree") throw notFound();
  const entries = await git.list(commit, path);
  return { status: 200, body: entries.map((each) => present(request.github, repository, each, ref)) };
}

/** PUT /repos/{owner}/{repo}/contents/{path}: makes a file, or changes the one whose `sha` is given. */
export async function putContents(request: RestRequest): Promise<RestResponse> {
  const body = checkBody(putBody, request.body);
  const content = Buffer.from(body.content, "base64");
  if (content.toString("base64").replace(/=+$/, "") !== body.content.replace(/\s/g, "").replace(/=+$/, "")) {
    throw new GithubError(422, "content is not valid Base64");
  }
  const { before, commit, git, repository, path, branch } = await write(request, body, content);
  const entry = await git.entry(commit.sha, path);
  if (entry === undefined) throw new Error(`\`${path}\` is not in the commit that was made for it.`);
  return {
    status: before === undefined ? 201 : 200,
    body: { content: present(request.github, repository, entry, branch), commit },
  };
}

/** DELETE /repos/{owner}/{repo}/contents/{path} */
export async function deleteContents(request: RestRequest): Promise<RestResponse> {
  const { commit } = await write(request, checkBody(deleteBody, request.body), undefined);
  return { status: 200, body: { content: null, commit } };
}

type Change = z.infer<typeof deleteBody> | z.infer<typeof putBody>;

async function write(request: RestRequest, body: Change, content: Buffer | undefined) {
  const { github } = request;
  const repository = findRepository(request);
  const git = gitOf(github, repository);
  const path = parsePath(param(request, "path"));
  if (path === "") throw invalidRequest('"path" wasn\'t supplied.');
  const branch = body.branch ?? repository.default_branch;
  const parent = (await git.isBranchName(branch)) ? await git.resolve(branch) : undefined;
  // The first file of an empty repository makes its default branch; no other branch comes from nothing.
  if (parent === undefined && (branch !== repository.default_branch || content === undefined)) {
    throw new GithubError(404, `Branch ${branch} not found`);
  }
  const before = parent === undefined ? undefined : await git.entry(parent, path);
  if (content === undefined && before === undefined) throw notFound();
  checkSha(path, before, body.sha);
  const committer = personOf(github, body.committer);
  const author = body.author === undefined ? committer : personOf(github, body.author);
  try {
    const judge = (after: string) =>
      checkRules(github, repository, { ref: `refs/heads/${branch}`, before: parent, after }, 409);
    const sha = await git.commit({ branch, parent, path, content, message: body.message, author, committer, judge });
    const commit = await presentCommit(github, repository, git, {
      sha,
      parent,
      message: body.message,
      author,
      committer,
    });
    return { before, commit, git, repository, path, branch };
  } catch (error) {
    if (!(error instanceof BranchMovedError)) throw error;
    throw new GithubError(409, `${branch} was changed by somebody else meanwhile; read ${path} again.`);
  }
}

/** GitHub's guard against overwriting what one has not seen. */
function checkSha(path: string, before: TreeEntry | undefined, sha: string | undefined): void {
  if (before === undefined && sha === undefined) return;
  if (before !== undefined && before.type !== "blob") throw new GithubError(422, `${path} is a directory`);
  if (sha === undefined) throw invalidRequest('"sha" wasn\'t supplied.');
  if (before?.sha !== sha) throw new GithubError(409, `${path} does not match ${sha}`);
}

/** GitHub breaks its Base64 every 60 characters; clients that decode strictly must cope. */
function wrapped(bytes: Buffer): string {
  return bytes.toString("base64").replace(/.{1,60}/g, "$&\n");
}

function present(github: Github, repository: RepositoryState, entry: TreeEntry, ref: string): Record<string, unknown> {
  const self = `${repositoryUrl(github, repository)}/contents/${entry.path.split("/").map(encodeURIComponent).join("/")}`;
  const url = `${self}?ref=${encodeURIComponent(ref)}`;
  const kinds = { blob: "file", tree: "dir", commit: "submodule" } as const;
  return {
    name: entry.path.slice(entry.path.lastIndexOf("/") + 1),
    path: entry.path,
    sha: entry.sha,
    size: entry.size,
    url,
    type: kinds[entry.type],
    html_url: null,
    git_url: null,
    download_url: null,
    _links: { self: url, git: null, html: null },
  };
}

async function presentCommit(
  github: Github,
  repository: RepositoryState,
  git: BareRepository,
  made: { sha: string; parent: string | undefined; message: string; author: Person; committer: Person },
) {
  const url = (sha: string) => `${repositoryUrl(github, repository)}/git/commits/${sha}`;
  return {
    sha: made.sha,
    url: url(made.sha),
    message: made.message,
    author: made.author,
    committer: made.committer,
    tree: { sha: await git.tree(made.sha) },
    parents: made.parent === undefined ? [] : [{ sha: made.parent, url: url(made.parent) }],
  };
}
