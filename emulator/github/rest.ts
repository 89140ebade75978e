import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { notFound } from "./errors.ts";
import { type BareRepository, bareRepository } from "./git.ts";
import type { GithubKeys } from "./keys.ts";
import { type EnvironmentState, type GithubState, type Holder, keyOf, type RepositoryState } from "./state.ts";
import type { GithubStore } from "./store.ts";

/** What handlers work with. */
export interface Github {
  readonly folder: string;
  /** Where the API answers, without a slash at its end. */
  readonly url: string;
  readonly keys: GithubKeys;
  readonly store: GithubStore;
  readonly now: () => string;
}

export interface RestRequest {
  readonly github: Github;
  /** The variable parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RestResponse {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handler = (request: RestRequest) => Promise<RestResponse> | RestResponse;

export function param(request: RestRequest, name: string): string {
  const value = request.params[name];
  if (value === undefined) throw new Error(`The route has no \`${name}\`.`);
  return value;
}

/** @throws GithubError 404, as for a repository one may not see. */
export function findRepository(
  request: RestRequest,
  state: GithubState = request.github.store.read(),
): RepositoryState {
  const found = state.repositories[keyOf(`${param(request, "owner")}/${param(request, "repo")}`)];
  if (found === undefined) throw notFound();
  return found;
}

export function findEnvironment(request: RestRequest, state?: GithubState): EnvironmentState {
  const found = findRepository(request, state).environments[keyOf(param(request, "environment"))];
  if (found === undefined) throw notFound();
  return found;
}

/** The environment that the path names, or the repository where it names none. */
export function findHolder(request: RestRequest, state?: GithubState): Holder {
  return request.params["environment"] === undefined ? findRepository(request, state) : findEnvironment(request, state);
}

export function gitOf(github: Github, repository: Pick<RepositoryState, "owner" | "name">): BareRepository {
  return bareRepository(join(github.folder, repository.owner, `${repository.name}.git`));
}

export function cloneUrl(github: Github, repository: Pick<RepositoryState, "owner" | "name">): string {
  return pathToFileURL(gitOf(github, repository).folder).href;
}

export function repositoryUrl(github: Github, repository: Pick<RepositoryState, "owner" | "name">): string {
  return `${github.url}/repos/${repository.owner}/${repository.name}`;
}

/** GitHub's opaque second id; clients only pass it on. */
export function nodeId(kind: string, id: number): string {
  return `${kind}_${Buffer.from(`${kind}:${id}`).toString("base64url")}`;
}
