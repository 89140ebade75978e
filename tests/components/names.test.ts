import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { azureNames, bucketName, imageVersionOf, modelVersionOf, subscriptionOf } from "../../components/names.ts";

/** Names that the config accepts, of at most `most` characters. */
const accepted = (most: number) =>
  fc.stringMatching(/^[a-z](-?[a-z0-9])*$/).filter(({ length }) => length >= 3 && length <= most);
const scopes = fc.record({ project: accepted(24), stack: accepted(16) });

describe("names", () => {
  it("are these for production, and stay so: another name is another resource", () => {
    assert.deepEqual(azureNames({ project: "plant-phenotyping", stack: "production" }), {
      resourceGroup: "rg-plant-phenotyping-production",
      identity: "id-plant-phenotyping-production",
      workspace: "mlw-plant-phenotyping-production",
      storageAccount: "plantphenoprodf9cd98c8",
      vault: "kv-plantphenoprof9cd98c8",
      logs: "log-plant-phenotyping-production",
      insights: "appi-plant-phenotyping-production",
      registry: "crplantphenoprodf9cd98c8",
      actionGroup: "ag-plant-phenotyping-production",
      budget: "budget-plant-phenotyping-production",
      network: "vnet-plant-phenotyping-production",
      workspaceIdentity: "id-plant-phenotyping-production-workspace",
    });
  });

  it("satisfy Azure and S3 for every project and stack that the config accepts", () => {
    fc.assert(
      fc.property(scopes, (scope) => {
        const names = azureNames(scope);
        assert.match(names.storageAccount, /^[a-z0-9]{3,24}$/);
        assert.match(names.vault, /^(?=.{3,24}$)[a-z](-?[a-z0-9])*$/);
        assert.match(names.registry, /^[a-z0-9]{5,50}$/);
        assert.match(names.workspace, /^[a-zA-Z0-9][\w-]{2,32}$/);
        assert.match(names.resourceGroup, /^[\w-]{1,89}\w$/);
        assert.match(names.identity, /^[a-zA-Z0-9][\w-]{2,127}$/);
        assert.match(names.workspaceIdentity, /^[a-zA-Z0-9][\w-]{2,127}$/);
        assert.match(names.network, /^[a-zA-Z0-9][\w.-]{0,62}\w$/);
        assert.match(names.logs, /^[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]$/);
        assert.match(names.insights, /^[\w-]{1,259}\w$/);
        assert.match(names.actionGroup, /^[\w-]{1,259}\w$/);
        assert.match(names.budget, /^[\w-]{1,63}$/);
        for (const purpose of ["data", "models"] as const) {
          assert.match(bucketName(scope, purpose), /^(?=.{3,63}$)[a-z0-9](-?[a-z0-9])*$/);
        }
      }),
    );
  });

  it("of two environments differ, however alike they begin", () => {
    fc.assert(
      fc.property(scopes, scopes, (one, other) => {
        fc.pre(one.project !== other.project || one.stack !== other.stack);
        const [a, b] = [azureNames(one), azureNames(other)];
        assert.notEqual(a.storageAccount, b.storageAccount);
        assert.notEqual(a.vault, b.vault);
        assert.notEqual(a.registry, b.registry);
        assert.notEqual(a.workspace, b.workspace);
      }),
    );
  });
});

describe("what is read out of names", () => {
  it("is the subscription of an ARM id", () => {
    assert.equal(subscriptionOf("/subscriptions/abc/resourceGroups/rg"), "abc");
    assert.throws(() => subscriptionOf("rg"), /^Error: rg is no ARM id: it does not start with \/subscriptions\/<id>$/);
  });

  it("is the version of a package's address", () => {
    assert.equal(modelVersionOf("s3://b/models/3f2a9c01d4e5b678/"), "3f2a9c01d4e5b678");
    assert.throws(() => modelVersionOf("s3://b/models/latest/"), /is no model package/);
  });

  it("is the tag of an image, or the beginning of its digest", () => {
    assert.equal(imageVersionOf("ghcr.io/o/scoring:1.2.3"), "1.2.3");
    assert.equal(imageVersionOf("localhost:5000/scoring:v7"), "v7");
    assert.equal(imageVersionOf(`ghcr.io/o/scoring@sha256:${"ab".repeat(32)}`), "abababababab");
    assert.throws(() => imageVersionOf("localhost:5000/scoring"), /has neither a version nor a digest/);
  });
});
