import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { readReleases } from "../../../delivery/release-log.ts";
import { canaryOf, liveNames } from "../../../delivery/rollout.ts";
import { withoutZeros } from "../../../delivery/traffic.ts";
import { type Random, randomFor } from "../../../src/random.ts";
import { rounds, SEED } from "../../support/counts.ts";
import { withEmulator } from "../../support/emulator.ts";
import { callerToken } from "../../support/endpoint.ts";
import { few, type Load, NONE, startLoad } from "../../support/load.ts";
import { hasPulumi } from "../program/project.ts";
import { picture } from "../rollout/picture.ts";
import { createWorkingCopy, ENVIRONMENT, type WorkingCopy } from "../rollout/working-copy.ts";
import { assertNoOrphans, deployments, traffic, watchEndpoint } from "./cloud.ts";
import { kill, VICTIMS } from "./victims.ts";

const KILLS = rounds(3, 30);
const KINDS = ["deploy", "promote", "rollback"] as const;
type Kind = (typeof KINDS)[number];
const MODELS = `s3://plant-phenotyping-${ENVIRONMENT}-models/models/`;

/** A command and what is true once it has done its work. */
type Intent = {
  readonly kind: Kind;
  readonly args: readonly string[];
  readonly holds: (shares: Readonly<Record<string, number>>) => boolean;
};

describe(`kill -9 at ${KILLS} moments of deploy, promote and rollback`, {
  skip: !hasPulumi && "set-up has put no Pulumi CLI in place",
}, () => {
  const emulator = withEmulator();
  /** How long each takes when it is not killed, in milliseconds: the last time it was not. */
  const takes: Record<Kind, number> = { deploy: 0, promote: 0, rollback: 0 };
  let copy: WorkingCopy;
  let load: Load;
  let hits = 0;

  const carryOut = async ({ kind, args }: Intent) => {
    const begun = performance.now();
    await copy.ask(kind, ...args);
    takes[kind] = performance.now() - begun;
  };
  const deployNext = (random: Random): Intent => {
    const live = liveNames(copy.configured());
    const idle = copy.models.filter(({ deployment }) => !live.includes(deployment));
    const { model, deployment } = random.pick(idle as [(typeof idle)[0], ...typeof idle]);
    const share = random.chance(0.2) ? 100 : random.integer(5, 95);
    const args = ["--model-path", model, "--traffic-percentage", String(share), "--restart-canary"];
    return { kind: "deploy", args, holds: (shares) => shares[deployment] === share };
  };
  const intend = (kind: Kind, random: Random): Intent => {
    if (kind === "deploy") return deployNext(random);
    const endpoint = copy.configured();
    const canary = canaryOf(endpoint) ?? assert.fail("there is no canary");
    if (kind === "rollback") {
      const before = liveNames(endpoint).filter((name) => name !== canary);
      return { kind, args: [], holds: (shares) => before.some((name) => shares[name] === 100) };
    }
    const to = random.chance(0.3) ? 100 : random.integer((endpoint.traffic[canary] ?? 0) + 1, 100);
    return { kind, args: ["--to", String(to)], holds: (shares) => shares[canary] === to };
  };
  const canaryThere = async (random: Random) => {
    while (canaryOf(copy.configured()) === undefined) await carryOut(deployNext(random));
  };
  /** Invariants 4 and 5: state loads, and stack file, state and cloud hold the same. */
  const whole = async () => {
    await assertNoOrphans(copy.project, ENVIRONMENT);
    const { deployments: configured, traffic: shares } = copy.configured();
    assert.deepEqual(await deployments(), Object.keys(configured).sort());
    assert.deepEqual(await traffic(), withoutZeros(shares));
  };
  /** The command once more: it ends what it began. */
  const again = async ({ kind, args, holds }: Intent) => {
    const { code, stderr } = await copy.run(kind, ...args);
    // A canary that got everything before its command died is no canary any more.
    const done = kind === "promote" && code === 1 && /has no canary: .* has all traffic/.test(stderr);
    assert.ok(code === 0 || done, stderr);
    assert.ok(holds(await traffic()), `${kind} ${args.join(" ")} left ${JSON.stringify(await traffic())}`);
    assert.deepEqual(await traffic(), withoutZeros(copy.configured().traffic));
    assert.equal(await copy.git("status", "--porcelain", "--untracked-files=no"), "");
    assert.equal(await copy.git("rev-parse", "HEAD"), await copy.git("rev-parse", "origin/main"));
    const [last] = await readReleases(MODELS, { newest: 1 });
    assert.deepEqual(last?.to, await traffic());
  };

  before(async () => {
    copy = await createWorkingCopy(emulator(), 4);
    const [first] = copy.models;
    await copy.ask("deploy", "--model-path", first?.model ?? "");
    const random = randomFor("kills", SEED, "before");
    await canaryThere(random);
    await carryOut(intend("rollback", random));
    await canaryThere(random);
    await carryOut(intend("promote", random));
    const { scoringUri } = await copy.project.outputs(ENVIRONMENT);
    const token = () => callerToken(emulator().home);
    load = startLoad({ scoringUri: String(scoringUri), token, picture: picture(), connections: 2, pauseMs: 100 });
  });
  after(() => load?.stop());

  for (let number = 0; number < KILLS; number += 1) {
    const kind = KINDS[number % KINDS.length] ?? "deploy";
    const victim = VICTIMS[(number + Math.floor(number / KINDS.length)) % VICTIMS.length] ?? "everything";

    it(`kill ${number + 1}: ${victim} during ${kind}`, async (t) => {
      const random = randomFor("kills", SEED, number);
      const watch = watchEndpoint();
      const answered = load.served.length;
      if (kind !== "deploy") await canaryThere(random);
      const intent = intend(kind, random);
      const afterMs = Math.round(takes[kind] * random.between(0.02, 1));
      const begun = performance.now();
      const running = copy.start(kind, ...intent.args);
      await Promise.race([running.ended, delay(afterMs)]);
      const hit = await kill(running.process, victim);
      await running.ended;
      if (hit) hits += 1;
      // The machine is less busy than it was: the next one is met earlier.
      else takes[kind] = performance.now() - begun;

      const recovered = await copy.run("recover", "--json");
      const { findings = [] } = JSON.parse(recovered.stdout) as { findings?: { found: string }[] };
      const found = findings.map(({ found }) => found.split("\n")[0]).join("; ") || "nothing amiss";
      t.diagnostic(
        `seed ${SEED}: ${kind} ${intent.args.join(" ")}, ${victim} after ${afterMs} of ${Math.round(takes[kind])} ms` +
          `${hit ? "" : " (it had ended)"}: ${found}`,
      );
      assert.equal(recovered.code, 0, `${recovered.stdout}\n${recovered.stderr}`);
      // Its last step was a preview that expects no changes.
      await whole();
      await again(intent);
      await whole();
      await copy.project.succeeds("preview", "--refresh", "--expect-no-changes", "--stack", ENVIRONMENT);
      if (kind === "rollback") {
        assert.equal(((await copy.ask("rollback")) as { changed: boolean }).changed, false, "it goes back twice");
      }
      const { looks, wrong } = await watch.stop();
      assert.ok(looks > 3, `only ${looks} looks`);
      assert.deepEqual(wrong, []);
      const served = load.served.slice(answered);
      assert.ok(served.length > 10, `only ${served.length} requests`);
      assert.deepEqual(few(served.filter(({ status }) => status !== 200)), NONE);
    });
  }

  it("hit a living command most times", (t) => {
    t.diagnostic(`${hits} of ${KILLS} kills met a living command; ${load.served.length} requests meanwhile, none lost`);
    assert.ok(hits >= KILLS / 2, `only ${hits} of ${KILLS}`);
  });
});
