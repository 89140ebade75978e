import { homePaths } from "../home.ts";
import { readKeys, unlock } from "./keys.ts";
import { type Holder, keyOf } from "./state.ts";
import { readState } from "./store.ts";

/** What a locked secret is bound to. */
export function secretPlace(repository: string, environment: string | undefined, name: string): string {
  return [keyOf(repository), environment === undefined ? "" : keyOf(environment), name].join("\n");
}

/**
 * The secrets a workflow would be given, in clear: those of the repository, and over them those of `environment`.
 * Read from the home's files, running or not: the REST API gives no secret back, as GitHub's does not.
 *
 * @param home the emulator's home.
 * @throws Error when the repository or the environment is not there.
 */
export async function readSecrets(
  home: string,
  owner: string,
  repository: string,
  environment?: string,
): Promise<Record<string, string>> {
  const folder = homePaths(home).service("github");
  const state = await readState(folder);
  const repo = state.repositories[keyOf(`${owner}/${repository}`)];
  if (repo === undefined) {
    const there = Object.keys(state.repositories).join(", ") || "none";
    throw new Error(`There is no repository \`${owner}/${repository}\` in \`${home}\`; there is: ${there}.`);
  }
  const place = environment === undefined ? undefined : repo.environments[keyOf(environment)];
  if (environment !== undefined && place === undefined) {
    const there = Object.values(repo.environments).map(({ name }) => name);
    throw new Error(
      `\`${owner}/${repository}\` has no environment \`${environment}\`; it has: ${there.join(", ") || "none"}.`,
    );
  }
  const keys = await readKeys(folder);
  const open = (holder: Holder, name?: string) =>
    Object.entries(holder.secrets).map(([secret, { locked }]) => {
      if (keys === undefined)
        throw new Error(`\`${folder}\` has secrets and no keys.json; remove the folder to start anew.`);
      return [secret, unlock(keys, secretPlace(repository, name, secret), locked)] as const;
    });
  return Object.fromEntries([...open(repo), ...(place === undefined ? [] : open(place, environment))]);
}
