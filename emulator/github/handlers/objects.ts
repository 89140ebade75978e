import { gitObjects } from "../git-objects.ts";
import { findRepository, gitOf, type RestRequest } from "../rest.ts";

/** The repository that a request names, and what git keeps of it. */
export function openObjects(request: RestRequest) {
  const repository = findRepository(request);
  return { repository, git: gitObjects(gitOf(request.github, repository).folder) };
}
