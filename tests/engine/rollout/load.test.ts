import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { canaryOf, type EndpointConfig, liveNames } from "../../../delivery/rollout.ts";
import { withoutZeros } from "../../../delivery/traffic.ts";
import { type Random, randomFor } from "../../../src/random.ts";
import { FULL, rounds, SEED } from "../../support/counts.ts";
import { withEmulator } from "../../support/emulator.ts";
import { callerToken } from "../../support/endpoint.ts";
import { few, type Load, type LoadOptions, NONE, type Served, startLoad } from "../../support/load.ts";
import { hasPulumi } from "../program/project.ts";
import { picture } from "./picture.ts";
import { same, splitsOf, type Window, watchWindows } from "./windows.ts";
import { createWorkingCopy, ENVIRONMENT, type WorkingCopy } from "./working-copy.ts";

const SHIFTS = rounds(12, 100);
/** In full all that two cores carry; else half, which leaves the engine the time to move twice as often. */
const CONNECTIONS = FULL ? 8 : 4;
/** The chance that some window of the whole run falls out of its bounds though all is well. */
const ALPHA = 0.001;

type Shares = Readonly<Record<string, number>>;

/** What is done to the traffic next, whichever of it may be done now. */
async function move(copy: WorkingCopy, random: Random): Promise<string> {
  const endpoint = copy.configured();
  const canary = canaryOf(endpoint);
  if (random.chance(0.2) && Object.keys(endpoint.deployments).length > 1) return shiftByHand(copy, endpoint, random);
  if (canary === undefined) {
    const [live = ""] = liveNames(endpoint);
    const others = copy.models.filter(({ deployment }) => deployment !== live);
    const model = random.pick(others as [(typeof others)[0], ...typeof others]);
    const share = random.integer(5, 95);
    await copy.ask("deploy", "--model-path", model.model, "--traffic-percentage", String(share));
    return `deploy ${model.deployment} at ${share}`;
  }
  const share = endpoint.traffic[canary] ?? 0;
  if (random.chance(0.4)) {
    await copy.ask("rollback");
    return `rollback from ${canary}`;
  }
  const to = random.chance(0.3) ? 100 : random.integer(share, 100);
  await copy.ask("promote", "--to", String(to));
  return `promote ${canary} to ${to}`;
}

/** An edit of the stack file and `pulumi up`, as a person does it. */
async function shiftByHand({ project }: WorkingCopy, endpoint: EndpointConfig, random: Random): Promise<string> {
  const [one = "", two = ""] = Object.keys(endpoint.deployments);
  const share = random.integer(0, 100);
  project.set(ENVIRONMENT, ["endpoint", "traffic"], { [one]: 100 - share, [two]: share });
  await project.succeeds("up", "--yes", "--skip-preview", "--stack", ENVIRONMENT);
  return `edit ${one} ${100 - share}, ${two} ${share}`;
}

describe("a production endpoint under load", { skip: !hasPulumi && "set-up has put no Pulumi CLI in place" }, () => {
  const emulator = withEmulator();
  let copy: WorkingCopy;
  let scoring: Pick<LoadOptions, "scoringUri" | "token" | "picture">;
  let load: Load | undefined;

  before(async () => {
    copy = await createWorkingCopy(emulator(), 3);
    const { scoringUri } = await copy.project.outputs(ENVIRONMENT);
    scoring = { scoringUri: String(scoringUri), token: () => callerToken(emulator().home), picture: picture() };
    await copy.ask("deploy", "--model-path", copy.models[0]?.model ?? "");
  });
  after(() => load?.stop());

  it(`loses and misleads no request in ${SHIFTS} shifts, promotions and rollbacks`, async (t) => {
    const random = randomFor("load", SEED);
    const reached: Shares[] = [withoutZeros(copy.configured().traffic)];
    const watch = watchWindows();
    // By name are called those that have traffic before a move: nothing takes them away during it.
    let live = liveNames(copy.configured());
    load = startLoad({ ...scoring, connections: CONNECTIONS, named: () => live });
    const faces = new Map<string, string>();
    const begun = performance.now();
    for (let shift = 1; shift <= SHIFTS; shift += 1) {
      live = liveNames(copy.configured());
      const done = await move(copy, random).catch((error: unknown) => assert.fail(`shift ${shift}: ${error}`));
      const { deployments, traffic } = copy.configured();
      for (const name of Object.keys(deployments)) {
        const { status, body } = await load.call(name);
        assert.equal(status, 200, `shift ${shift}: ${name} says ${body}`);
        if (!faces.has(name)) faces.set(name, body);
      }
      if (!same(reached.at(-1) ?? {}, traffic)) reached.push(withoutZeros(traffic));
      if (FULL) t.diagnostic(`${shift} of ${SHIFTS}: ${done}`);
    }
    const seconds = (performance.now() - begun) / 1000;
    await load.stop();
    const windows = await watch.stop();
    const { served } = load;
    const splits = splitsOf(windows, served, ALPHA);
    const counted = splits.filter(({ window }, i) => splits[i - 1]?.window !== window);
    t.diagnostic(
      `seed ${SEED}: ${served.length} requests in ${seconds.toFixed(0)} s (${(served.length / seconds).toFixed(0)}/s on ` +
        `${CONNECTIONS} connections), ${served.filter(({ named }) => named !== undefined).length} of them by name; ` +
        `${windows.length} windows, ${counted.reduce((sum, { requests }) => sum + requests, 0)} requests counted in ${counted.length} of them`,
    );
    assert.deepEqual(few(served.filter(({ status }) => status !== 200)), NONE, "failed");
    assert.equal(new Set(faces.values()).size, faces.size, "every model has a face of its own");
    const wrongFace = served.filter(({ deployment = "", body }) => body !== faces.get(deployment));
    assert.deepEqual(few(wrongFace), NONE, "answered by another model than the header says");
    assert.deepEqual(few(served.filter((one) => !mayAnswer(one, windows))), NONE, "misrouted");
    assert.deepEqual(
      windows.map(({ shares }) => shares),
      reached,
      "traffic went where the stack file sent it, and nowhere else",
    );
    assert.deepEqual(
      splits.filter(({ count, low, high }) => count < low || count > high),
      [],
      "out of bounds",
    );
    const noticed = splitsOf(windows.map(otherwise), served, ALPHA).filter(
      ({ count, low, high }) => count < low || count > high,
    );
    const seen = new Set(noticed.map(({ window }) => window)).size;
    t.diagnostic(`had each window's split been 10 points off, ${seen} of ${counted.length} windows would show it`);
    assert.ok(seen > counted.length / 2, "too few requests to see anything");
  });
});

/** By name: who was named. Else one that had traffic at some time while the request was under way. */
function mayAnswer({ named, deployment = "", begun, ended }: Served, windows: readonly Window[]): boolean {
  if (named !== undefined) return deployment === named;
  const first = windows.findLastIndex(({ until }) => until <= begun);
  const last = windows.findIndex(({ from }) => from >= ended);
  const meanwhile = windows.slice(Math.max(0, first), last === -1 ? undefined : last + 1);
  return meanwhile.some(({ shares }) => (shares[deployment] ?? 0) > 0);
}

/** The window with ten points given from the one that has most to another. */
function otherwise({ shares, ...window }: Window): Window {
  const [[most = "", share] = ["", 0], [other = "", rest] = ["nobody", 0]] = Object.entries(shares).sort(
    ([, a], [, b]) => b - a,
  );
  return { ...window, shares: { [most]: share - 10, [other]: rest + 10 } };
}
