import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { GithubError, notFound, notOffered } from "../errors.ts";
import type { Person, TreeEntry } from "../git.ts";
import type { Commit, GitObjects } from "../git-objects.ts";
import { type Github, gitOf, param, type RestRequest, type RestResponse, repositoryUrl } from "../rest.ts";
import type { RepositoryState } from "../state.ts";
import { openObjects } from "./objects.ts";
import { parsePath } from "./paths.ts";
import { person, personOf } from "./people.ts";

const blobBody = z.strictObject({ content: text, encoding: z.enum(["utf-8", "base64"]).optional() });
const entry = z.strictObject({
  path: text,
  mode: z.enum(["100644", "100755", "040000", "160000", "120000"], "is not a mode of git"),
  type: z.enum(["blob", "tree", "commit"], "must be blob, tree or commit").optional(),
  sha: text.nullable().optional(),
  content: text.optional(),
});
const treeBody = z.strictObject({ tree: z.array(entry, "is not an array"), base_tree: text.optional() });
const commitBody = z.strictObject({
  message: text,
  tree: text,
  parents: z.array(text).optional(),
  author: person.optional(),
  committer: person.optional(),
});

/** GET …/git/blobs/{sha} */
export async function getBlob(request: RestRequest): Promise<RestResponse> {
  const { repository, git } = openObjects(request);
  const sha = param(request, "sha");
  if ((await git.typeOf(sha)) !== "blob") throw notFound();
  const bytes = await gitOf(request.github, repository).blob(sha);
  const url = `${repositoryUrl(request.github, repository)}/git/blobs/${sha}`;
  return { status: 200, body: { sha, url, size: bytes.length, encoding: "base64", content: bytes.toString("base64") } };
}

/** POST …/git/blobs */
export async function createBlob(request: RestRequest): Promise<RestResponse> {
  const { repository, git } = await openFilled(request);
  const { content, encoding } = checkBody(blobBody, request.body);
  const sha = await git.writeBlob(Buffer.from(content, encoding === "base64" ? "base64" : "utf8"));
  return { status: 201, body: { sha, url: `${repositoryUrl(request.github, repository)}/git/blobs/${sha}` } };
}

/** GET …/git/trees/{sha}: of a tree, a commit or a branch; `recursive` at any value gives all below. */
export async function getTree(request: RestRequest): Promise<RestResponse> {
  const { repository, git } = openObjects(request);
  const asked = param(request, "sha");
  const commit = await gitOf(request.github, repository).resolve(asked);
  const tree = commit === undefined ? asked : (await git.readCommit(commit)).tree;
  if ((await git.typeOf(tree)) !== "tree") throw notFound();
  return { status: 200, body: await presentTree(request, repository, git, tree) };
}

/** POST …/git/trees */
export async function createTree(request: RestRequest): Promise<RestResponse> {
  const { repository, git } = await openFilled(request);
  const { base_tree, tree } = checkBody(treeBody, request.body);
  const base = base_tree === undefined ? undefined : await treeOf(git, base_tree);
  const known = base === undefined ? [] : (await git.readTree(base, true)).map(({ path }) => path);
  const changes = await Promise.all(
    tree.map(async (item) => {
      const path = parsePath(item.path);
      if (item.mode === "040000" || item.mode === "160000") throw notOffered(`the mode ${item.mode} in a tree`);
      if (item.content !== undefined) {
        if (item.sha !== undefined) throw badState(`tree.sha and tree.content are both given for ${path}`);
        return { path, mode: item.mode, sha: await git.writeBlob(Buffer.from(item.content, "utf8")) };
      }
      if (item.sha === null) {
        if (!known.includes(path)) throw badState("GitRPC::BadObjectState");
        return { path, mode: item.mode, sha: undefined };
      }
      if (item.sha === undefined) throw badState("Must supply either tree.sha or tree.content");
      if ((await git.typeOf(item.sha)) !== "blob") throw badState(`tree.sha ${item.sha} is not a valid blob`);
      return { path, mode: item.mode, sha: item.sha };
    }),
  );
  const sha = await git.writeTree(base, changes);
  return { status: 201, body: await presentTree(request, repository, git, sha) };
}

/** GET …/git/commits/{sha} */
export async function getCommit(request: RestRequest): Promise<RestResponse> {
  const { repository, git } = openObjects(request);
  const sha = param(request, "sha");
  if ((await git.typeOf(sha)) !== "commit") throw notFound();
  return { status: 200, body: presentCommit(request.github, repository, await git.readCommit(sha)) };
}

/** POST …/git/commits */
export async function createCommit(request: RestRequest): Promise<RestResponse> {
  const { github } = request;
  const { repository, git } = await openFilled(request);
  const body = checkBody(commitBody, request.body);
  if ((await git.typeOf(body.tree)) !== "tree") throw badState("Tree SHA does not exist");
  const parents = body.parents ?? [];
  for (const parent of parents) {
    if ((await git.typeOf(parent)) !== "commit") throw badState("Parent SHA does not exist or is not a commit object");
  }
  const author: Person = personOf(github, body.author);
  const committer = body.committer === undefined ? author : personOf(github, body.committer);
  const made = { tree: body.tree, parents, message: body.message, author, committer };
  const sha = await git.writeCommit(made);
  return { status: 201, body: presentCommit(github, repository, { sha, ...made }) };
}

/** GitHub takes objects only once there is a first commit. */
async function openFilled(request: RestRequest) {
  const { repository, git } = openObjects(request);
  if ((await git.readRef(`refs/heads/${repository.default_branch}`)) === undefined) {
    throw new GithubError(409, "Git Repository is empty.");
  }
  return { repository, git };
}

const badState = (message: string) => new GithubError(422, message);

async function treeOf(git: GitObjects, sha: string): Promise<string> {
  const type = await git.typeOf(sha);
  if (type === "commit") return (await git.readCommit(sha)).tree;
  if (type !== "tree") throw badState("base_tree is not a valid tree oid");
  return sha;
}

async function presentTree(request: RestRequest, repository: RepositoryState, git: GitObjects, sha: string) {
  const url = `${repositoryUrl(request.github, repository)}/git`;
  const entries = await git.readTree(sha, request.query["recursive"] !== undefined);
  const shown = ({ path, mode, type, sha: own, size }: TreeEntry) => ({
    path,
    mode,
    type,
    sha: own,
    ...(type === "blob" ? { size } : {}),
    url: `${url}/${type}s/${own}`,
  });
  return { sha, url: `${url}/trees/${sha}`, tree: entries.map(shown), truncated: false };
}

function presentCommit(github: Github, repository: RepositoryState, commit: Commit) {
  const url = (kind: string, sha: string) => `${repositoryUrl(github, repository)}/git/${kind}/${sha}`;
  const { sha, tree, parents, message, author, committer } = commit;
  return {
    sha,
    url: url("commits", sha),
    message,
    author,
    committer,
    tree: { sha: tree, url: url("trees", tree) },
    parents: parents.map((parent) => ({ sha: parent, url: url("commits", parent) })),
    verification: { verified: false, reason: "unsigned", signature: null, payload: null },
  };
}
