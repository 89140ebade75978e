import type { SimpleType } from "../../simple-resource.ts";
import { needText, type Properties } from "../../values.ts";
import { element, type QueryApi } from "../query-api.ts";
import { orAbsent } from "../s3-client.ts";
import { sameDocument } from "../same-document.ts";
import { friendlyName } from "./names.ts";

/** A policy inside a role or a user: `aws:iam/rolePolicy:RolePolicy`, `aws:iam/userPolicy:UserPolicy`. */
export function inlinePolicyType(owner: "role" | "user", iam: () => QueryApi): SimpleType {
  const noun = owner === "role" ? "Role" : "User";
  const address = (name: string, policy: string) => ({ [`${noun}Name`]: name, PolicyName: policy });
  const split = (id: string) => {
    const [name = "", policy = ""] = id.split(":");
    if (policy === "") throw new Error(`the id \`${id}\` is not of the form <${owner}>:<policy>`);
    return [name, policy] as const;
  };
  const put = async (inputs: Properties): Promise<string> => {
    const [name, policy] = [needText(inputs, owner), needText(inputs, "name")];
    const PolicyDocument = needText(inputs, "policy");
    await iam().call(`Put${noun}Policy`, { ...address(name, policy), PolicyDocument });
    return `${name}:${policy}`;
  };

  return {
    token: `aws:iam/${owner}Policy:${noun}Policy`,
    required: [owner, "name", "policy"],
    optional: [],
    replaceOn: [owner, "name"],
    computed: [],
    identity: [owner, "name"],
    same: sameDocument("policy"),
    defaults: friendlyName,
    create: async (inputs) => ({ id: await put(inputs), outputs: inputs }),
    async read({ id }) {
      const [name, policy] = split(id);
      const answer = await orAbsent(iam().call(`Get${noun}Policy`, address(name, policy)));
      if (answer === undefined) return undefined;
      const live = {
        [owner]: name,
        name: policy,
        policy: decodeURIComponent(element(answer, "PolicyDocument") ?? ""),
      };
      return { id, inputs: live, outputs: live };
    },
    async update(_known, inputs) {
      await put(inputs);
      return inputs;
    },
    async delete({ id }) {
      await orAbsent(iam().call(`Delete${noun}Policy`, address(...split(id))));
    },
  };
}
