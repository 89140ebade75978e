import type { Call } from "../provider.ts";
import type { SimpleType } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { needText, type Properties, present } from "../values.ts";
import { gitHubRest, repositoryId } from "./rest.ts";
import type { Scope } from "./scope.ts";

/** A variable of GitHub Actions. GitHub keeps names in capitals, whatever case they were written in. */
export function variableType(token: string, scope: Scope, surroundings: Surroundings): SimpleType {
  const pathOf = (inputs: Properties) =>
    `${scope.path(inputs)}/variables/${encodeURIComponent(needText(inputs, "variableName"))}`;
  const lookUp = async (inputs: Properties, call: Call) => {
    const rest = gitHubRest(surroundings, call.session);
    const repository = needText(inputs, "repository");
    const found = await rest.get(repository, pathOf(inputs));
    if (found === undefined) return undefined;
    return present({
      ...inputs,
      value: found["value"],
      createdAt: found["created_at"],
      updatedAt: found["updated_at"],
      repositoryId: await repositoryId(rest, repository),
    });
  };
  const there = async (inputs: Properties, call: Call): Promise<Properties> => {
    const found = await lookUp(inputs, call);
    if (found !== undefined) return found;
    throw new Error(`the variable \`${needText(inputs, "variableName")}\` was written and is not there`);
  };

  return {
    token,
    required: [...scope.inputs, "variableName", "value"],
    optional: [],
    replaceOn: [...scope.inputs, "variableName"],
    computed: ["createdAt", "updatedAt", "repositoryId"],
    stable: ["createdAt", "repositoryId"],
    identity: [...scope.inputs, "variableName"],

    async create(inputs, call) {
      const rest = gitHubRest(surroundings, call.session);
      const body = { name: needText(inputs, "variableName"), value: inputs["value"] ?? "" };
      await rest.send("POST", needText(inputs, "repository"), `${scope.path(inputs)}/variables`, body);
      return { id: scope.id(inputs, body.name), outputs: await there(inputs, call) };
    },

    async read({ id, inputs }, call) {
      const names = Object.keys(inputs).length > 0 ? inputs : scope.fromId(id, "variableName");
      const outputs = await lookUp(names, call);
      return outputs === undefined ? undefined : { id, inputs: outputs, outputs };
    },

    async update(_known, inputs, call) {
      const rest = gitHubRest(surroundings, call.session);
      const body = { name: needText(inputs, "variableName"), value: inputs["value"] ?? "" };
      await rest.send("PATCH", needText(inputs, "repository"), pathOf(inputs), body);
      return there(inputs, call);
    },

    async delete({ id }, call) {
      const names = scope.fromId(id, "variableName");
      await gitHubRest(surroundings, call.session).delete(needText(names, "repository"), pathOf(names));
    },
  };
}
