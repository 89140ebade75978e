import assert from "node:assert/strict";
import { describe as group, it } from "node:test";
import { checkChanges, checkRemovals } from "../../components/traffic-guards.ts";
import type { TrafficState } from "../../components/traffic-provider.ts";
import { describe } from "../../delivery/shape.ts";

const state = (
  traffic: Record<string, number>,
  keepPrevious = 1,
  mirror: Record<string, number> = {},
): TrafficState => ({
  endpointId: "/e",
  models: Object.fromEntries(Object.keys(traffic).map((name) => [name, `model-of-${name}`])),
  traffic,
  mirror,
  settings: {},
  keepPrevious,
});
const problems = (old: Partial<TrafficState>, next: TrafficState) => checkRemovals(old, next).map(describe);

group("a removal", () => {
  const allowed: [string, Partial<TrafficState>, TrafficState][] = [
    ["nothing is removed", state({ a: 90, b: 10 }), state({ a: 0, b: 100 })],
    ["there was nothing", {}, state({ a: 100 })],
    ["one of two ways back goes", state({ a: 0, b: 0, c: 100 }), state({ b: 0, c: 100 })],
    ["the next rollout begins, and the present one is the way back", state({ a: 0, b: 100 }), state({ b: 90, c: 10 })],
    ["none has to stay", state({ a: 0, b: 100 }, 0), state({ b: 100 }, 0)],
    ["the rollout begins with one that was kept", state({ a: 0, b: 0, c: 100 }), state({ a: 10, c: 90 })],
  ];
  for (const [what, old, next] of allowed)
    it(`is allowed where ${what}`, () => assert.deepEqual(problems(old, next), []));

  it("is refused of a deployment with traffic, even where the same edit moves it", () => {
    assert.deepEqual(problems(state({ a: 0, b: 90, c: 10 }), state({ a: 0, b: 100 })), [
      "endpoint.deployments.c is missing; allowed: to stay, as c has 10 % of the requests; put c back and set endpoint.traffic.c to 0; remove it with the next change",
    ]);
  });

  it("is refused of a deployment that requests are copied to", () => {
    assert.deepEqual(problems(state({ a: 0, b: 100, c: 0 }, 1, { c: 20 }), state({ a: 0, b: 100 })), [
      "endpoint.deployments.c is missing; allowed: to stay, as c has 20 % of the requests copied to it; put c back and set endpoint.mirror.c to 0; remove it with the next change",
    ]);
  });

  it("is refused of the way back", () => {
    assert.deepEqual(problems(state({ a: 0, b: 100 }), state({ b: 100 })), [
      "endpoint.deployments.a is missing; allowed: to stay, as rollout.keepPrevious is 1 and 0 would be left for the way back; put a back; the next rollout may remove it, or lower rollout.keepPrevious",
    ]);
  });

  it("is refused where too few ways back are left", () => {
    const three = state({ a: 0, b: 0, c: 100 }, 2);
    assert.equal(problems(three, state({ b: 0, c: 100 }, 2)).length, 1);
    assert.equal(problems(three, state({ c: 90, d: 10 }, 2)).length, 2);
    assert.equal(problems(three, state({ b: 0, c: 90, d: 10 }, 2)).length, 0);
  });

  it("is refused where what is added gets no traffic, or copies only, and so replaces nobody", () => {
    const before = state({ a: 0, b: 100 });
    const wayBack = /^endpoint\.deployments\.a is missing; allowed: to stay, .* 0 would be left for the way back/;
    assert.match(problems(before, state({ b: 100, c: 0 })).join(), wayBack);
    assert.match(problems(before, state({ b: 100, c: 0 }, 1, { c: 20 })).join(), wayBack);
  });
});

group("a change of image or machines", () => {
  const on = (runs: Record<string, string>, traffic: Record<string, number>, mirror: Record<string, number> = {}) => ({
    ...state(traffic, 1, mirror),
    runs,
  });
  const [old, newer] = ["scoring:1 on Standard_D4as_v4", "scoring:2 on Standard_D4as_v4"];
  const changes = (before: Partial<TrafficState>, next: TrafficState) => checkChanges(before, next).map(describe);

  it("CFG-03 is refused of a deployment with traffic, with what to do instead", () => {
    assert.deepEqual(changes(on({ a: old, b: old }, { a: 90, b: 0 }), on({ a: newer, b: old }, { a: 90, b: 0 })), [
      'endpoint.deployments.a is "scoring:2 on Standard_D4as_v4"; allowed: to go on as scoring:1 on Standard_D4as_v4, ' +
        "while a has 90 % of the requests or copies of them; keep it so with image: scoring:1 and instanceType: " +
        "Standard_D4as_v4 in endpoint.deployments.a; add a deployment under another name for the change, and shift traffic to it",
    ]);
    const machines = changes(on({ a: old }, { a: 100 }), on({ a: "scoring:1 on Standard_F4s_v2" }, { a: 100 }));
    assert.equal(machines.length, 1);
  });

  it("is refused of a shadow, and even where the same edit takes the traffic away", () => {
    const shadow = changes(on({ a: old }, { a: 0 }, { a: 20 }), on({ a: newer }, { a: 0 }, { a: 20 }));
    const leaving = changes(on({ a: old, b: old }, { a: 100, b: 0 }), on({ a: newer, b: old }, { a: 0, b: 100 }));
    assert.deepEqual([shadow.length, leaving.length], [1, 1]);
  });

  it("is allowed where nobody reaches it, where it is new, and where the state does not know", () => {
    const next = on({ a: old, b: newer }, { a: 100, b: 0 });
    assert.deepEqual(changes(on({ a: old, b: old }, { a: 100, b: 0 }), next), []);
    assert.deepEqual(changes(on({ a: old }, { a: 100 }), next), []);
    assert.deepEqual(changes(state({ a: 100, b: 0 }), next), []);
  });
});
