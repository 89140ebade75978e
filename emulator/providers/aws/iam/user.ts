import type { SimpleType } from "../../simple-resource.ts";
import { needText, type Properties, present } from "../../values.ts";
import { element, type QueryApi } from "../query-api.ts";
import { orAbsent } from "../s3-client.ts";
import { readById } from "./found.ts";
import { friendlyName } from "./names.ts";
import { changeTags, tagFields, tagsIn } from "./tags.ts";

/** `aws:iam/user:User`. Access keys are not offered: nothing of this project makes one. */
export function userType(iam: () => QueryApi): SimpleType {
  const find = async (name: string): Promise<Properties | undefined> => {
    const answer = await orAbsent(iam().call("GetUser", { UserName: name }));
    if (answer === undefined) return undefined;
    const tags = tagsIn(answer);
    return present({
      name,
      path: element(answer, "Path"),
      arn: element(answer, "Arn"),
      uniqueId: element(answer, "UserId"),
      tags,
      tagsAll: tags ?? {},
    });
  };
  const { read, found } = readById(find);

  return {
    token: "aws:iam/user:User",
    required: ["name"],
    optional: ["path", "tags"],
    replaceOn: ["name", "path"],
    computed: ["arn", "tagsAll", "uniqueId"],
    stable: ["arn", "uniqueId"],
    maps: ["tags"],
    identity: ["name"],
    defaults: (inputs, old, naming) => ({ path: "/", ...friendlyName(inputs, old, naming) }),
    async create(inputs) {
      const UserName = needText(inputs, "name");
      await iam().call("CreateUser", { UserName, Path: needText(inputs, "path"), ...tagFields(inputs["tags"]) });
      return { id: UserName, outputs: await found(UserName, inputs) };
    },
    read,
    async update({ id, inputs: old }, inputs) {
      await changeTags(iam(), { noun: "User", name: { UserName: id } }, old["tags"], inputs["tags"]);
      return found(id, inputs);
    },
    async delete({ id }) {
      await orAbsent(iam().call("DeleteUser", { UserName: id }));
    },
  };
}
