import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkConfig } from "../../../config.ts";
import { describe as sentence } from "../../../delivery/shape.ts";
import { stackConfig } from "../../components/mocks.ts";

/** What is wrong with production's config after these changes; an endpoint's are put into the endpoint that is there. */
function problems(changes: Record<string, unknown>, endpoint: Record<string, unknown> = {}): string[] {
  const values = stackConfig("production");
  const changed = { ...(values["ml-delivery:endpoint"] as object), ...endpoint };
  const [, found] = checkConfig({ ...values, ...changes, "ml-delivery:endpoint": changed }, "production");
  return found.map(sentence);
}

const refused: [string, Record<string, unknown>, Record<string, unknown>, RegExp[]][] = [
  [
    "a network that is neither",
    { "ml-delivery:network": "vpn" },
    {},
    [/^ml-delivery:network is "?vpn"?; allowed: public, private/],
  ],
  [
    "an address range that is the internet's",
    { "ml-delivery:addressSpace": "20.0.0.0/24" },
    {},
    [/^ml-delivery:addressSpace is "?20\.0\.0\.0\/24"?; allowed: a private IPv4 range/],
  ],
  [
    "an address range that holds no five endpoints",
    { "ml-delivery:addressSpace": "10.0.0.0/29" },
    {},
    [/^ml-delivery:addressSpace/],
  ],
  [
    "everybody to break the glass",
    { "ml-delivery:storage": { encryption: "kms", breakGlass: ["*"] } },
    {},
    [/^ml-delivery:storage\.breakGlass\[0\] is "?\*"?; allowed: the ARN of an IAM role or user; as arn:aws:iam::/],
  ],
  [
    "another way to encrypt",
    { "ml-delivery:storage": { encryption: "none", breakGlass: [] } },
    {},
    [/^ml-delivery:storage\.encryption is "?none"?; allowed: kms, s3/],
  ],
  [
    "images that a private network does not reach",
    { "ml-delivery:network": "private" },
    {},
    [/^ml-delivery:images\.scoring .* an image in crplantphenoprod\w+\.azurecr\.io\//, /^ml-delivery:images\.training/],
  ],
  [
    "more instances at least than at most",
    {},
    { autoscale: { min: 5, max: 2 } },
    [/^ml-delivery:endpoint\.autoscale\.min is 5; allowed: at most max, 2; lower it or raise max$/],
  ],
  [
    "autoscale that would take away what it adds",
    {},
    { autoscale: { min: 1, max: 2, removeBelow: 70 } },
    [
      /^ml-delivery:endpoint\.autoscale\.removeBelow is 70; allowed: less than addAbove, 70; lower it or raise addAbove$/,
    ],
  ],
  [
    "a request that takes longer than Azure waits",
    {},
    { requests: { timeoutSeconds: 181 } },
    [/^ml-delivery:endpoint\.requests\.timeoutSeconds is 181; allowed: a whole number from 1 to 180; change it$/],
  ],
];

describe("config of storage, network and capacity", () => {
  for (const [what, changes, endpoint, messages] of refused) {
    it(`refuses ${what}`, () => {
      const found = problems(changes, endpoint);
      assert.equal(found.length, messages.length, found.join("\n"));
      for (const [i, message] of messages.entries()) assert.match(String(found[i]), message);
    });
  }

  it("takes what Azure and S3 take", () => {
    const role = "arn:aws:iam::123456789012:role/break-glass";
    const storage = { "ml-delivery:storage": { encryption: "kms", breakGlass: [role] } };
    const limits = { timeoutSeconds: 180, perInstance: 1, queueSeconds: 0.5 };
    assert.deepEqual(problems(storage, { requests: limits, autoscale: { min: 2, max: 50 } }), []);
  });
});
