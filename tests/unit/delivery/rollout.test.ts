import assert from "node:assert/strict";
import { test } from "node:test";
import { shareTraffic } from "../../../delivery/rollout/shares.ts";
import {
  canaryOf,
  deploymentName,
  type EndpointConfig,
  nextStep,
  planDeployment,
  planShift,
} from "../../../delivery/rollout.ts";

const empty: EndpointConfig = { deployments: {}, traffic: {} };

function version(n: number): string {
  return n.toString(16).padStart(8, "0").padEnd(16, "f");
}

function request(n: number, percentage: number) {
  return { version: version(n), modelPath: `s3://models/models/${version(n)}/`, percentage };
}

/** The endpoint after rolling out versions one after another, each as [number, percentage]. */
function rolledOut(...steps: [number, number][]): EndpointConfig {
  return steps.reduce((endpoint, [n, percentage]) => planDeployment(endpoint, request(n, percentage)).endpoint, empty);
}

const [A, B, C] = [1, 2, 3].map((n) => deploymentName(version(n))) as [string, string, string];

test("a deployment is named after its version", () => {
  assert.equal(deploymentName("3f2a9c0112345678"), "m-3f2a9c01");
  assert.throws(() => deploymentName("latest"), /not a model version/);
});

test("the first deployment gets all traffic whatever is asked", () => {
  assert.deepEqual(planDeployment(empty, { ...request(1, 10), instances: 3 }), {
    endpoint: { deployments: { [A]: { model: request(1, 0).modelPath, instances: 3 } }, traffic: { [A]: 100 } },
    changes: [
      { kind: "add", deployment: A, model: request(1, 0).modelPath, instances: 3 },
      { kind: "traffic", deployment: A, from: 0, to: 100 },
    ],
  });
});

test("a canary takes its share from the live one and as many instances", () => {
  const before = planDeployment(empty, { ...request(1, 100), instances: 3 }).endpoint;
  const { endpoint, changes } = planDeployment(before, request(2, 10));
  assert.deepEqual(endpoint.traffic, { [A]: 90, [B]: 10 });
  assert.equal(endpoint.deployments[B]?.instances, 3);
  assert.deepEqual(changes.slice(1), [
    { kind: "traffic", deployment: A, from: 100, to: 90 },
    { kind: "traffic", deployment: B, from: 0, to: 10 },
  ]);
});

test("several live ones give way in proportion, in whole numbers", () => {
  assert.deepEqual(shareTraffic({ a: 90, b: 10 }, "c", 25), { a: 68, b: 7, c: 25 });
  assert.deepEqual(shareTraffic({ a: 90, b: 10 }, "b", 0), { a: 100 });
});

test("at 100 the previous deployment stays configured and older ones without traffic go", () => {
  const endpoint = rolledOut([1, 100], [2, 100]);
  assert.deepEqual(Object.keys(endpoint.deployments), [A, B]);
  assert.deepEqual(endpoint.traffic, { [B]: 100 });
  const { endpoint: after, changes } = planDeployment(endpoint, request(3, 100));
  assert.deepEqual(Object.keys(after.deployments), [B, C]);
  assert.deepEqual(changes.at(-1), { kind: "remove", deployment: A });
});

test("one that gets no traffic, or copies only, replaces nobody: the way back of the present one stays", () => {
  const before = rolledOut([1, 100], [2, 100]);
  for (const asked of [request(3, 0), { ...request(3, 0), mirror: 20 }]) {
    const { endpoint, changes } = planDeployment(before, asked);
    assert.deepEqual(Object.keys(endpoint.deployments), [A, B, C]);
    assert.deepEqual(endpoint.traffic, { [B]: 100 });
    assert.equal(changes[0]?.kind, "add");
    const canary = planDeployment(endpoint, request(3, 10)).endpoint;
    assert.deepEqual(Object.keys(canary.deployments), [B, C], "now the present one is the way back");
  }
});

test("of those that nobody reaches, what came after the present one goes before the way back does", () => {
  const tried = planDeployment(rolledOut([1, 100], [2, 100]), request(3, 0)).endpoint;
  const D = deploymentName(version(4));
  assert.deepEqual(Object.keys(planDeployment(tried, request(4, 0)).endpoint.deployments), [A, B, D]);
});

test("a deployment that has traffic now is not removed in the same step", () => {
  const after = planDeployment(rolledOut([1, 100], [2, 50]), request(2, 100), { keepPrevious: 0 }).endpoint;
  assert.deepEqual(Object.keys(after.deployments), [A, B]);
  assert.deepEqual(after.traffic, { [B]: 100 });
});

test("deploying the same version again moves only its traffic", () => {
  const endpoint = rolledOut([1, 100], [2, 10]);
  const { changes } = planDeployment(endpoint, request(2, 50));
  assert.deepEqual(changes, [
    { kind: "traffic", deployment: A, from: 90, to: 50 },
    { kind: "traffic", deployment: B, from: 10, to: 50 },
  ]);
  assert.deepEqual(planDeployment(endpoint, request(2, 10)).changes, []);
});

test("promote finds the canary: the newest that shares traffic", () => {
  assert.equal(canaryOf(rolledOut([1, 100])), undefined);
  assert.equal(canaryOf(rolledOut([1, 100], [2, 10])), B);
  assert.equal(canaryOf(rolledOut([1, 100], [2, 100])), undefined);
});

test("while one model is a canary, another has to wait, or takes its place by word of the caller", () => {
  const endpoint = rolledOut([1, 100], [2, 10]);
  assert.throws(
    () => planDeployment(endpoint, request(3, 10)),
    /`m-00000002` is a canary with 10 %, so `m-00000003` has to wait: promote it or abort it .* --restart-canary/,
  );
  const restarted = planDeployment(endpoint, request(3, 25), { restartCanary: true }).endpoint;
  assert.deepEqual(restarted.traffic, { [A]: 75, [C]: 25 });
  assert.deepEqual(Object.keys(restarted.deployments), [A, B, C], "what had traffic is not removed in the same step");
});

test("the first deployment has as many instances as the endpoint's config says", () => {
  const instances = (endpoint: EndpointConfig) => planDeployment(endpoint, request(1, 100)).endpoint.deployments[A];
  assert.equal(instances({ ...empty, instances: 3 })?.instances, 3);
  assert.equal(instances(empty)?.instances, 1);
});

test("the next step is the first of the config above the canary's share, and in the end everything", () => {
  const at = (share: number) => nextStep({ deployments: {}, traffic: { [B]: share } }, B, [10, 25, 50, 100]);
  assert.deepEqual([0, 10, 11, 50, 99, 100].map(at), [10, 25, 25, 100, 100, undefined]);
});

test("a shadow gets copies and no traffic; given traffic it is a shadow no more", () => {
  const live = rolledOut([1, 100]);
  const { endpoint, changes } = planDeployment(live, { ...request(2, 0), mirror: 30 });
  assert.deepEqual([endpoint.traffic, endpoint.mirror], [{ [A]: 100 }, { [B]: 30 }]);
  assert.deepEqual(changes.at(-1), { kind: "mirror", deployment: B, from: 0, to: 30 });
  const canary = planDeployment(endpoint, request(2, 10)).endpoint;
  assert.deepEqual([canary.traffic, canary.mirror], [{ [A]: 90, [B]: 10 }, {}]);
  const other = planDeployment(endpoint, request(3, 10)).endpoint;
  assert.deepEqual(Object.keys(other.deployments), [A, B, C], "one that gets copies is in use");
});

test("a file that says nothing of copies is not made to", () => {
  assert.equal("mirror" in planDeployment(rolledOut([1, 100]), request(2, 10)).endpoint, false);
});

const nonsense: [string, () => unknown, RegExp][] = [
  ["a percentage of 33.3", () => planDeployment(empty, request(1, 33.3)), /whole number from 0 to 100, got 33.3/],
  ["a percentage of 101", () => planDeployment(rolledOut([1, 100]), request(2, 101)), /got 101/],
  ["a percentage of NaN", () => planDeployment(rolledOut([1, 100]), request(2, NaN)), /got NaN/],
  ["no instances", () => planDeployment(empty, { ...request(1, 100), instances: 0 }), /at least 1, got 0/],
  ["an unknown deployment", () => planShift(rolledOut([1, 100]), "blue", 10), /no deployment `blue`; there are: m-0/],
  ["traffic of 99", () => planShift({ ...rolledOut([1, 100]), traffic: { [A]: 99 } }, A, 100), /sums to 99/],
  ["traffic to nobody", () => planShift({ ...rolledOut([1, 100]), traffic: { x: 100 } }, A, 100), /names `x`/],
  [
    "live and mirrored",
    () => planShift({ ...rolledOut([1, 100], [2, 10]), mirror: { [B]: 10 } }, B, 20),
    /`m-00000002` is in `endpoint.mirror`/,
  ],
  ["a copy of 51 %", () => planDeployment(rolledOut([1, 100]), { ...request(2, 0), mirror: 51 }), /1 to 50, got 51/],
  ["a copy and traffic", () => planDeployment(rolledOut([1, 100]), { ...request(2, 5), mirror: 5 }), /not both/],
  ["a copy of nothing", () => planDeployment(empty, { ...request(1, 0), mirror: 5 }), /nothing is live/],
  ["a copy to the live one", () => planDeployment(rolledOut([1, 100]), { ...request(1, 0), mirror: 5 }), /has 100 %/],
  [
    "one name for two models",
    () => planDeployment(rolledOut([1, 100]), { ...request(1, 50), modelPath: "s3://other/" }),
    /one name, one model/,
  ],
];
for (const [name, plan, message] of nonsense) {
  test(`refuses ${name}`, () => {
    assert.throws(plan, message);
  });
}
