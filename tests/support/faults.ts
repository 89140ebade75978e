import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { DeliveryError } from "../../delivery/errors.ts";
import type { Random } from "../../src/random.ts";
import type { Road, Toxic } from "./toxiproxy.ts";

/** What the faults of a run are drawn from; `NETWORK_SEED` repeats one. */
export const SEED = process.env["NETWORK_SEED"] ?? String(randomInt(2 ** 31));

/** Each kind of fault once; how bad it is, is drawn. The largest file that is moved has 2 MB. */
export const FAULTS: Readonly<Record<string, (random: Random) => Toxic>> = {
  "connections are reset": (random) => ({
    type: "reset_peer",
    stream: random.pick(["upstream", "downstream"]),
    attributes: { timeout: random.integer(0, 50) },
  }),
  "what is sent is cut off": (random) => ({
    type: "limit_data",
    stream: "upstream",
    attributes: { bytes: random.integer(0, 1_500_000) },
  }),
  "what is answered is cut off": (random) => ({
    type: "limit_data",
    stream: "downstream",
    attributes: { bytes: random.integer(0, 3_000) },
  }),
  "nothing gets through": (random) => ({
    type: "timeout",
    stream: random.pick(["upstream", "downstream"]),
    attributes: { timeout: 0 },
  }),
  "some connections are dead": (random) => ({
    type: "timeout",
    stream: "downstream",
    toxicity: random.between(0.1, 0.4),
    attributes: { timeout: 200 },
  }),
  "some connections are reset": (random) => ({
    type: "reset_peer",
    stream: "downstream",
    toxicity: random.between(0.1, 0.4),
    attributes: { timeout: random.integer(0, 20) },
  }),
  "answers are late": (random) => ({
    type: "latency",
    stream: "downstream",
    attributes: { latency: random.integer(50, 150), jitter: 50 },
  }),
  "connections close late": () => ({ type: "slow_close", stream: "downstream", attributes: { delay: 300 } }),
  "it is slow": (random) => ({
    type: "bandwidth",
    stream: random.pick(["upstream", "downstream"]),
    attributes: { rate: random.integer(2_000, 6_000) },
  }),
};

/**
 * Runs a step on a network that is bad from the start, or becomes so on the way. It may end with success or with an error
 * of the surroundings. Gives whether it succeeded; the network is good again by then.
 */
export async function onBadNetwork(
  road: Road,
  random: Random,
  toxic: (random: Random) => Toxic,
  step: () => Promise<unknown>,
): Promise<boolean> {
  const goodFor = random.chance(0.5) ? 0 : random.integer(10, 300);
  const spoiled = delay(goodFor).then(() => road.spoil(toxic(random)));
  if (goodFor === 0) await spoiled;
  const [ended] = await Promise.allSettled([step(), spoiled]);
  await road.mend();
  if (ended.status === "fulfilled") return true;
  const error: unknown = ended.reason;
  assert.ok(error instanceof DeliveryError, `not explained: ${error instanceof Error ? error.stack : error}`);
  assert.equal(error.kind, "surroundings", error.message);
  return false;
}
