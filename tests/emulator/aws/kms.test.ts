import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { kmsKeyType } from "../../../emulator/providers/aws/kms-key.ts";
import type { AwsSurroundings } from "../../../emulator/providers/aws/s3-client.ts";
import type { Call } from "../../../emulator/providers/provider.ts";
import type { SimpleType } from "../../../emulator/providers/simple-resource.ts";
import type { Surroundings } from "../../../emulator/providers/surroundings.ts";
import type { Properties } from "../../../emulator/providers/values.ts";
import { type AwsHome, openAws } from "./aws-home.ts";

let home: AwsHome;
let type: SimpleType;
const call = {} as Call;
const policy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "Account",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::123456789012:root" },
      Action: "kms:*",
      Resource: "*",
    },
  ],
});
const inputs: Properties = { description: "first", policy, enableKeyRotation: true, tags: { a: "1" } };

before(async () => {
  home = await openAws();
  const variables: Record<string, string> = {
    AWS_ENDPOINT_URL: home.url,
    AWS_ACCESS_KEY_ID: "rehearsal",
    AWS_SECRET_ACCESS_KEY: "rehearsal",
  };
  const surroundings = { need: (name: string) => variables[name] ?? assert.fail(name) } as unknown as Surroundings;
  const aws: AwsSurroundings = { s3: () => assert.fail("no S3 here"), region: () => "us-east-1" };
  type = kmsKeyType(surroundings, aws);
});
after(() => home.close());

it("makes a key that rotates, changes it, keeps it over a kill, and lets it go", async () => {
  const { id, outputs } = await type.create(inputs, call);
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(outputs["arn"], `arn:aws:kms:us-east-1:123456789012:key/${id}`);

  const next: Properties = { ...inputs, description: "second", enableKeyRotation: false, tags: { b: "2" } };
  await type.update({ id, inputs, outputs }, next, call);
  await home.restart("kill");
  const found = await type.read({ id, inputs: next, outputs }, call);
  assert.deepEqual(
    { ...found?.inputs, policy: JSON.parse(String(found?.inputs["policy"])) },
    {
      arn: outputs["arn"],
      description: "second",
      enableKeyRotation: false,
      policy: JSON.parse(policy),
      tags: { b: "2" },
      tagsAll: { b: "2" },
    },
  );

  await home.restart("stop");
  await type.delete({ id, inputs: { deletionWindowInDays: 7 }, outputs }, call);
  assert.equal(await type.read({ id, inputs: next, outputs }, call), undefined);
});

it("refuses a waiting time that KMS does not know", () => {
  const days = (deletionWindowInDays: number) => type.judge?.({ deletionWindowInDays }).length;
  assert.deepEqual([6, 7, 30, 31].map(days), [1, 0, 0, 1]);
});
