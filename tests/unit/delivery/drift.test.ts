import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { differencesIn, driftIn, driftTable, trafficDrift } from "../../../delivery/drift.ts";

const urn = (name: string) => `urn:pulumi:production::ml-delivery::a$b::${name}`;
const traffic = (shares: Record<string, number>) => ({ inputs: { traffic: shares, mirror: {} } });
const moved = {
  op: "update",
  urn: urn("endpoint-traffic"),
  type: "pulumi-nodejs:dynamic/traffic:EndpointTraffic",
  old: traffic({ "m-a1b": 90, "m-c2d": 10 }),
  new: traffic({ "m-a1b": 40, "m-c2d": 60 }),
};
const bucket = { urn: urn("storage-data"), type: "aws:s3/bucket:Bucket" };

describe("drift", () => {
  it("is none where a refresh finds everything as it was", () => {
    assert.deepEqual(
      driftIn([
        { ...moved, op: "same" },
        { ...bucket, op: "refresh", old: {}, new: {} },
      ]),
      [],
    );
  });

  it("is told property by property, and traffic in words", () => {
    const drifts = driftIn([moved]);
    assert.equal(trafficDrift(drifts), "somebody moved traffic by hand: m-a1b 90 => 40 %, m-c2d 10 => 60 %");
    assert.equal(
      driftTable(drifts),
      [
        "resource          property       in config  in cloud",
        "endpoint-traffic  traffic.m-a1b  90         40",
        "endpoint-traffic  traffic.m-c2d  10         60",
      ].join("\n"),
    );
  });

  it("names what was deleted", () => {
    const drifts = driftIn([{ ...bucket, op: "delete", old: { inputs: { bucket: "b" } }, new: null }]);
    assert.equal(driftTable(drifts).split("\n")[1], "storage-data  (all)     exists     gone");
    assert.equal(trafficDrift(drifts), undefined);
  });

  it("counts what only the cloud sets where nothing that was asked for differs", () => {
    const state = (provisioningState: string) => ({ inputs: { a: 1 }, outputs: { a: 1, provisioningState } });
    const [drift] = driftIn([{ ...bucket, op: "update", old: state("Succeeded"), new: state("Failed") }]);
    assert.deepEqual(drift?.differences, [{ property: "provisioningState", config: "Succeeded", cloud: "Failed" }]);
  });

  it("takes a list as one value, and says what is missing on either side", () => {
    assert.deepEqual(differencesIn({ tags: { a: "1" }, list: [1, 2] }, { tags: { b: "2" }, list: [2, 1] }), [
      { property: "tags.a", config: "1", cloud: undefined },
      { property: "tags.b", config: undefined, cloud: "2" },
      { property: "list", config: [1, 2], cloud: [2, 1] },
    ]);
  });
});
