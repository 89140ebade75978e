import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCEPTED } from "../../../tools/judges/accepted.ts";
import { weigh } from "../../../tools/judges/checkov.ts";
import { renderState, type StateResource, terraformType } from "../../../tools/judges/render-state.ts";

const urn = (type: string, name: string) => `urn:pulumi:production::ml-delivery::${type}::${name}`;
const one = (type: string, name: string, more: Partial<StateResource>): StateResource => ({
  urn: urn(type, name),
  type,
  custom: true,
  ...more,
});

test("tokens become Terraform's names", () => {
  assert.equal(
    terraformType("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"),
    "aws_s3_bucket_public_access_block",
  );
  assert.equal(terraformType("aws:iam/openIdConnectProvider:OpenIdConnectProvider"), "aws_iam_openid_connect_provider");
  assert.equal(terraformType("aws:kms/key:Key"), "aws_kms_key");
  assert.equal(
    terraformType("github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"),
    "github_actions_environment_secret",
  );
  assert.throws(() => terraformType("aws:s3:Bucket"), /no token of a Terraform resource/);
});

test("AWS becomes HCL with references, blocks, and secrets hidden", () => {
  const bucket = one("aws:s3/bucket:Bucket", "storage-data", {
    id: "data",
    inputs: { bucket: "data", __defaults: [], forceDestroy: false, tags: { "managed-by": "pulumi" } },
    outputs: { arn: "arn:aws:s3:::data" },
  });
  const lifecycle = one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "life", {
    inputs: {
      bucket: "data",
      note: "$" + "{x} and %{y}",
      rules: [{ id: "a", filter: {}, transitions: [{ days: 30 }] }, { id: "b" }],
      key: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" },
    },
    propertyDependencies: { bucket: [bucket.urn] },
  });
  const { hcl, arm } = renderState([bucket, lifecycle]);
  assert.deepEqual([hcl.resources, arm.resources], [2, 0]);
  assert.equal(
    hcl.text,
    `resource "aws_s3_bucket" "storage_data" {
  bucket = "data"
  force_destroy = false
  tags = { "managed-by" = "pulumi" }
}

resource "aws_s3_bucket_lifecycle_configuration" "life" {
  bucket = aws_s3_bucket.storage_data.id
  note = "$$` +
      `{x} and %%{y}"
  rule {
    id = "a"
    filter {
    }
    transition {
      days = 30
    }
  }
  rule {
    id = "b"
  }
  key = var.hidden
}
`,
  );
});

test("Azure becomes a template: address from the id, settings under properties", () => {
  const group = "/subscriptions/s/resourceGroups/rg";
  const { arm, leftOut } = renderState([
    one("azure-native:machinelearningservices:OnlineEndpoint", "endpoint", {
      id: `${group}/providers/Microsoft.MachineLearningServices/workspaces/ws/onlineEndpoints/ep`,
      inputs: {
        azureApiVersion: "2025-12-01",
        endpointName: "ep",
        kind: "Managed",
        location: "eastus",
        properties: { authMode: "AADToken" },
        resourceGroupName: "rg",
        workspaceName: "ws",
      },
    }),
    one("azure-native:storage:StorageAccount", "storage", {
      id: `${group}/providers/Microsoft.Storage/storageAccounts/st`,
      inputs: { accountName: "st", allowBlobPublicAccess: false, sku: { name: "Standard_LRS" } },
    }),
    one("azure-native:resources:ResourceGroup", "group", { id: group, inputs: { location: "eastus" } }),
    one("ml-delivery:storage:Storage", "component", { custom: false }),
    one("command:local:Command", "command", {}),
  ]);
  assert.deepEqual((JSON.parse(arm.text) as { resources: unknown[] }).resources, [
    {
      type: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
      apiVersion: "2025-12-01",
      name: "ws/ep",
      metadata: { pulumi: "azure-native:machinelearningservices:OnlineEndpoint" },
      kind: "Managed",
      location: "eastus",
      properties: { authMode: "AADToken" },
    },
    {
      type: "Microsoft.Storage/storageAccounts",
      apiVersion: "unknown",
      name: "st",
      metadata: { pulumi: "azure-native:storage:StorageAccount" },
      sku: { name: "Standard_LRS" },
      properties: { allowBlobPublicAccess: false },
    },
    {
      type: "Microsoft.Resources/resourceGroups",
      apiVersion: "unknown",
      name: "rg",
      metadata: { pulumi: "azure-native:resources:ResourceGroup" },
      location: "eastus",
      properties: {},
    },
  ]);
  assert.deepEqual(leftOut, ["command:local:Command", "ml-delivery:storage:Storage"]);
});

test("a failed check is accepted for the resources it is accepted for, and a line that accepts nothing is told", () => {
  const failed = [
    { check: "CKV_AWS_18", name: "logging", resource: "aws_s3_bucket.storage_logs" },
    { check: "CKV_AWS_18", name: "logging", resource: "aws_s3_bucket.storage_data" },
  ];
  const log = { check: "CKV_AWS_18", resources: /_logs$/, reason: "it is the log" };
  const gone = { check: "CKV_AWS_144", resources: /./, reason: "one region" };
  assert.deepEqual(weigh(failed, [log, gone]), { open: failed.slice(1), idle: [gone] });
});

test("what is accepted is one kind of resource a line, with a reason in a sentence", () => {
  for (const { check, resources, reason } of ACCEPTED) {
    assert.match(check, /^CKV2?_(AWS|AZURE|GIT)_\d+$/);
    assert.match(resources.source, /^\^/, check);
    assert.match(reason, /^.{40,}\.$/, check);
  }
});
