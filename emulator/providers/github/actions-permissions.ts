import type { Call } from "../provider.ts";
import type { SimpleType } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { isObject, needText, type Properties, present } from "../values.ts";
import { gitHubRest } from "./rest.ts";

const path = "/actions/permissions";

/** `github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions`: which actions may run, and how they are named. */
export function actionsPermissionsType(surroundings: Surroundings): SimpleType {
  const write = async (inputs: Properties, call: Call): Promise<Properties> => {
    const rest = gitHubRest(surroundings, call.session);
    const repository = needText(inputs, "repository");
    const enabled = inputs["enabled"] !== false;
    const permissions = present({
      enabled,
      allowed_actions: enabled ? inputs["allowedActions"] : undefined,
      sha_pinning_required: inputs["shaPinningRequired"],
    });
    await rest.send("PUT", repository, path, permissions);
    const config = inputs["allowedActionsConfig"];
    if (inputs["allowedActions"] === "selected" && isObject(config)) {
      const selected = present({
        github_owned_allowed: config["githubOwnedAllowed"],
        verified_allowed: config["verifiedAllowed"],
        patterns_allowed: config["patternsAlloweds"],
      });
      await rest.send("PUT", repository, `${path}/selected-actions`, selected);
    }
    return inputs;
  };

  return {
    token: "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions",
    required: ["repository"],
    optional: ["allowedActions", "allowedActionsConfig", "enabled", "shaPinningRequired"],
    replaceOn: ["repository"],
    computed: [],
    identity: ["repository"],
    defaults: (inputs) => ({ enabled: true, ...inputs }),

    create: async (inputs, call) => ({ id: needText(inputs, "repository"), outputs: await write(inputs, call) }),

    async read({ id }, call) {
      const rest = gitHubRest(surroundings, call.session);
      const found = await rest.get(id, path);
      if (found === undefined) return undefined;
      const selected =
        found["allowed_actions"] === "selected" ? await rest.get(id, `${path}/selected-actions`) : undefined;
      const live = present({
        repository: id,
        enabled: found["enabled"],
        allowedActions: found["allowed_actions"],
        shaPinningRequired: found["sha_pinning_required"],
        allowedActionsConfig:
          selected === undefined
            ? undefined
            : present({
                githubOwnedAllowed: selected["github_owned_allowed"],
                verifiedAllowed: selected["verified_allowed"],
                patternsAlloweds: selected["patterns_allowed"],
              }),
      });
      return { id, inputs: live, outputs: live };
    },

    update: (_known, inputs, call) => write(inputs, call),

    // As the real provider does: the pinning of commits stays as it is.
    async delete({ id }, call) {
      await gitHubRest(surroundings, call.session).send("PUT", id, path, { enabled: true, allowed_actions: "all" });
    },
  };
}
