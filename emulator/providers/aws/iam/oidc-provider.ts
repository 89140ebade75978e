import { isDeepStrictEqual } from "node:util";
import type { SimpleType } from "../../simple-resource.ts";
import { needText, type Properties, present, text } from "../../values.ts";
import { element, members, type QueryApi } from "../query-api.ts";
import { orAbsent } from "../s3-client.ts";
import { readById } from "./found.ts";
import { changeTags, listFields, tagFields, tagsIn } from "./tags.ts";

/** `aws:iam/openIdConnectProvider:OpenIdConnectProvider`. One for an issuer in an account: its ARN is its address. */
export function oidcProviderType(iam: () => QueryApi): SimpleType {
  const address = (arn: string) => ({ OpenIDConnectProviderArn: arn });
  const find = async (arn: string): Promise<Properties | undefined> => {
    const answer = await orAbsent(iam().call("GetOpenIDConnectProvider", address(arn)));
    if (answer === undefined) return undefined;
    const tags = tagsIn(answer);
    const thumbprints = members(answer, "ThumbprintList");
    return present({
      arn,
      url: `https://${element(answer, "Url") ?? ""}`,
      clientIdLists: members(answer, "ClientIDList"),
      // Without thumbprints AWS trusts the issuer's certificate by its authority.
      thumbprintLists: thumbprints.length === 0 ? undefined : thumbprints,
      tags,
      tagsAll: tags ?? {},
    });
  };
  const { read, found } = readById(find);

  return {
    token: "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    required: ["url", "clientIdLists"],
    optional: ["thumbprintLists", "tags"],
    replaceOn: ["url"],
    computed: ["arn", "tagsAll", "thumbprintLists"],
    stable: ["arn"],
    maps: ["tags"],
    identity: ["url"],

    judge(inputs) {
      const url = text(inputs, "url");
      if (url === undefined || url.startsWith("https://")) return [];
      return [{ property: "url", reason: `expected url to begin with https://, got ${url}` }];
    },

    async create(inputs) {
      const answer = await iam().call("CreateOpenIDConnectProvider", {
        Url: needText(inputs, "url"),
        ...listFields("ClientIDList", inputs["clientIdLists"]),
        ...listFields("ThumbprintList", inputs["thumbprintLists"]),
        ...tagFields(inputs["tags"]),
      });
      const arn = element(answer, "OpenIDConnectProviderArn") ?? "";
      return { id: arn, outputs: await found(arn, inputs) };
    },

    read,

    async update({ id, inputs: old }, inputs) {
      // moto, which keeps them, has neither of the two calls that this takes.
      if (!isDeepStrictEqual(old["clientIdLists"], inputs["clientIdLists"])) {
        throw new Error(`the emulator cannot change the audiences (clientIdLists) of ${id}; AWS does it in place`);
      }
      if (!isDeepStrictEqual(old["thumbprintLists"], inputs["thumbprintLists"])) {
        const list = listFields("ThumbprintList", inputs["thumbprintLists"]);
        await iam().call("UpdateOpenIDConnectProviderThumbprint", { ...address(id), ...list });
      }
      await changeTags(iam(), { noun: "OpenIDConnectProvider", name: address(id) }, old["tags"], inputs["tags"]);
      return found(id, inputs);
    },

    async delete({ id }) {
      await orAbsent(iam().call("DeleteOpenIDConnectProvider", address(id)));
    },
  };
}
