import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unknownCheckingProxy } from "@pulumi/policy";
import type { Rule } from "../../../policy/rule.ts";
import { RULES } from "../../../policy/rules/index.ts";
import { closedBuckets } from "../../../policy/rules/public.ts";
import { resource } from "./resources.ts";

const ml = (kind: string) => `azure-native:machinelearningservices:${kind}`;
const version = "3f2a9c01d4e5b678";
const everybody = (more: object = {}) =>
  JSON.stringify({ Statement: [{ Sid: "Open", Effect: "Allow", Principal: "*", Action: "s3:GetObject", ...more }] });
const aml = (properties: object, top: object = {}) => ({
  properties: {
    computeType: "AmlCompute",
    disableLocalAuth: true,
    ...top,
    properties: {
      remoteLoginPortPublicAccess: "Disabled",
      scaleSettings: { minNodeCount: 0, maxNodeCount: 4, nodeIdleTimeBeforeScaleDown: "PT10M" },
      ...properties,
    },
  },
});
const scale = (minNodeCount: unknown, nodeIdleTimeBeforeScaleDown: unknown) =>
  aml({ scaleSettings: { minNodeCount, nodeIdleTimeBeforeScaleDown } });
const block = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };
const own = { project: "plant-phenotyping", environment: "production", "managed-by": "pulumi" };

type Case = readonly [type: string, inputs: Record<string, unknown>, options?: { stack?: string; protect?: boolean }];

/** For each rule what it passes, and what it catches with the beginning of what it says. */
const cases: Record<string, { passes: readonly Case[]; catches: readonly (readonly [Case, RegExp])[] }> = {
  "endpoint-authentication": {
    passes: [
      [ml("OnlineEndpoint"), { properties: { authMode: "AADToken" } }],
      [ml("OnlineEndpoint"), { properties: { authMode: "Key" } }, { stack: "staging" }],
    ],
    catches: [
      [
        [ml("OnlineEndpoint"), { properties: { authMode: "Key" } }],
        /^properties\.authMode must be AADToken \(it is "Key"\)$/,
      ],
      [[ml("OnlineEndpoint"), { properties: { authMode: "AMLToken" } }], /it is "AMLToken"/],
      [[ml("OnlineEndpoint"), { properties: {} }], /it is missing/],
      [[ml("BatchEndpoint"), { properties: { authMode: "Key" } }], /must be AADToken/],
      [[ml("OnlineEndpoint"), { properties: { authMode: "Key" } }, { stack: "prod-eu" }], /must be AADToken/],
      [
        [ml("OnlineEndpoint"), { properties: { authMode: "None" } }, { stack: "staging" }],
        /must be AADToken or AMLToken or Key/,
      ],
    ],
  },
  "model-by-version": {
    passes: [
      [ml("OnlineDeployment"), { properties: { model: `/x/models/leaf/versions/${version}` } }],
      [ml("ModelVersion"), { version, properties: { modelUri: `azureml://x/paths/models/${version}/` } }],
    ],
    catches: [
      [[ml("OnlineDeployment"), { properties: { model: "azureml:leaf@latest" } }], /must end in \/versions/],
      [[ml("OnlineDeployment"), { properties: { model: "/x/models/leaf/labels/latest" } }], /must end in \/versions/],
      [[ml("OnlineDeployment"), { properties: {} }], /it is missing/],
      [
        [ml("ModelVersion"), { version: "3", properties: { modelUri: "azureml://x/3/" } }],
        /version must be 16 hex digits/,
      ],
      [
        [ml("ModelVersion"), { version, properties: { modelUri: "azureml://x/paths/models/latest/" } }],
        /must lie in a folder/,
      ],
    ],
  },
  "pinned-images": {
    passes: [
      [ml("EnvironmentVersion"), { properties: { image: "ghcr.io/o/scoring:1.0.0" } }],
      [ml("EnvironmentVersion"), { properties: { image: `localhost:5000/scoring@sha256:${"a".repeat(64)}` } }],
      [ml("OnlineDeployment"), { properties: { environmentId: "/x/environments/e/versions/1.0.0" } }],
    ],
    catches: [
      [[ml("EnvironmentVersion"), { properties: { image: "ghcr.io/o/scoring" } }], /must have a version or a digest/],
      [[ml("EnvironmentVersion"), { properties: { image: "ghcr.io/o/scoring:latest" } }], /not latest/],
      [[ml("EnvironmentVersion"), { properties: { image: "localhost:5000/scoring" } }], /must have a version/],
      [[ml("OnlineDeployment"), { properties: { environmentId: "/x/environments/e/labels/latest" } }], /must end in/],
    ],
  },
  "cluster-authentication": {
    passes: [[ml("Compute"), aml({})]],
    catches: [
      [[ml("Compute"), aml({}, { disableLocalAuth: false })], /disableLocalAuth must be true \(it is false\)/],
      [[ml("Compute"), aml({}, { disableLocalAuth: undefined })], /it is missing/],
      [[ml("Compute"), aml({ remoteLoginPortPublicAccess: "Enabled" })], /must be Disabled \(it is "Enabled"\)/],
    ],
  },
  "cluster-idle-nodes": {
    passes: [
      [ml("Compute"), scale(0, "PT2H")],
      [ml("Compute"), scale(0, "PT120M")],
    ],
    catches: [
      [[ml("Compute"), scale(1, "PT10M")], /minNodeCount must be 0 \(it is 1\)/],
      [[ml("Compute"), scale(undefined, "PT10M")], /it is missing/],
      [[ml("Compute"), scale(0, "PT121M")], /must be PT2H or less/],
      [[ml("Compute"), scale(0, "P1D")], /must be PT2H or less/],
    ],
  },
  "public-data": {
    passes: [
      ["aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", block],
      ["aws:s3/bucket:Bucket", { bucket: "b" }],
      ["aws:s3/bucketAcl:BucketAcl", { acl: "private" }],
      ["aws:s3/bucketPolicy:BucketPolicy", { policy: everybody({ Effect: "Deny" }) }],
      [
        "aws:s3/bucketPolicy:BucketPolicy",
        { policy: everybody({ Principal: { Service: "logging.s3.amazonaws.com" } }) },
      ],
      [
        "aws:s3/bucketPolicy:BucketPolicy",
        { policy: everybody({ Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1" } } }) },
      ],
      ["azure-native:storage:StorageAccount", { allowBlobPublicAccess: false }],
      ["azure-native:storage:BlobContainer", { publicAccess: "None" }],
      ["azure-native:containerregistry:Registry", { anonymousPullEnabled: false }],
    ],
    catches: [
      [
        ["aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { ...block, ignorePublicAcls: false }],
        /ignorePublicAcls must be true/,
      ],
      [["aws:s3/bucket:Bucket", { acl: "public-read" }], /acl must not open the bucket/],
      [["aws:s3/bucketAcl:BucketAcl", { acl: "authenticated-read" }], /acl must not open/],
      [["aws:s3/bucketPolicy:BucketPolicy", { policy: everybody() }], /statement Open must not allow everybody/],
      [
        ["aws:s3/bucketPolicy:BucketPolicy", { policy: everybody({ Principal: { AWS: ["*"] } }) }],
        /must not allow everybody/,
      ],
      [
        [
          "aws:s3/bucketPolicy:BucketPolicy",
          { policy: everybody({ Condition: { Bool: { "aws:SecureTransport": "true" } } }) },
        ],
        /must not allow everybody/,
      ],
      [
        [
          "aws:s3/bucketPolicy:BucketPolicy",
          { policy: everybody({ Condition: { StringNotEquals: { "aws:PrincipalOrgID": "o-1" } } }) },
        ],
        /must not allow everybody/,
      ],
      [["azure-native:storage:StorageAccount", {}], /allowBlobPublicAccess must be false \(it is missing\)/],
      [["azure-native:storage:BlobContainer", { publicAccess: "Blob" }], /publicAccess must be None/],
      [["azure-native:containerregistry:Registry", { anonymousPullEnabled: true }], /must be false/],
    ],
  },
  "network-needs-identity": {
    passes: [
      ["azure-native:storage:StorageAccount", { allowSharedKeyAccess: false }],
      ["azure-native:storage:StorageAccount", { publicNetworkAccess: "Disabled", allowSharedKeyAccess: true }],
      ["azure-native:storage:StorageAccount", { allowSharedKeyAccess: true }, { stack: "dev" }],
      ["azure-native:keyvault:Vault", { properties: { enableRbacAuthorization: true } }],
      ["azure-native:containerregistry:Registry", { adminUserEnabled: false }],
      [ml("Workspace"), { publicNetworkAccess: "Enabled", systemDatastoresAuthMode: "Identity" }],
      [ml("OnlineEndpoint"), { properties: { authMode: "AADToken", publicNetworkAccess: "Enabled" } }],
    ],
    catches: [
      [["azure-native:storage:StorageAccount", {}], /allowSharedKeyAccess must be false/],
      [
        ["azure-native:keyvault:Vault", { properties: { publicNetworkAccess: "Enabled" } }],
        /enableRbacAuthorization must be true/,
      ],
      [["azure-native:containerregistry:Registry", { adminUserEnabled: true }], /adminUserEnabled must be false/],
      [[ml("Workspace"), { systemDatastoresAuthMode: "AccessKey" }], /must be "Identity" \(it is "AccessKey"\)/],
      [
        [ml("OnlineEndpoint"), { properties: { authMode: "Key", publicNetworkAccess: "Enabled" } }],
        /authMode must be "AADToken"/,
      ],
    ],
  },
  tags: {
    passes: [
      ["aws:s3/bucket:Bucket", { tags: own }],
      ["aws:s3/bucketVersioning:BucketVersioning", {}],
    ],
    catches: [
      [["aws:s3/bucket:Bucket", {}], /^tags\.project must be the project's name \(it is missing\)$/m],
      [
        ["aws:s3/bucket:Bucket", { tags: { ...own, environment: "staging" } }],
        /must be the stack's name, production \(it is "staging"\)/,
      ],
      [[ml("Workspace"), { tags: { ...own, "managed-by": "hand" } }], /managed-by must be pulumi/],
    ],
  },
  "protected-state": {
    passes: [
      ["aws:s3/bucket:Bucket", {}, { protect: true }],
      ["aws:s3/bucket:Bucket", {}, { protect: false, stack: "staging" }],
    ],
    catches: [[["aws:s3/bucket:Bucket", {}, { protect: false }], /it is not protected/]],
  },
};

const check = (rule: Rule, [type, inputs, options]: Case) => rule.check(resource(type, inputs, options));

for (const rule of RULES) {
  describe(`the rule ${rule.name}`, () => {
    const { passes, catches } = cases[rule.name] ?? { passes: [], catches: [] };
    it("has cases of both kinds, and words for what to do", () => {
      assert.ok(passes.length > 0 && catches.length > 0);
      assert.match(rule.description, /\.$/);
      assert.match(rule.remedy, /\.$/);
    });
    for (const one of passes) {
      it(`passes ${one[0]} ${JSON.stringify(one[1])}`, () => assert.deepEqual(check(rule, one), []));
    }
    for (const [one, says] of catches) {
      it(`catches ${one[0]} ${JSON.stringify(one[1])}`, () => {
        const faults = check(rule, one);
        assert.ok(faults.length > 0, "nothing was caught");
        assert.match(faults.join("\n"), says);
      });
    }
    it("judges no value that a preview cannot know", () => {
      const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
      const inputs = unknownCheckingProxy({
        properties: unknown,
        tags: unknown,
        version: unknown,
        acl: unknown,
        policy: unknown,
        publicAccess: unknown,
        publicNetworkAccess: unknown,
        anonymousPullEnabled: unknown,
        allowBlobPublicAccess: unknown,
        ...Object.fromEntries(Object.keys(block).map((name) => [name, unknown])),
      });
      for (const type of new Set([...passes, ...catches.map(([one]) => one)].map(([type]) => type))) {
        assert.deepEqual(rule.check(resource(type, inputs)), [], type);
      }
    });
  });
}

describe("the rule closed-buckets", () => {
  const bucket = resource("aws:s3/bucket:Bucket", { bucket: "data" }, { name: "data" });
  const type = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";
  it("passes a bucket that a block names, by name or by where its input comes from", () => {
    assert.deepEqual(closedBuckets.check([bucket, resource(type, { bucket: "data" })]), []);
    assert.deepEqual(closedBuckets.check([bucket, resource(type, {}, { from: { bucket: [bucket.urn] } })]), []);
  });
  it("catches one that none names", () => {
    const other = resource(type, { bucket: "models" });
    assert.deepEqual(closedBuckets.check([bucket, other]), [
      { resource: bucket, fault: "no public access block names it" },
    ]);
  });
});
