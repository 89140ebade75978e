import type { Invocation, Provider } from "../provider.ts";
import { type SimpleType, simpleResource } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { text } from "../values.ts";
import { bucketType } from "./bucket.ts";
import { bucketSettings } from "./bucket-settings.ts";
import { callerIdentity } from "./caller-identity.ts";
import { iamTypes } from "./iam/types.ts";
import { kmsKeyType } from "./kms-key.ts";
import { awsSurroundings } from "./s3-client.ts";
import { settingType } from "./setting-type.ts";

/** Settings that only say what the real provider need not check; there is nothing here for it to check. */
const harmless = [
  "skipCredentialsValidation",
  "skipMetadataApiCheck",
  "skipRegionValidation",
  "skipRequestingAccountId",
  "s3UsePathStyle",
];

/** The provider `aws`, in front of the AWS that `AWS_ENDPOINT_URL` names. */
export function awsProvider(surroundings: Surroundings): Provider {
  const aws = awsSurroundings(surroundings);
  const settings = bucketSettings.map((setting) => settingType(setting, aws));
  const types: SimpleType[] = [bucketType(aws), ...settings, kmsKeyType(surroundings, aws), ...iamTypes(surroundings)];
  const functions: [string, Invocation][] = [
    [
      "aws:index/getCallerIdentity:getCallerIdentity",
      (_inputs, session) => callerIdentity(surroundings, aws.region(session)),
    ],
    [
      "aws:index/getRegion:getRegion",
      async (inputs, session) => {
        const region = text(inputs, "region") ?? aws.region(session);
        return { id: region, region, name: region, endpoint: `ec2.${region}.amazonaws.com` };
      },
    ],
    [
      "aws:index/getPartition:getPartition",
      async () => ({ id: "aws", partition: "aws", dnsSuffix: "amazonaws.com", reverseDnsPrefix: "com.amazonaws" }),
    ],
  ];
  return {
    name: "aws",
    version: surroundings.version("aws"),
    settings: ["region", ...harmless],
    resources: new Map(types.map((type) => [type.token, simpleResource(type)])),
    functions: new Map(functions),
  };
}
