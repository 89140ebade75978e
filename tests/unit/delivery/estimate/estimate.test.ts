import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { estimate, type Plan } from "../../../../delivery/estimate/estimate.ts";
import { priceOf, vmPrice } from "../../../../delivery/estimate/prices.ts";
import { vmSize } from "../../../../delivery/vm-sizes.ts";

const plan: Plan = {
  location: "eastus",
  region: "us-east-1",
  cluster: { vmSize: "Standard_NC4as_T4_v3", minNodes: 0, maxNodes: 4 },
  endpoint: { instanceType: "Standard_D4as_v4", deployments: {} },
  monitoring: {},
};
const endpoint = (deployments: Plan["endpoint"]["deployments"], more: Partial<Plan["endpoint"]> = {}) => ({
  ...plan,
  endpoint: { ...plan.endpoint, deployments, ...more },
});
const live = endpoint({ "m-3f2a9c01": { instances: 3 }, "m-9c1b22d4": { instances: 1 } });

/** `resource: item` to dollars a month of what is always paid. */
const fixed = (of: Plan) =>
  Object.fromEntries(
    estimate(of)
      .lines.filter(({ kind }) => kind === "fixed")
      .map(({ resource, item, monthly }) => [`${resource}: ${item}`, monthly]),
  );

describe("what is always paid", () => {
  it("is the registry and the alerts where nothing is deployed", () => {
    assert.deepEqual(fixed(plan), {
      "registry: Standard": 20.29,
      "alerts: 1 series of metrics": 0.1,
      "alerts: 1 query every 5 minutes": 1.5,
    });
    assert.equal(estimate(plan).fixed, 21.89);
  });

  it("is every instance of every deployment, traffic or not", () => {
    assert.deepEqual(fixed(live), {
      "deployment m-3f2a9c01: 3 × Standard_D4as_v4": 420.48,
      "deployment m-9c1b22d4: 1 × Standard_D4as_v4": 140.16,
      "registry: Standard": 20.29,
      "alerts: 19 series of metrics": 1.9,
      "alerts: 1 query every 5 minutes": 1.5,
    });
    assert.equal(estimate(live).fixed, 584.33);
  });

  it("follows a deployment's own size", () => {
    const sized = endpoint({ "m-1": { instances: 1, instanceType: "Standard_NC4as_T4_v3" } });
    assert.equal(fixed(sized)["deployment m-1: 1 × Standard_NC4as_T4_v3"], 383.98);
  });

  it("is the fewest instances where their number follows the load; the others are by use", () => {
    const scaled = endpoint({ "m-1": { instances: 3 } }, { autoscale: { min: 2, max: 5 } });
    assert.equal(fixed(scaled)["deployment m-1: 2 × Standard_D4as_v4"], 280.32);
    const [more] = estimate(scaled).lines.filter(({ item }) => item.startsWith("an instance more"));
    assert.deepEqual([more?.item, more?.kind, more?.price?.amount], ["an instance more, at most 3", "use", 0.192]);
  });

  it("is the nodes that never go", () => {
    const up = { ...plan, cluster: { ...plan.cluster, minNodes: 2 } };
    assert.equal(fixed(up)["cluster: 2 × Standard_NC4as_T4_v3 always up"], 767.96);
  });

  it("is a greater registry, endpoints and names in a private network", () => {
    assert.deepEqual(fixed({ ...plan, network: "private" }), {
      "registry: Premium": 50.7,
      "network: 5 private endpoints": 36.5,
      "network: 6 zones of private names": 3,
      "alerts: 1 series of metrics": 0.1,
      "alerts: 1 query every 5 minutes": 1.5,
    });
  });

  it("is a key, where the stack has its own, and a second query, where silence is watched", () => {
    const more = fixed({ ...plan, storage: { encryption: "kms" }, monitoring: { silentMinutes: 60 } });
    assert.equal(more["buckets: 1 key"], 1);
    assert.equal(more["alerts: 1 query every 15 minutes"], 0.5);
  });
});

describe("a size without a price", () => {
  const strange = endpoint({ "m-1": { instances: 3 }, "m-2": { instances: 1, instanceType: "Standard_D4as_v4" } });
  const unpriced = { ...strange, endpoint: { ...strange.endpoint, instanceType: "Standard_X9" } };

  it("is unknown, and never nothing", () => {
    const { unknown, fixed, lines } = estimate(unpriced);
    assert.deepEqual(unknown, ["deployment m-1: 3 × Standard_X9"]);
    assert.equal(lines[0]?.monthly, undefined);
    assert.equal(fixed, 163.85);
  });

  it("is one whose price is of another region", () => {
    assert.equal(vmPrice("Standard_D4as_v4", "westeurope"), undefined);
    assert.equal(priceOf("S3 storage", "eu-west-1"), undefined);
    assert.equal(priceOf("metric series", "westeurope")?.amount, 0.1);
  });
});

describe("what is paid by use", () => {
  it("is priced by the unit, and added up only where a use was assumed", () => {
    const byUnit = estimate(plan).lines.filter(({ kind }) => kind === "use");
    assert.deepEqual(
      byUnit.map(({ resource, price, monthly }) => [resource, price?.amount, price?.unit, monthly]),
      [
        ["endpoint", 0.192, "hour", undefined],
        ["cluster", 0.526, "hour", undefined],
        ["logs", 2.3, "GB", undefined],
        ["workspace storage", 0.0208, "GB-month", undefined],
        ["vault", 0.03, "10,000 operations", undefined],
        ["buckets", 0.023, "GB-month", undefined],
      ],
    );
    assert.equal(estimate(plan).use, 0);
    assert.equal(estimate(plan, { nodeHours: 40, logGb: 5, dataGb: 100 }).use, 34.84);
  });
});

describe("every price", () => {
  const prices = estimate({ ...live, network: "private", storage: { encryption: "kms" } }).lines.map(
    ({ price }) => price,
  );

  it("says when it was read, and where", () => {
    for (const price of prices) {
      assert.match(price?.read ?? "", /^\d{4}-\d{2}-\d{2}$/);
      assert.match(price?.source ?? "", /^https:\/\//);
    }
  });

  it("of a VM is of a size whose cores are known", () => {
    for (const size of [
      "Standard_D4as_v4",
      "Standard_NC6s_v3",
      "Standard_NC24ads_A100_v4",
      "Standard_NV36ads_A10_v5",
    ]) {
      assert.notEqual(vmPrice(size, "eastus"), undefined);
      assert.notEqual(vmSize(size), undefined);
    }
  });
});
