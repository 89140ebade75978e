import type { Call } from "../provider.ts";
import type { SimpleType } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { isObject, needText, type Properties, present, type Value } from "../values.ts";
import { gitHubRest, idParts, repositoryId } from "./rest.ts";
import { escaped, unescaped } from "./scope.ts";

const pathOf = (inputs: Properties) => `/environments/${encodeURIComponent(needText(inputs, "environment"))}`;

/** `github:index/repositoryEnvironment:RepositoryEnvironment`: an environment with its protection rules. */
export function environmentType(surroundings: Surroundings): SimpleType {
  const write = async (inputs: Properties, call: Call): Promise<Properties> => {
    const rest = gitHubRest(surroundings, call.session);
    const repository = needText(inputs, "repository");
    await rest.send("PUT", repository, pathOf(inputs), toGitHub(inputs));
    const written = await rest.get(repository, pathOf(inputs));
    return { ...inputs, ...fromGitHub(written ?? {}), repositoryId: await repositoryId(rest, repository) };
  };
  const namesIn = (id: string): Properties => {
    const [repository = "", environment = ""] = idParts(id, 2, "repository:environment");
    return { repository, environment: unescaped(environment) };
  };

  return {
    token: "github:index/repositoryEnvironment:RepositoryEnvironment",
    required: ["repository", "environment"],
    optional: ["waitTimer", "preventSelfReview", "canAdminsBypass", "reviewers", "deploymentBranchPolicy"],
    replaceOn: ["repository", "environment"],
    computed: ["repositoryId"],
    stable: ["repositoryId"],
    identity: ["repository", "environment"],

    async create(inputs, call) {
      const id = `${needText(inputs, "repository")}:${escaped(needText(inputs, "environment"))}`;
      return { id, outputs: await write(inputs, call) };
    },

    async read({ id }, call) {
      const rest = gitHubRest(surroundings, call.session);
      const names = namesIn(id);
      const repository = needText(names, "repository");
      const found = await rest.get(repository, pathOf(names));
      if (found === undefined) return undefined;
      const inputs = { ...names, ...fromGitHub(found) };
      return { id, inputs, outputs: { ...inputs, repositoryId: await repositoryId(rest, repository) } };
    },

    update: (_known, inputs, call) => write(inputs, call),

    async delete({ id }, call) {
      const names = namesIn(id);
      await gitHubRest(surroundings, call.session).delete(needText(names, "repository"), pathOf(names));
    },
  };
}

/** The body of "create or update an environment" (docs.github.com/rest/deployments/environments). */
export function toGitHub(inputs: Properties): Properties {
  const policy = inputs["deploymentBranchPolicy"];
  return present({
    wait_timer: inputs["waitTimer"],
    prevent_self_review: inputs["preventSelfReview"],
    can_admins_bypass: inputs["canAdminsBypass"],
    reviewers: reviewersToGitHub(inputs["reviewers"]),
    deployment_branch_policy: isObject(policy)
      ? present({
          protected_branches: policy["protectedBranches"],
          custom_branch_policies: policy["customBranchPolicies"],
        })
      : null,
  });
}

/** The SDK sorts reviewers by kind, in a list of one; GitHub lists them with their kind. */
function reviewersToGitHub(reviewers: Value | undefined): Value | undefined {
  if (!Array.isArray(reviewers)) return undefined;
  const groups = (reviewers as readonly Value[]).filter(isObject);
  const of = (name: "users" | "teams", type: "User" | "Team") =>
    groups
      .flatMap((group) => (Array.isArray(group[name]) ? (group[name] as readonly Value[]) : []))
      .map((id) => ({ type, id }));
  return [...of("users", "User"), ...of("teams", "Team")];
}

/** What GitHub says about an environment, as inputs. */
export function fromGitHub(environment: Properties): Properties {
  const rules = environment["protection_rules"];
  const listed = Array.isArray(rules) ? (rules as readonly Value[]).filter(isObject) : [];
  const rule = (type: string) => listed.find((candidate) => candidate["type"] === type);
  const policy = environment["deployment_branch_policy"];
  return present({
    waitTimer: rule("wait_timer")?.["wait_timer"] ?? 0,
    preventSelfReview: rule("required_reviewers")?.["prevent_self_review"] ?? false,
    canAdminsBypass: environment["can_admins_bypass"] ?? true,
    reviewers: reviewersFrom(rule("required_reviewers")?.["reviewers"]),
    deploymentBranchPolicy: isObject(policy)
      ? present({
          protectedBranches: policy["protected_branches"],
          customBranchPolicies: policy["custom_branch_policies"],
        })
      : undefined,
  });
}

function reviewersFrom(reviewers: Value | undefined): Value | undefined {
  if (!Array.isArray(reviewers) || reviewers.length === 0) return undefined;
  const listed = (reviewers as readonly Value[]).filter(isObject);
  const ids = (type: string) =>
    listed
      .filter((entry) => entry["type"] === type)
      .map((entry) => (isObject(entry["reviewer"]) ? (entry["reviewer"]["id"] ?? null) : (entry["id"] ?? null)));
  const [users, teams] = [ids("User"), ids("Team")];
  return [present({ users: users.length > 0 ? users : undefined, teams: teams.length > 0 ? teams : undefined })];
}
