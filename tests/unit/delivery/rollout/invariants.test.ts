import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { soleLive } from "../../../../delivery/rollout/shares.ts";
import { busyLife, life, model } from "./lives.ts";
import { type Command, type Fault, sameTraffic, World } from "./world.ts";

/** Thousands of random lives of an endpoint. What holds at every instant is asserted where the cloud changes. */

function live(steps: readonly (readonly [Command, Fault])[]): World {
  const world = new World();
  for (const [next, wrong] of steps) world.run(next, wrong);
  return world;
}

test("invariants 1 and 2: traffic always sums to 100 from the first model on, and nothing with traffic is removed", () => {
  fc.assert(
    fc.property(busyLife, (steps) => void live(steps).look()),
    { numRuns: 3000 },
  );
});

test("invariant 3: a rollback ends with one version at 100 %, is idempotent, or changes nothing", () => {
  let went = 0;
  fc.assert(
    fc.property(busyLife, fc.option(model, { nil: undefined }), (steps, to) => {
      const world = live(steps);
      const before = structuredClone({ config: world.config, traffic: world.cloud.traffic, log: world.log.length });
      if (!world.run({ kind: "rollback", to }, "none")) {
        assert.deepEqual({ config: world.config, traffic: world.cloud.traffic, log: world.log.length }, before);
        return;
      }
      went++;
      const target = soleLive(world.cloud.traffic);
      assert.ok(target !== undefined && sameTraffic(world.cloud.traffic, world.config.traffic));
      const length = world.log.length;
      assert.ok(world.run({ kind: "rollback", to }, "none"), "the second rollback is refused");
      assert.equal(soleLive(world.cloud.traffic), target);
      assert.equal(world.log.length, length, "the second rollback changes something");
    }),
    { numRuns: 3000 },
  );
  assert.ok(went > 200, `only ${went} rollbacks found a target`);
});

test("invariant 3: a rollback leads to what last had everything, never to what was rolled back from", () => {
  fc.assert(
    fc.property(life, (steps) => {
      const world = live(steps.map(([next]) => [next, "none"] as const));
      const rulers = world.log.map(({ to }) => soleLive(to)).filter((name) => name !== undefined);
      const now = soleLive(world.config.traffic);
      if (!world.run({ kind: "rollback", to: undefined }, "none")) return;
      const last = rulers.at(-1);
      const back = soleLive(world.cloud.traffic);
      // During a canary the last that had everything; else the one before it, or it where it came about by a way back.
      assert.ok(now === undefined ? back === last : back === last || back === rulers.findLast((name) => name !== last));
    }),
    { numRuns: 2000 },
  );
});

test("whatever was cut short, the next command leaves cloud, file and log agreeing, at the latest once the file is applied", () => {
  const next = { kind: "deploy", model: 9, share: 100, restart: true, keep: 1 } as const;
  let refused = 0;
  fc.assert(
    fc.property(busyLife, (steps) => {
      const world = live(steps);
      if (!world.run(next, "none")) {
        // Traffic that is neither the file's nor the last record's: moved by hand, or two commands in a row were killed.
        refused++;
        world.bringInLine();
        assert.ok(world.run(next, "none"), "a deployment after all faults is refused");
      }
      assert.ok(sameTraffic(world.cloud.traffic, world.config.traffic));
      assert.ok(sameTraffic(world.log.at(-1)?.to ?? {}, world.config.traffic));
      assert.deepEqual([...world.cloud.deployments].sort(), Object.keys(world.config.deployments).sort());
    }),
    { numRuns: 2000 },
  );
  assert.ok(refused > 0 && refused < 1000, `${refused} refused`);
});
