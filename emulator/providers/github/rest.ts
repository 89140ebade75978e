import type { Session } from "../provider.ts";
import type { Surroundings } from "../surroundings.ts";
import { type Properties, text, toProperties } from "../values.ts";

/** GitHub's REST API, for one owner's repositories. Paths begin below `/repos/{owner}/{repository}`. */
export interface GitHubRest {
  /** Undefined where GitHub says 404. */
  get(repository: string, path: string): Promise<Properties | undefined>;
  /** A list; empty where GitHub says 404. */
  list(repository: string, path: string): Promise<readonly Properties[]>;
  /** Fails on any answer but success. */
  send(method: "PUT" | "POST" | "PATCH", repository: string, path: string, body: Properties): Promise<Properties>;
  /** Succeeds where it is gone already. */
  delete(repository: string, path: string, body?: Properties): Promise<void>;
}

/** A client for the session's owner (`github:owner`), else `GITHUB_OWNER`. */
export function gitHubRest(surroundings: Surroundings, session: Session): GitHubRest {
  const owner = text(session.settings, "owner") ?? surroundings.need("GITHUB_OWNER");
  const token = text(session.settings, "token") ?? surroundings.need("GITHUB_TOKEN");
  const base = surroundings.need("GITHUB_API_URL").replace(/\/$/, "");

  const call = async (method: string, repository: string, path: string, body?: Properties) => {
    const url = `${base}/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}${path}`;
    const headers = {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "x-github-api-version": "2022-11-28",
    };
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const words = await response.text();
    if (response.status === 404) return undefined;
    if (response.ok) return words === "" ? {} : (JSON.parse(words) as unknown);
    throw new Error(`GitHub answered ${method} ${url} with ${response.status}: ${reasonIn(words)}`);
  };

  return {
    async get(repository, path) {
      const answer = await call("GET", repository, path);
      return answer === undefined ? undefined : toProperties(answer);
    },
    async list(repository, path) {
      const answer = (await call("GET", repository, path)) ?? [];
      if (Array.isArray(answer)) return answer.map(toProperties);
      throw new Error(`GitHub answered GET ${path} of \`${repository}\` with no list`);
    },
    async send(method, repository, path, body) {
      const answer = await call(method, repository, path, body);
      if (answer !== undefined) return toProperties(answer);
      throw new Error(
        `GitHub answered ${method} /repos/${owner}/${repository}${path} with 404: the repository is not there, or something on the path`,
      );
    },
    async delete(repository, path, body) {
      await call("DELETE", repository, path, body);
    },
  };
}

/** GitHub's own message, or the answer as it is. */
function reasonIn(words: string): string {
  try {
    return text(toProperties(JSON.parse(words)), "message") ?? words.slice(0, 500);
  } catch {
    return words.slice(0, 500);
  }
}

/** The repository's number. Throws where there is no such repository. */
export async function repositoryId(rest: GitHubRest, repository: string): Promise<number> {
  const id = (await rest.get(repository, ""))?.["id"];
  if (typeof id === "number") return id;
  throw new Error(`there is no repository \`${repository}\`, or the token may not see it`);
}

/** The parts of an id such as `repository:environment:name`. What follows the last wanted colon belongs to the last part. */
export function idParts(id: string, count: number, form: string): string[] {
  const parts = id.split(":");
  if (parts.length < count) throw new Error(`the id \`${id}\` is not of the form ${form}`);
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(":")];
}
