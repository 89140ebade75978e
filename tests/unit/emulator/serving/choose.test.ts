import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chooseDeployment } from "../../../../emulator/serving/choose.ts";
import type { DeploymentRoute, EndpointRoute } from "../../../../emulator/serving/front-door.ts";

const deployment = (name: string): DeploymentRoute => ({
  name,
  targets: [1],
  scoringPath: "/",
  timeoutMs: 1,
  collected: 0,
  maxInFlight: 1,
});
const route = (traffic: Record<string, number>, mirror: Record<string, number> = {}): EndpointRoute => ({
  id: "/e",
  port: 1,
  scoringPath: "/score",
  auth: { mode: "AADToken" },
  traffic,
  mirror,
  deployments: ["a", "b", "c"].map(deployment),
});
const chosen = (of: EndpointRoute, draws: number[], named?: string) => {
  const choice = chooseDeployment(of, named, () => draws.shift() ?? 0);
  return choice.kind === "chosen" ? [choice.deployment.name, choice.mirror?.name] : choice.message;
};

describe("the choice of a deployment", () => {
  const DRAWS: readonly [number, string][] = [
    [0, "a"],
    [0.8999, "a"],
    [0.9, "b"],
    [0.9999, "b"],
  ];
  for (const [draw, name] of DRAWS) {
    it(`of 90/10 falls on ${name} at ${draw}`, () =>
      assert.deepEqual(chosen(route({ a: 90, b: 10 }), [draw]), [name, undefined]));
  }

  it("never falls on a deployment without traffic", () => {
    for (let draw = 0; draw < 1; draw += 0.01)
      assert.deepEqual(chosen(route({ a: 0, b: 100, c: 0 }), [draw]), ["b", undefined]);
  });

  it("copies the mirrored share, and that share only", () => {
    const mirrored = route({ a: 100 }, { b: 30 });
    assert.deepEqual(chosen(mirrored, [0.5, 0.29]), ["a", "b"]);
    assert.deepEqual(chosen(mirrored, [0.5, 0.3]), ["a", undefined]);
  });

  it("follows a name, without traffic and without a copy", () => {
    assert.deepEqual(chosen(route({ a: 100 }, { b: 50 }), [0, 0], "c"), ["c", undefined]);
  });

  it("refuses a name that no deployment has, and an endpoint where nothing is live", () => {
    assert.match(String(chosen(route({ a: 100 }), [0], "z")), /no deployment named 'z'/);
    assert.match(String(chosen(route({}), [0])), /No deployment of this endpoint has traffic/);
  });

  it("splits in proportion over many draws", () => {
    let count = 0;
    for (let index = 0; index < 1000; index += 1)
      if (chosen(route({ a: 75, b: 25 }), [index / 1000])[0] === "b") count += 1;
    assert.equal(count, 250);
  });
});
