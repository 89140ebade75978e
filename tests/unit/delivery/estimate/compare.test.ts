import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareEstimates, type EstimateSummary, summarize } from "../../../../delivery/estimate/compare.ts";
import { estimate } from "../../../../delivery/estimate/estimate.ts";
import { comparisonTable, estimateTable } from "../../../../delivery/estimate/table.ts";

const summary = (resources: EstimateSummary["resources"]): EstimateSummary => ({
  currency: "USD",
  fixed: 0,
  unknown: [],
  resources,
});
const plan = {
  location: "eastus",
  region: "us-east-1",
  cluster: { vmSize: "Standard_NC4as_T4_v3", minNodes: 0, maxNodes: 4 },
  endpoint: { instanceType: "Standard_D4as_v4", deployments: { "m-1": { instances: 3 } } },
  monitoring: {},
};

describe("a summary", () => {
  it("adds up what is always paid by resource", () => {
    assert.deepEqual(summarize(estimate(plan)), {
      currency: "USD",
      fixed: 443.27,
      unknown: [],
      resources: { "deployment m-1": 420.48, registry: 20.29, alerts: 2.5 },
    });
  });

  it("says of a resource without a price that it is not known", () => {
    const strange = { ...plan, endpoint: { ...plan.endpoint, instanceType: "Standard_X9" } };
    assert.equal(summarize(estimate(strange)).resources["deployment m-1"], null);
  });
});

describe("a comparison", () => {
  it("names what differs, in both directions", () => {
    const before = summary({ "deployment m-1": 420.48, registry: 20.29, alerts: 1 });
    const after = summary({ "deployment m-1": 140.16, "deployment m-2": 420.48, registry: 20.29 });
    assert.deepEqual(compareEstimates(before, after), {
      currency: "USD",
      changes: [
        { resource: "deployment m-1", before: 420.48, after: 140.16, difference: -280.32 },
        { resource: "alerts", before: 1, after: undefined, difference: -1 },
        { resource: "deployment m-2", before: undefined, after: 420.48, difference: 420.48 },
      ],
      difference: 139.16,
      complete: true,
    });
  });

  it("takes everything for new before the first update", () => {
    assert.equal(compareEstimates(undefined, summary({ registry: 20.29 })).difference, 20.29);
  });

  it("is not complete where a price is missing in what changed", () => {
    const { difference, complete } = compareEstimates(summary({ a: 1 }), summary({ a: null, b: 2 }));
    assert.deepEqual([difference, complete], [2, false]);
  });

  it("reads as a table", () => {
    const before = summary({ "deployment m-1": 420.48 });
    const after = summary({ "deployment m-1": 140.16, "deployment m-2": null });
    assert.equal(
      comparisonTable(compareEstimates(before, after)),
      [
        "Against what is deployed, USD a month",
        "",
        "  deployment m-1         420.48 → 140.16                       -280.32",
        "  deployment m-2         - → unknown                           unknown",
        "  difference             of what has a price                   -280.32",
      ].join("\n"),
    );
    assert.equal(comparisonTable(compareEstimates(before, before)), "What is always paid stays as it is deployed.");
  });
});

describe("the table of an estimate", () => {
  const text = estimateTable("production", estimate(plan, { nodeHours: 40 }));

  it("shows what is always paid, what is assumed, and both together", () => {
    const rows = text.split("\n");
    assert.ok(rows.includes("  deployment m-1         3 × Standard_D4as_v4                   420.48 [1]"), text);
    assert.ok(rows.includes("  always                                                        443.27"), text);
    assert.ok(rows.includes("  cluster                a node at work, Standard_NC4as_T4_v3     21.04 [1]"), text);
    assert.ok(rows.includes("  together                                                      464.31"), text);
  });

  it("marks prices that were not checked, and fits a terminal", () => {
    const rows = text.split("\n").filter((row) => !row.includes("https://"));
    assert.ok(rows.includes("  registry               Standard                                20.29 [2]*"), text);
    assert.deepEqual(
      rows.slice(0, -1).filter((row) => row.length > 100),
      [],
    );
  });
});
