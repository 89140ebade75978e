import type { Call } from "../provider.ts";
import type { SimpleType } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { isObject, needText, type Properties, present, text, type Value } from "../values.ts";
import { gitHubRest } from "./rest.ts";
import { rulesFromGitHub, rulesToGitHub } from "./ruleset-rules.ts";

/** `github:index/repositoryRuleset:RepositoryRuleset`: who may change which branches or tags, and how. */
export function rulesetType(surroundings: Surroundings): SimpleType {
  const outputsOf = (inputs: Properties, answer: Properties): Properties =>
    present({ ...inputs, rulesetId: answer["id"], nodeId: answer["node_id"], etag: answer["updated_at"] });
  const send = (method: "POST" | "PUT", path: string, inputs: Properties, call: Call) =>
    gitHubRest(surroundings, call.session).send(method, needText(inputs, "repository"), path, toGitHub(inputs));

  return {
    token: "github:index/repositoryRuleset:RepositoryRuleset",
    required: ["repository", "target", "enforcement", "rules"],
    optional: ["name", "bypassActors", "conditions"],
    replaceOn: ["repository"],
    computed: ["rulesetId", "nodeId", "etag"],
    stable: ["rulesetId", "nodeId"],
    identity: ["repository", "name"],
    defaults: (inputs, old, naming) => ({ ...inputs, name: inputs["name"] ?? old?.["name"] ?? naming.name }),

    async create(inputs, call) {
      const made = await send("POST", "/rulesets", inputs, call);
      return { id: String(made["id"]), outputs: outputsOf(inputs, made) };
    },

    /** On import the id is `repository:ruleset`; afterwards the ruleset's number. */
    async read({ id, inputs }, call) {
      const [repository, number] = id.includes(":") ? id.split(":") : [text(inputs, "repository"), id];
      if (repository === undefined) throw new Error(`the id \`${id}\` is not of the form repository:ruleset`);
      const found = await gitHubRest(surroundings, call.session).get(repository, `/rulesets/${number}`);
      if (found === undefined) return undefined;
      const live = { repository, ...fromGitHub(found) };
      return { id: String(found["id"]), inputs: live, outputs: outputsOf(live, found) };
    },

    update: async ({ id }, inputs, call) => outputsOf(inputs, await send("PUT", `/rulesets/${id}`, inputs, call)),

    async delete({ id, inputs, outputs }, call) {
      const repository = text(inputs, "repository") ?? needText(outputs, "repository");
      await gitHubRest(surroundings, call.session).delete(repository, `/rulesets/${id}`);
    },
  };
}

/** The body of "create a repository ruleset" (docs.github.com/rest/repos/rules). */
export function toGitHub(inputs: Properties): Properties {
  const actors = Array.isArray(inputs["bypassActors"]) ? (inputs["bypassActors"] as readonly Value[]) : [];
  const conditions = inputs["conditions"];
  const refName = isObject(conditions) && isObject(conditions["refName"]) ? conditions["refName"] : {};
  const rules = inputs["rules"];
  return {
    name: needText(inputs, "name"),
    target: needText(inputs, "target"),
    enforcement: needText(inputs, "enforcement"),
    bypass_actors: actors.filter(isObject).map((actor) =>
      present({
        actor_id: actor["actorId"] ?? null,
        actor_type: actor["actorType"],
        bypass_mode: actor["bypassMode"],
      }),
    ),
    conditions: { ref_name: { include: refName["includes"] ?? [], exclude: refName["excludes"] ?? [] } },
    rules: rulesToGitHub(isObject(rules) ? rules : {}),
  };
}

/** What GitHub says about a ruleset, as inputs. */
export function fromGitHub(ruleset: Properties): Properties {
  const listed = (name: string) =>
    (Array.isArray(ruleset[name]) ? (ruleset[name] as readonly Value[]) : []).filter(isObject);
  const conditions = isObject(ruleset["conditions"]) ? ruleset["conditions"]["ref_name"] : undefined;
  const actors = listed("bypass_actors").map((actor) =>
    present({
      actorId: actor["actor_id"] ?? undefined,
      actorType: actor["actor_type"],
      bypassMode: actor["bypass_mode"],
    }),
  );
  return present({
    name: ruleset["name"],
    target: ruleset["target"],
    enforcement: ruleset["enforcement"],
    bypassActors: actors.length === 0 ? undefined : actors,
    conditions: isObject(conditions)
      ? { refName: present({ includes: conditions["include"], excludes: conditions["exclude"] }) }
      : undefined,
    rules: rulesFromGitHub(listed("rules")),
  });
}
