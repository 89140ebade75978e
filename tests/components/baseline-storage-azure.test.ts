import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { azureNames } from "../../components/names.ts";
import { only, type Registered, record, stackConfig } from "./mocks.ts";

/** The production stack as its file has it, but for `changes`. */
async function production(changes: Record<string, unknown> = {}): Promise<Registered[]> {
  const config = stackConfig("production");
  const texts = Object.entries({ ...config, ...changes }).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  pulumi.runtime.setAllConfig(Object.fromEntries(texts));
  return record(() => import(`../../index.ts?${randomUUID()}`), { stack: "production" });
}

const of = (seen: readonly Registered[], type: string) => {
  const found = seen.filter((one) => one.type === type).map(({ inputs }) => inputs);
  assert.ok(found.length > 0, `the stack has no ${type}`);
  return found;
};
const buckets = ["data", "models", "logs"].map((purpose) => `plant-phenotyping-production-${purpose}`);
/** The setting of this kind of each bucket. */
const settings = (seen: readonly Registered[], kind: string) => {
  const all = of(seen, `aws:s3/${kind.charAt(0).toLowerCase()}${kind.slice(1)}:${kind}`);
  return buckets.map((bucket) => all.find((inputs) => inputs.bucket === bucket));
};

let seen: Registered[];
before(async () => {
  seen = await production();
});

describe("S3 of the production stack", () => {
  it("blocks public access in all four ways, on each bucket", () => {
    for (const block of settings(seen, "BucketPublicAccessBlock")) {
      const { blockPublicAcls, blockPublicPolicy, ignorePublicAcls, restrictPublicBuckets } = block;
      assert.deepEqual(
        [blockPublicAcls, blockPublicPolicy, ignorePublicAcls, restrictPublicBuckets].every(Boolean),
        true,
      );
    }
  });

  it("lets the bucket's owner own every object, and has no ACL", () => {
    for (const controls of settings(seen, "BucketOwnershipControls")) {
      assert.equal(controls.rule.objectOwnership, "BucketOwnerEnforced");
    }
    assert.deepEqual(
      seen.filter(({ type }) => /Acl$/.test(type)),
      [],
    );
  });

  it("denies what is not TLS 1.2, on buckets and objects", () => {
    for (const { bucket, policy } of settings(seen, "BucketPolicy")) {
      const statements = JSON.parse(policy).Statement;
      const deny = { Effect: "Deny", Principal: "*", Action: "s3:*" };
      const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
      const conditions = [
        { Bool: { "aws:SecureTransport": "false" } },
        { NumericLessThan: { "s3:TlsVersion": "1.2" } },
      ];
      const sids = ["TlsOnly", "Tls12"];
      assert.deepEqual(
        statements.slice(0, 2),
        conditions.map((Condition, i) => ({ Sid: sids[i], ...deny, Resource, Condition })),
      );
    }
  });

  it("encrypts with a key of its own through a bucket key, logs with S3's", () => {
    const rules = settings(seen, "BucketServerSideEncryptionConfiguration").map(({ rules }) => rules[0]);
    const algorithms = rules.map((rule) => rule.applyServerSideEncryptionByDefault.sseAlgorithm);
    assert.deepEqual(algorithms, ["aws:kms", "aws:kms", "AES256"]);
    assert.deepEqual([rules[0].bucketKeyEnabled, rules[1].bucketKeyEnabled], [true, true]);
    const [key] = of(seen, "aws:kms/key:Key");
    assert.equal(key.enableKeyRotation, true);
  });

  it("keeps versions, and lets nobody delete one of a model", () => {
    for (const { versioningConfiguration } of settings(seen, "BucketVersioning")) {
      assert.equal(versioningConfiguration.status, "Enabled");
    }
    const { Effect, Principal, Action, Resource, Condition } = JSON.parse(
      only(seen, "storage-models-policy").inputs.policy,
    ).Statement.at(-1);
    assert.deepEqual(
      [Effect, Principal, Action, Resource, Condition],
      ["Deny", "*", "s3:DeleteObjectVersion", `arn:aws:s3:::${buckets[1]}/*`, undefined],
    );
  });

  it("ends abandoned uploads after a week, and makes what is old cheaper", () => {
    for (const { rules } of settings(seen, "BucketLifecycleConfiguration")) {
      // biome-ignore lint/suspicious/noExplicitAny: rules have as many shapes as there are ages
      assert.ok(rules.some((rule: any) => rule.abortIncompleteMultipartUpload?.daysAfterInitiation === 7));
    }
  });

  it("logs access to data and models in a bucket of its own", () => {
    const [data, models, logs] = settings(seen, "BucketLogging");
    assert.deepEqual([data?.targetBucket, models?.targetBucket, logs], [buckets[2], buckets[2], undefined]);
  });

  it("destroys no bucket that holds something", () => {
    for (const { bucket, forceDestroy } of of(seen, "aws:s3/bucket:Bucket")) {
      assert.equal(forceDestroy, false, bucket);
    }
  });

  it("allows nothing to everybody", () => {
    for (const { policy } of settings(seen, "BucketPolicy")) {
      for (const { Effect, Principal } of JSON.parse(policy).Statement) {
        if (Effect === "Allow") assert.deepEqual(Principal, { Service: "logging.s3.amazonaws.com" });
      }
    }
  });
});

describe("Azure ML of the production stack", () => {
  const ml = (type: string) => of(seen, `azure-native:machinelearningservices:${type}`);

  it("acts as an identity that the stack made", () => {
    const [workspace] = ml("Workspace");
    assert.equal(workspace.identity.type, "UserAssigned");
    assert.deepEqual(workspace.identity.userAssignedIdentities, [workspace.primaryUserAssignedIdentity]);
  });

  it("speaks to data as itself, without stored keys", () => {
    const [workspace] = ml("Workspace");
    assert.deepEqual([workspace.systemDatastoresAuthMode, workspace.v1LegacyMode], ["Identity", false]);
    assert.equal(workspace.allowPublicAccessWhenBehindVnet, false);
  });

  it("has nodes without local accounts and open ports, and none that idle", () => {
    const [{ properties }] = ml("Compute");
    assert.equal(properties.disableLocalAuth, true);
    assert.equal(properties.properties.remoteLoginPortPublicAccess, "Disabled");
    assert.equal(properties.properties.scaleSettings.minNodeCount, 0);
    assert.match(properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown, /^PT\d+M$/);
  });

  it("asks callers of the endpoint for a token of Entra ID, and keeps no key in GitHub", () => {
    const [endpoint] = ml("OnlineEndpoint");
    assert.equal(endpoint.properties.authMode, "AADToken");
    assert.deepEqual(
      seen.filter(({ type }) => /Secret/.test(type)),
      [],
    );
  });

  it("keeps data in an account without keys, public blobs and old TLS, and brings back what was deleted", () => {
    const [account] = of(seen, "azure-native:storage:StorageAccount");
    assert.deepEqual(
      [account.allowSharedKeyAccess, account.allowBlobPublicAccess, account.enableHttpsTrafficOnly],
      [false, false, true],
    );
    assert.equal(account.minimumTlsVersion, "TLS1_2");
    const [blobs] = of(seen, "azure-native:storage:BlobServiceProperties");
    assert.deepEqual([blobs.isVersioningEnabled, blobs.deleteRetentionPolicy.enabled], [true, true]);
  });

  it("keeps images in a registry without admin user and without anonymous pull", () => {
    const [registry] = of(seen, "azure-native:containerregistry:Registry");
    assert.deepEqual([registry.adminUserEnabled, registry.anonymousPullEnabled], [false, false]);
  });

  it("writes logs of clusters, jobs, requests, containers and secrets to a log workspace", () => {
    const settings = of(seen, "azure-native:monitor:DiagnosticSetting");
    const categories = settings.flatMap(({ logs }) => logs.map(({ category }: { category: string }) => category));
    for (const wanted of [
      "AmlComputeClusterEvent",
      "AmlComputeJobEvent",
      "AmlOnlineEndpointTrafficLog",
      "AmlOnlineEndpointConsoleLog",
      "AmlOnlineEndpointEventLog",
      "AuditEvent",
    ]) {
      assert.ok(categories.includes(wanted), wanted);
    }
    const [insights] = of(seen, "azure-native:applicationinsights:Component");
    assert.ok(insights.workspaceResourceId);
  });

  it("keeps secrets in a vault governed by roles, which nobody purges", () => {
    const [{ properties }] = of(seen, "azure-native:keyvault:Vault");
    assert.equal(properties.enableRbacAuthorization, true);
    assert.equal(properties.accessPolicies, undefined);
    assert.deepEqual(
      [properties.enableSoftDelete, properties.softDeleteRetentionInDays, properties.enablePurgeProtection],
      [true, 90, true],
    );
  });

  it("gives nobody a right on the subscription or the whole group by Contributor or Owner", () => {
    const broad = /b24988ac-6180-42a0-ab88-20f7382dd24c|8e3af657-a8ff-443c-a75c-2fe8c4bcb635/;
    for (const { scope, roleDefinitionId } of of(seen, "azure-native:authorization:RoleAssignment")) {
      if (broad.test(String(roleDefinitionId)))
        assert.match(String(scope), /\/mock\/workspace-(storage|vault|registry|insights)$/);
    }
  });
});

describe("the production stack in a private network", () => {
  const registry = `${azureNames({ project: "plant-phenotyping", stack: "production" }).registry}.azurecr.io`;
  const image = (use: string) => `${registry}/ml-delivery/${use}:1.0.0`;
  let inside: Registered[];
  before(async () => {
    inside = await production({
      "ml-delivery:network": "private",
      "ml-delivery:images": { scoring: image("scoring"), training: image("training") },
    });
  });

  it("closes workspace, endpoint, storage, vault and registry to the public", () => {
    const closed = (type: string) => of(inside, type).map((inputs) => inputs.publicNetworkAccess);
    assert.deepEqual(closed("azure-native:machinelearningservices:Workspace"), ["Disabled"]);
    assert.deepEqual(closed("azure-native:storage:StorageAccount"), ["Disabled"]);
    assert.deepEqual(closed("azure-native:containerregistry:Registry"), ["Disabled"]);
    const [endpoint] = of(inside, "azure-native:machinelearningservices:OnlineEndpoint");
    assert.equal(endpoint.properties.publicNetworkAccess, "Disabled");
    const [{ properties: vault }] = of(inside, "azure-native:keyvault:Vault");
    assert.deepEqual([vault.publicNetworkAccess, vault.networkAcls.defaultAction], ["disabled", "Deny"]);
    const [account] = of(inside, "azure-native:storage:StorageAccount");
    assert.deepEqual(account.networkRuleSet, { defaultAction: "Deny", bypass: "AzureServices" });
  });

  it("lets nodes and deployments reach what Azure ML needs and nothing else, from no public address", () => {
    const [workspace] = of(inside, "azure-native:machinelearningservices:Workspace");
    assert.equal(workspace.managedNetwork.isolationMode, "AllowOnlyApprovedOutbound");
    assert.equal(workspace.managedNetwork.outboundRules, undefined);
    const [compute] = of(inside, "azure-native:machinelearningservices:Compute");
    assert.equal(compute.properties.properties.enableNodePublicIp, false);
  });

  it("is reached through five private endpoints", () => {
    const groups = of(inside, "azure-native:network:PrivateEndpoint").map(
      ({ privateLinkServiceConnections: [connection] }) => connection.groupIds[0],
    );
    assert.deepEqual(groups.sort(), ["amlworkspace", "blob", "file", "registry", "vault"]);
  });
});
