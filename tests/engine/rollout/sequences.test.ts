import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { readReleases } from "../../../delivery/release-log.ts";
import { withoutZeros, writeTraffic } from "../../../delivery/traffic.ts";
import { rounds, SEED } from "../../support/counts.ts";
import { withEmulator } from "../../support/emulator.ts";
import { byHand, command } from "../../unit/delivery/rollout/lives.ts";
import { type Command, type Model, sameTraffic, split, World } from "../../unit/delivery/rollout/world.ts";
import { assertNoOrphans, deployments, traffic, watchEndpoint } from "../faults/cloud.ts";
import { endpointId } from "../faults/enter.ts";
import type { Published } from "../program/model.ts";
import { hasPulumi } from "../program/project.ts";
import { createWorkingCopy, ENVIRONMENT, type WorkingCopy } from "./working-copy.ts";

const SEQUENCES = rounds(3, 30);
const BUCKET = `s3://plant-phenotyping-${ENVIRONMENT}-models/models/`;

/** What the engine is asked to do: shadows are left out, and models are few, as each deployment is a process. */
const action = fc
  .oneof({ weight: 3, arbitrary: command }, { weight: 2, arbitrary: byHand })
  .filter(({ kind }) => kind !== "mirror")
  .map(
    (one): Command => ({
      ...one,
      ...(one.kind === "deploy" && { model: 1 + (one.model % 4), keep: 1 }),
      ...(one.kind === "rollback" && one.to !== undefined && { to: 1 + (one.to % 4) }),
      ...(one.kind === "promote" && one.verdict === "unreachable" && { verdict: "inconclusive" as const }),
    }),
  );
const sequences = fc.sample(fc.array(action, { minLength: 3, maxLength: 6 }), { numRuns: SEQUENCES, seed: SEED });

/**
 * Random commands on the real engine, beside the same commands in the model of it that is tried with thousands of lives
 * (tests/unit/delivery/rollout): after each, both must be the same. The sequences follow on one another, on one stack.
 */
describe(`${SEQUENCES} random sequences of commands`, {
  skip: !hasPulumi && "set-up has put no Pulumi CLI in place",
}, () => {
  const emulator = withEmulator();
  let copy: WorkingCopy;
  let bad: Published;
  let world: World;
  const model = (number: number): Model => copy.models[number - 1] ?? assert.fail(`there is no model ${number}`);
  const stackFile = () => join(copy.project.folder, `Pulumi.${ENVIRONMENT}.yaml`);
  const up = () => copy.project.pulumi("up", "--yes", "--skip-preview", "--stack", ENVIRONMENT);

  before(async () => {
    copy = await createWorkingCopy(emulator(), 4);
    const module = new URL("../program/model.ts", import.meta.url).href;
    bad = (await copy.project.evaluate(`import { publish } from "${module}";
      console.log(JSON.stringify(await publish("plant-phenotyping-${ENVIRONMENT}-models", 9, { accuracy: 0.5 })));`)) as Published;
    world = new World(model);
  });

  /** Edits the stack file by hand and updates; puts the file back where that is refused. */
  const edit = async (set: () => void): Promise<number> => {
    const text = readFileSync(stackFile(), "utf8");
    set();
    const { code } = await up();
    if (code !== 0) writeFileSync(stackFile(), text);
    return code;
  };
  const setTraffic = (shares: Readonly<Record<string, number>>) =>
    copy.project.set(ENVIRONMENT, ["endpoint", "traffic"], shares);
  const badEdit = (fault: Extract<Command, { kind: "bad edit" }>["fault"]) => {
    const { deployments: configured, traffic: shares } = copy.configured();
    const live = Object.keys(withoutZeros(shares));
    if (fault === "stranger") return setTraffic({ "m-00000000": 100 });
    if (fault === "gate") {
      const added = { ...configured, [bad.deployment]: { model: bad.model, instances: 1 } };
      return copy.project.set(ENVIRONMENT, ["endpoint", "deployments"], added);
    }
    if (fault === "sum" || live.length === 0) return setTraffic({ [Object.keys(configured)[0] ?? "m-00000000"]: 90 });
    const others = Object.entries(configured).filter(([name]) => name !== live[0]);
    copy.project.set(ENVIRONMENT, ["endpoint", "deployments"], Object.fromEntries(others));
    setTraffic(others.length === 0 ? {} : { [others[0]?.[0] ?? ""]: 100 });
  };

  /** Does it for real; gives the exit code. */
  const act = async (one: Command): Promise<number> => {
    switch (one.kind) {
      case "deploy": {
        const args = ["--model-path", model(one.model).model, "--traffic-percentage", String(one.share)];
        return (await copy.run("deploy", ...args, ...(one.restart ? ["--restart-canary"] : []))).code;
      }
      case "ungated":
        return (await copy.run("deploy", "--model-path", bad.model, "--traffic-percentage", "10")).code;
      case "to":
        return (await copy.run("promote", "--to", String(one.share))).code;
      case "abort":
        return (await copy.run("promote", "--abort")).code;
      case "promote": {
        // Undecided is the project's own judge, who has seen too few requests to say anything.
        const judge = { pass: ["--judge", "true"], fail: ["--judge", "false"], inconclusive: [], unreachable: [] };
        const now = ["--bake-minutes", "0", "--max-wait-minutes", "0"];
        return (await copy.run("promote", ...judge[one.verdict], ...now)).code;
      }
      case "rollback":
        return (await copy.run("rollback", ...(one.to === undefined ? [] : ["--to", model(one.to).version]))).code;
      case "edit": {
        const names = Object.keys(copy.configured().deployments);
        return names.length === 0 ? 1 : edit(() => setTraffic(split(names, one.share)));
      }
      case "bad edit":
        return edit(() => badEdit(one.fault));
      case "drift":
        if (!world.begun) return 1;
        await writeTraffic(endpointId(), { traffic: split(world.present(), one.share), mirror: {} });
        return 0;
      case "mirror":
        return assert.fail("shadows are not in these sequences");
    }
  };
  /** The same in the model; a promotion goes through all its steps. */
  const imagine = (one: Command): boolean => {
    if (!world.run(one, "none")) return false;
    if (one.kind === "promote" && one.verdict === "pass") while (world.run(one, "none")) {}
    return true;
  };
  const agree = async (what: string) => {
    assert.deepEqual(await traffic(), withoutZeros(world.cloud.traffic), `${what}: traffic`);
    assert.deepEqual(await deployments(), [...world.cloud.deployments].sort(), `${what}: deployments`);
    const { deployments: configured, traffic: shares } = copy.configured();
    assert.deepEqual(withoutZeros(shares), withoutZeros(world.config.traffic), `${what}: the stack file's traffic`);
    assert.deepEqual(
      Object.keys(configured),
      Object.keys(world.config.deployments),
      `${what}: the stack file's deployments`,
    );
    const records = await readReleases(BUCKET);
    const told = (list: readonly { what: string; to: object }[]) => list.map(({ what, to }) => [what, to]);
    assert.deepEqual(told(records), told(world.log), `${what}: the release log`);
  };

  for (const [index, sequence] of sequences.entries()) {
    it(`sequence ${index + 1}: ${sequence.map(describeCommand).join(", ")}`, async (t) => {
      const watch = world.begun ? watchEndpoint() : undefined;
      const ends: string[] = [];
      for (const one of sequence) {
        const expected = exitCode(one, imagine(one));
        const code = await act(one);
        ends.push(`${describeCommand(one)} ${code}`);
        const what = `seed ${SEED}, sequence ${index + 1}: ${ends.join(", ")}`;
        assert.ok(expected.includes(code), `${what}: ${expected.join(" or ")} expected`);
        await agree(what);
        await copy.project.succeeds("stack", "export", "--stack", ENVIRONMENT);
      }
      // Invariant 3: the way back ends with one at 100 %, and the second time changes nothing; or nothing is changed.
      const back: Command = { kind: "rollback", to: undefined };
      const expected = exitCode(back, imagine(back));
      for (const time of ["first", "second"]) {
        const code = await act(back);
        assert.ok(expected.includes(code), `${time} rollback ended with ${code}`);
        await agree(`${time} rollback`);
      }
      if (expected.includes(0)) assert.deepEqual(Object.values(await traffic()), [100]);
      // Invariant 5: what somebody moved by hand, and no way back set right, is put back as the refusal advises.
      if (!sameTraffic(world.cloud.traffic, world.config.traffic)) {
        world.bringInLine();
        await copy.project.succeeds("up", "--yes", "--skip-preview", "--refresh", "--stack", ENVIRONMENT);
      }
      await copy.project.succeeds("preview", "--refresh", "--expect-no-changes", "--stack", ENVIRONMENT);
      await assertNoOrphans(copy.project, ENVIRONMENT);
      await agree("in the end");
      const seen = await watch?.stop();
      assert.deepEqual(seen?.wrong ?? [], []);
      t.diagnostic(`seed ${SEED}, sequence ${index + 1}: ${ends.join(", ")}`);
    });
  }
});

/** How a command ends that does its work, or is refused. */
function exitCode(one: Command, done: boolean): readonly number[] {
  if (one.kind === "bad edit") return [1, 255];
  if (!done) return one.kind === "edit" ? [1, 255] : [1, 2];
  if (one.kind !== "promote") return [0];
  return [{ pass: 0, fail: 1, inconclusive: 2, unreachable: 2 }[one.verdict]];
}

function describeCommand(one: Command): string {
  const { kind, ...more } = one;
  const told = Object.entries(more).filter(([key, value]) => key !== "keep" && value !== undefined && value !== false);
  return [kind, ...told.map(([key, value]) => (value === true ? key : String(value)))].join(" ");
}
