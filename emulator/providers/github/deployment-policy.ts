import type { SimpleType } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { needText, type Properties, present, text } from "../values.ts";
import { gitHubRest, idParts, repositoryId } from "./rest.ts";
import { escaped, unescaped } from "./scope.ts";

const policiesOf = (inputs: Properties) =>
  `/environments/${encodeURIComponent(needText(inputs, "environment"))}/deployment-branch-policies`;

/** `github:index/repositoryEnvironmentDeploymentPolicy:…`: branches or tags that an environment takes deployments from. */
export function deploymentPolicyType(surroundings: Surroundings): SimpleType {
  const namesIn = (id: string) => {
    const [repository = "", environment = "", policy = ""] = idParts(id, 3, "repository:environment:policy");
    return { repository, environment: unescaped(environment), policy };
  };
  const pathOf = (id: string) => `${policiesOf(namesIn(id))}/${namesIn(id).policy}`;

  return {
    token: "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy",
    required: ["repository", "environment"],
    optional: ["branchPattern", "tagPattern"],
    replaceOn: ["repository", "environment"],
    computed: ["policyId", "repositoryId"],
    stable: ["policyId", "repositoryId"],
    identity: [],

    judge(inputs) {
      const given = ["branchPattern", "tagPattern"].filter((name) => inputs[name] !== undefined);
      if (given.length === 1) return [];
      const got = given.length === 0 ? "neither" : "both";
      return [{ property: "branchPattern", reason: `give exactly one of branchPattern and tagPattern; got ${got}` }];
    },

    async create(inputs, call) {
      const rest = gitHubRest(surroundings, call.session);
      const repository = needText(inputs, "repository");
      const branch = text(inputs, "branchPattern");
      const body = { name: branch ?? needText(inputs, "tagPattern"), type: branch === undefined ? "tag" : "branch" };
      const made = await rest.send("POST", repository, policiesOf(inputs), body);
      const policyId = made["id"] ?? 0;
      const id = `${repository}:${escaped(needText(inputs, "environment"))}:${policyId}`;
      return { id, outputs: { ...inputs, policyId, repositoryId: await repositoryId(rest, repository) } };
    },

    async read({ id }, call) {
      const rest = gitHubRest(surroundings, call.session);
      const { repository, environment } = namesIn(id);
      const found = await rest.get(repository, pathOf(id));
      if (found === undefined) return undefined;
      const pattern = found["type"] === "tag" ? "tagPattern" : "branchPattern";
      const inputs = present({ repository, environment, [pattern]: found["name"] });
      const more = present({ policyId: found["id"], repositoryId: await repositoryId(rest, repository) });
      return { id, inputs, outputs: { ...inputs, ...more } };
    },

    async update({ id, inputs: old, outputs }, inputs, call) {
      const rest = gitHubRest(surroundings, call.session);
      const pattern = text(inputs, "branchPattern") ?? needText(inputs, "tagPattern");
      if ((old["tagPattern"] === undefined) !== (inputs["tagPattern"] === undefined)) {
        throw new Error("GitHub does not make a branch policy of a tag policy; give the resource another name");
      }
      await rest.send("PUT", needText(inputs, "repository"), pathOf(id), { name: pattern });
      return { ...outputs, ...inputs };
    },

    async delete({ id }, call) {
      await gitHubRest(surroundings, call.session).delete(namesIn(id).repository, pathOf(id));
    },
  };
}
