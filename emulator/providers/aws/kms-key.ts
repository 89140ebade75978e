import type { Call } from "../provider.ts";
import type { SimpleType } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { isObject, needText, type Properties, present, text, type Value } from "../values.ts";
import { type AwsSurroundings, orAbsent } from "./s3-client.ts";
import { sameDocument } from "./same-document.ts";
import { signed } from "./signature.ts";

/** `aws:kms/key:Key`: a symmetric key. A deleted one waits for its end; what it encrypted is lost then. */
export function kmsKeyType(surroundings: Surroundings, aws: AwsSurroundings): SimpleType {
  const kms = (call: Call) => kmsApi(surroundings, aws.region(call.session));
  const outputsOf = async (id: string, inputs: Properties, call: Call): Promise<Properties> => ({
    ...(await find(kms(call), id)),
    ...inputs,
    keyId: id,
  });

  return {
    token: "aws:kms/key:Key",
    required: [],
    optional: ["deletionWindowInDays", "description", "enableKeyRotation", "policy", "tags"],
    replaceOn: [],
    computed: ["arn", "keyId", "tagsAll"],
    stable: ["arn", "keyId"],
    maps: ["tags"],
    writeOnly: ["deletionWindowInDays"],
    identity: [],
    same: sameDocument("policy"),

    judge(inputs) {
      const days = inputs["deletionWindowInDays"];
      if (typeof days !== "number" || (days >= 7 && days <= 30)) return [];
      const reason = `expected deletionWindowInDays to be in the range (7 - 30), got ${days}`;
      return [{ property: "deletionWindowInDays", reason }];
    },

    async create(inputs, call) {
      const asked = { Description: text(inputs, "description"), Policy: text(inputs, "policy") };
      const made = await kms(call)("CreateKey", present({ ...asked, Tags: tagList(inputs["tags"]) }));
      const id = needText(made["KeyMetadata"] as Properties, "KeyId");
      if (inputs["enableKeyRotation"] === true) await kms(call)("EnableKeyRotation", { KeyId: id });
      return { id, outputs: await outputsOf(id, inputs, call) };
    },

    async read({ id }, call) {
      const live = await find(kms(call), id);
      return live === undefined ? undefined : { id, inputs: live, outputs: { ...live, keyId: id } };
    },

    async update({ id, inputs: old }, inputs, call) {
      const key = { KeyId: id };
      await kms(call)("UpdateKeyDescription", { ...key, Description: text(inputs, "description") ?? "" });
      if (text(inputs, "policy") !== undefined) {
        await kms(call)("PutKeyPolicy", { ...key, PolicyName: "default", Policy: needText(inputs, "policy") });
      }
      await kms(call)(inputs["enableKeyRotation"] === true ? "EnableKeyRotation" : "DisableKeyRotation", key);
      const gone = Object.keys(recordOf(old["tags"])).filter((name) => !(name in recordOf(inputs["tags"])));
      if (gone.length > 0) await kms(call)("UntagResource", { ...key, TagKeys: gone });
      await kms(call)("TagResource", { ...key, Tags: tagList(inputs["tags"]) });
      return outputsOf(id, inputs, call);
    },

    async delete({ id, inputs }, call) {
      const PendingWindowInDays = inputs["deletionWindowInDays"] ?? 30;
      await orAbsent(kms(call)("ScheduleKeyDeletion", { KeyId: id, PendingWindowInDays }));
    },
  };
}

/** Inputs and what goes with them, as KMS has them; undefined where there is no key, or one that is being deleted. */
async function find(kms: KmsApi, id: string): Promise<Properties | undefined> {
  const key = { KeyId: id };
  const described = await orAbsent(kms("DescribeKey", key));
  const metadata = described?.["KeyMetadata"] as Properties | undefined;
  if (metadata === undefined || metadata["KeyState"] === "PendingDeletion") return undefined;
  const [{ Policy }, { KeyRotationEnabled }, { Tags }] = (await Promise.all([
    kms("GetKeyPolicy", { ...key, PolicyName: "default" }),
    kms("GetKeyRotationStatus", key),
    kms("ListResourceTags", key),
  ])) as [Properties, Properties, Properties];
  const list = (Tags ?? []) as readonly { TagKey: string; TagValue: string }[];
  const tags = Object.fromEntries(list.map(({ TagKey, TagValue }) => [TagKey, TagValue]));
  return present({
    arn: metadata["Arn"],
    description: metadata["Description"],
    enableKeyRotation: KeyRotationEnabled,
    policy: Policy,
    tags,
    tagsAll: tags,
  });
}

type KmsApi = (operation: string, input: Properties) => Promise<Properties>;

/** KMS speaks JSON. @throws an error named after KMS's code where it refuses. */
function kmsApi(surroundings: Surroundings, region: string): KmsApi {
  return async (operation, input) => {
    const url = new URL(surroundings.need("AWS_ENDPOINT_URL"));
    const body = JSON.stringify(input);
    const key = { id: surroundings.need("AWS_ACCESS_KEY_ID"), secret: surroundings.need("AWS_SECRET_ACCESS_KEY") };
    const protocol = { type: "application/x-amz-json-1.1", target: `TrentService.${operation}` };
    const headers = signed({ url, region, service: "kms", body, ...protocol }, key);
    const response = await fetch(url, { method: "POST", headers, body });
    const answer = await response.text();
    const parsed = (answer === "" ? {} : JSON.parse(answer)) as Properties;
    if (response.ok) return parsed;
    const code = String(parsed["__type"] ?? `HTTP ${response.status}`);
    // `orAbsent` knows what is not there by S3's name for it.
    const name = code === "NotFoundException" ? "NotFound" : code;
    throw Object.assign(new Error(`${operation}: ${code}: ${String(parsed["message"] ?? "")}`), { name });
  };
}

function tagList(tags: Value | undefined): Value {
  return Object.entries(recordOf(tags)).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
}

function recordOf(value: Value | undefined): Properties {
  return isObject(value) ? value : {};
}
