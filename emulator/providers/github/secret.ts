import type { Call } from "../provider.ts";
import type { SimpleType } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { needText, type Properties, present, text, without } from "../values.ts";
import { gitHubRest, repositoryId } from "./rest.ts";
import type { Scope } from "./scope.ts";
import { seal } from "./sealed-box.ts";

/** Inputs that hold the value: bare, or sealed by the program itself. One of them is given. */
const bare = ["value", "plaintextValue"];
const sealedByProgram = ["valueEncrypted", "encryptedValue"];
const values = [...bare, ...sealedByProgram];

/** A secret of GitHub Actions. GitHub never gives a value back; that somebody changed it shows in its date. */
export function secretType(token: string, scope: Scope, surroundings: Surroundings): SimpleType {
  const write = async (inputs: Properties, call: Call) => {
    const rest = gitHubRest(surroundings, call.session);
    const repository = needText(inputs, "repository");
    const base = `${scope.path(inputs)}/secrets`;
    const key = await rest.get(repository, `${base}/public-key`);
    if (key === undefined)
      throw new Error(`there is no ${scope.inputs.map((name) => `${name} \`${inputs[name]}\``).join(", ")}`);
    const plain = bare.map((name) => inputs[name]).find((value) => typeof value === "string");
    const sealed = sealedByProgram.map((name) => inputs[name]).find((value) => typeof value === "string");
    const encrypted = typeof plain === "string" ? await seal(plain, needText(key, "key")) : sealed;
    const keyId = text(inputs, "keyId") ?? needText(key, "key_id");
    const path = `${base}/${encodeURIComponent(needText(inputs, "secretName"))}`;
    await rest.send("PUT", repository, path, present({ encrypted_value: encrypted, key_id: keyId }));
    return outputsOf(inputs, call);
  };
  const lookUp = (inputs: Properties, call: Call) => {
    const path = `${scope.path(inputs)}/secrets/${encodeURIComponent(needText(inputs, "secretName"))}`;
    return gitHubRest(surroundings, call.session).get(needText(inputs, "repository"), path);
  };
  const outputsOf = async (inputs: Properties, call: Call): Promise<Properties> => {
    const found = await lookUp(inputs, call);
    const updatedAt = found?.["updated_at"];
    return present({
      ...inputs,
      createdAt: found?.["created_at"],
      updatedAt,
      remoteUpdatedAt: updatedAt,
      repositoryId: await repositoryId(gitHubRest(surroundings, call.session), needText(inputs, "repository")),
    });
  };

  return {
    token,
    required: [...scope.inputs, "secretName"],
    optional: [...values, "keyId"],
    replaceOn: [...scope.inputs, "secretName"],
    computed: ["createdAt", "updatedAt", "remoteUpdatedAt", "repositoryId"],
    stable: ["createdAt", "repositoryId"],
    identity: [...scope.inputs, "secretName"],

    judge(inputs) {
      const given = values.filter((name) => inputs[name] !== undefined);
      if (given.length === 1) return [];
      const got = given.length === 0 ? "none" : given.join(" and ");
      return [{ property: "value", reason: `give exactly one of ${values.join(", ")}; got ${got}` }];
    },

    async create(inputs, call) {
      const outputs = await write(inputs, call);
      return { id: scope.id(inputs, needText(inputs, "secretName")), outputs };
    },

    async read({ id, inputs, outputs }, call) {
      const names = Object.keys(inputs).length > 0 ? inputs : scope.fromId(id, "secretName");
      const found = await lookUp(names, call);
      if (found === undefined) return undefined;
      const known = outputs["updatedAt"];
      const changedElsewhere = known !== undefined && known !== found["updated_at"];
      // Without its value among the inputs, the program's value is a change, and the next update writes it again.
      const live = changedElsewhere ? without(names, values) : names;
      return {
        id,
        inputs: live,
        outputs: changedElsewhere ? without(await outputsOf(live, call), ["updatedAt"]) : await outputsOf(live, call),
      };
    },

    update: (_known, inputs, call) => write(inputs, call),

    async delete({ id }, call) {
      const names = scope.fromId(id, "secretName");
      const path = `${scope.path(names)}/secrets/${encodeURIComponent(needText(names, "secretName"))}`;
      await gitHubRest(surroundings, call.session).delete(needText(names, "repository"), path);
    },
  };
}
