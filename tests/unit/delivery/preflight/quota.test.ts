import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Capacity } from "../../../../delivery/capacity.ts";
import { checkQuota } from "../../../../delivery/preflight/quota.ts";
import { coresForInstances, vmSize } from "../../../../delivery/vm-sizes.ts";

const demand = (changes: Partial<Capacity> = {}): Capacity => ({
  location: "eastus",
  cluster: { vmSize: "Standard_NC4as_T4_v3", minNodes: 0, maxNodes: 4 },
  endpoint: { instanceType: "Standard_D4as_v4", deployments: { "m-1": { instances: 3 } } },
  ...changes,
});
const usages = (cpu: number, gpu: number, cpuUsed = 0) => [
  { name: "Standard DASv4 Family Cluster Dedicated vCPUs", current: cpuUsed, limit: cpu },
  { name: "standardNCASv3_T4Family", current: 0, limit: gpu },
];
const nothing = { refusals: [], warnings: [] };

describe("quota", () => {
  it("is enough where every instance, its spare fifth and every node fit", () => {
    assert.deepEqual(checkQuota(demand(), usages(16, 16), []), nothing);
  });

  it("of an endpoint is a fifth more than its instances have, rounded up to whole machines", () => {
    assert.deepEqual(checkQuota(demand(), usages(15, 16), []).refusals, [
      "the endpoint's deployments need 16 cores of Standard DASv4 Family in eastus, the fifth that Azure keeps spare " +
        "included; 15 of 15 are left. Ask for 16 (https://ml.azure.com/quota, Standard DASv4 Family), or configure fewer " +
        "or other machines.",
    ]);
  });

  it("counts what others use, and not what the endpoint has already", () => {
    const own = [{ instanceType: "Standard_D4as_v4", instances: 3 }];
    assert.deepEqual(checkQuota(demand(), usages(16, 16, 16), own), nothing);
    assert.match(checkQuota(demand(), usages(16, 16, 4), []).refusals.join(), /12 of 16 are left\. Ask for 20 /);
  });

  it("is needed for the fewest instances where their number follows the load", () => {
    const endpoint = { ...demand().endpoint, autoscale: { min: 5, max: 9 } };
    assert.match(checkQuota(demand({ endpoint }), usages(23, 16), []).refusals.join(), /need 24 cores/);
  });

  it("of GPUs is nothing until somebody asks for it: not one node comes up", () => {
    assert.deepEqual(checkQuota(demand(), usages(16, 0), []).refusals, [
      "the cluster needs 4 cores for 1 of Standard_NC4as_T4_v3; the quota of Standard NCASv3_T4 Family in eastus is 0 " +
        "cores. Ask for 16 (https://ml.azure.com/quota, Standard NCASv3_T4 Family), or configure fewer or other machines.",
    ]);
  });

  it("for a part of the nodes lets jobs wait, and is a warning", () => {
    const { refusals, warnings } = checkQuota(demand(), usages(16, 8), []);
    assert.deepEqual(refusals, []);
    assert.match(
      warnings.join(),
      /may have 4 nodes of Standard_NC4as_T4_v3, which need 16 cores; .* is 8 cores: jobs will wait/,
    );
  });

  it("of a size that is not in the table is not checked, and says so", () => {
    const cluster = { vmSize: "Standard_X9", minNodes: 0, maxNodes: 1 };
    const endpoint = { instanceType: "Standard_Y9", deployments: { "m-1": { instances: 1 } } };
    assert.deepEqual(checkQuota(demand({ cluster, endpoint }), [], []).warnings, [
      "the cores of Standard_Y9 are not known here, so its quota was not checked; add its series to delivery/vm-sizes.ts",
      "the cores of Standard_X9 are not known here, so its quota was not checked; add its series to delivery/vm-sizes.ts",
    ]);
  });

  it("that Azure does not name is not checked, and says so", () => {
    assert.deepEqual(checkQuota(demand(), [], []), {
      refusals: [],
      warnings: [
        "Azure names no quota of Standard DASv4 Family in eastus: it was not checked",
        "Azure names no quota of Standard NCASv3_T4 Family in eastus: it was not checked",
      ],
    });
  });

  it("that carries a config carries any smaller one", () => {
    const instances = fc.integer({ min: 1, max: 50 });
    fc.assert(
      fc.property(instances, instances, fc.integer({ min: 0, max: 300 }), (a, b, limit) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        const refused = (count: number) => {
          const endpoint = { ...demand().endpoint, deployments: { "m-1": { instances: count } } };
          return checkQuota(demand({ endpoint }), usages(limit, 16), []).refusals.length > 0;
        };
        return !refused(less) || refused(more);
      }),
    );
  });
});

describe("a VM size", () => {
  const CASES: readonly [string, number, number, string][] = [
    ["Standard_D4as_v4", 4, 0, "Standard DASv4 Family"],
    ["standard_ds3_v2", 4, 0, "Standard DSv2 Family"],
    ["Standard_NC6s_v3", 6, 1, "Standard NCSv3 Family"],
    ["Standard_NC64as_T4_v3", 64, 4, "Standard NCASv3_T4 Family"],
    ["Standard_NC48ads_A100_v4", 48, 2, "Standard NCADSA100v4 Family"],
    ["Standard_NV72ads_A10_v5", 72, 2, "Standard NVADSA10v5 Family"],
  ];
  for (const [name, cores, gpus, family] of CASES) {
    it(`tells cores, GPUs and family: ${name}`, () => {
      const { spare: _, ...size } = vmSize(name) ?? {};
      assert.deepEqual(size, { cores, gpus, family });
    });
  }

  it("needs no spare fifth where Azure says so", () => {
    const cores = (name: string, instances: number) => {
      const size = vmSize(name);
      return size && coresForInstances(size, instances);
    };
    assert.equal(cores("Standard_NC24ads_A100_v4", 5), 120);
    assert.equal(cores("Standard_D4as_v4", 5), 24);
    assert.equal(cores("Standard_D4as_v4", 1), 8);
  });
});
