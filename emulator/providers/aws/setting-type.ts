import type { SimpleType } from "../simple-resource.ts";
import { needText } from "../values.ts";
import type { BucketSetting } from "./bucket-settings.ts";
import { type AwsSurroundings, orAbsent } from "./s3-client.ts";
import { sameDocument } from "./same-document.ts";

/** A bucket's setting as a resource type. Its id is the bucket's name, so there is one of a kind on a bucket. */
export function settingType(setting: BucketSetting, aws: AwsSurroundings): SimpleType {
  return {
    token: setting.token,
    required: ["bucket", ...setting.required],
    optional: setting.optional,
    replaceOn: ["bucket"],
    computed: ["region"],
    stable: ["region"],
    writeOnly: ["skipDestroy"],
    identity: ["bucket"],
    same: sameDocument("policy"),

    async create(inputs, call) {
      const bucket = needText(inputs, "bucket");
      await setting.put(aws.s3(call.session), bucket, inputs);
      return { id: bucket, outputs: { ...inputs, region: aws.region(call.session) } };
    },

    async read({ id }, call) {
      // On import the id may carry the owner's account behind a comma.
      const [bucket = id] = id.split(",");
      const live = await orAbsent(setting.get(aws.s3(call.session), bucket));
      if (live === undefined) return undefined;
      const found = { bucket, ...live };
      return { id: bucket, inputs: found, outputs: { ...found, region: aws.region(call.session) } };
    },

    async update({ id }, inputs, call) {
      await setting.put(aws.s3(call.session), id, inputs);
      return { ...inputs, region: aws.region(call.session) };
    },

    async delete({ id, inputs, outputs }, call) {
      await orAbsent(setting.remove(aws.s3(call.session), id, { ...outputs, ...inputs }));
    },
  };
}
