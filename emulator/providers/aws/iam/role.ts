import type { SimpleType } from "../../simple-resource.ts";
import { needText, type Properties, present, text } from "../../values.ts";
import { element, type QueryApi } from "../query-api.ts";
import { orAbsent } from "../s3-client.ts";
import { sameDocument } from "../same-document.ts";
import { readById } from "./found.ts";
import { friendlyName } from "./names.ts";
import { changeTags, tagFields, tagsIn } from "./tags.ts";

/** IAM's own limits of a session, seconds. */
const [shortest, longest] = [3600, 43_200];

/** `aws:iam/role:Role`. Its rights are resources of their own. */
export function roleType(iam: () => QueryApi): SimpleType {
  const find = async (name: string): Promise<Properties | undefined> => {
    const answer = await orAbsent(iam().call("GetRole", { RoleName: name }));
    if (answer === undefined) return undefined;
    const tags = tagsIn(answer);
    return present({
      name,
      path: element(answer, "Path"),
      arn: element(answer, "Arn"),
      createDate: element(answer, "CreateDate"),
      uniqueId: element(answer, "RoleId"),
      description: element(answer, "Description") || undefined,
      maxSessionDuration: Number(element(answer, "MaxSessionDuration") ?? shortest),
      assumeRolePolicy: decodeURIComponent(element(answer, "AssumeRolePolicyDocument") ?? ""),
      tags,
      tagsAll: tags ?? {},
    });
  };
  const { read, found } = readById(find);

  return {
    token: "aws:iam/role:Role",
    required: ["name", "assumeRolePolicy"],
    optional: ["description", "maxSessionDuration", "path", "tags"],
    replaceOn: ["name", "path"],
    computed: ["arn", "createDate", "tagsAll", "uniqueId"],
    stable: ["arn", "createDate", "uniqueId"],
    maps: ["tags"],
    identity: ["name"],
    same: sameDocument("assumeRolePolicy"),
    defaults: (inputs, old, naming) => ({
      path: "/",
      maxSessionDuration: shortest,
      ...friendlyName(inputs, old, naming),
    }),

    judge(inputs) {
      const seconds = inputs["maxSessionDuration"];
      if (typeof seconds !== "number" || (seconds >= shortest && seconds <= longest)) return [];
      const reason = `expected maxSessionDuration to be in the range (${shortest} - ${longest}), got ${seconds}`;
      return [{ property: "maxSessionDuration", reason }];
    },

    async create(inputs) {
      const name = needText(inputs, "name");
      await iam().call("CreateRole", {
        RoleName: name,
        AssumeRolePolicyDocument: needText(inputs, "assumeRolePolicy"),
        Path: needText(inputs, "path"),
        Description: text(inputs, "description") ?? "",
        MaxSessionDuration: String(inputs["maxSessionDuration"]),
        ...tagFields(inputs["tags"]),
      });
      return { id: name, outputs: await found(name, inputs) };
    },

    read,

    async update({ id, inputs: old }, inputs) {
      const role = { RoleName: id };
      if (old["assumeRolePolicy"] !== inputs["assumeRolePolicy"]) {
        const PolicyDocument = needText(inputs, "assumeRolePolicy");
        await iam().call("UpdateAssumeRolePolicy", { ...role, PolicyDocument });
      }
      await iam().call("UpdateRole", {
        ...role,
        Description: text(inputs, "description") ?? "",
        MaxSessionDuration: String(inputs["maxSessionDuration"]),
      });
      await changeTags(iam(), { noun: "Role", name: role }, old["tags"], inputs["tags"]);
      return found(id, inputs);
    },

    async delete({ id }) {
      await orAbsent(iam().call("DeleteRole", { RoleName: id }));
    },
  };
}
