import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { describeLock, readLocks } from "../../../delivery/lock.ts";
import { recover } from "../../../delivery/recover.ts";
import { withEmulator } from "../../support/emulator.ts";
import type { Published } from "../program/model.ts";
import { hasPulumi, layOut, type Project } from "../program/project.ts";
import {
  DEPLOYMENT,
  descendantsOf,
  ENDPOINT,
  isThere,
  plan,
  publishModels,
  stack,
  startUpdate,
  write,
} from "./bench.ts";
import { assertNoOrphans, deployments, traffic } from "./cloud.ts";
import { enter } from "./enter.ts";

/** What befalls an update under way, each fault by its id. */
describe("updates that are cut short or meet", { skip: !hasPulumi && "set-up has put no Pulumi CLI in place" }, () => {
  const emulator = withEmulator();
  let project: Project;
  let a: Published;
  let b: Published;

  const home = () => emulator().home;
  const up = (...more: string[]) => project.pulumi("up", "--yes", "--skip-preview", ...more, "--stack", stack);
  const succeeds = async (...more: string[]) => {
    const { code, text } = await up(...more);
    assert.equal(code, 0, text);
  };
  const backend = () => project.env["PULUMI_BACKEND_URL"] ?? "";
  const locks = async () => (await readLocks(backend(), `ml-delivery/${stack}`)) ?? [];
  const recovered = () => recover({ environment: stack, folder: project.folder, dryRun: false, say() {} });
  /** Whether the engine has noted that it is at work on a resource. */
  const atWork = (type: "creating" | "updating", resource: string) => {
    const file = join(backend().replace("file://", ""), ".pulumi", "stacks", "ml-delivery", `${stack}.json`);
    const { checkpoint } = JSON.parse(readFileSync(file, "utf8")) as {
      checkpoint: { latest?: { pending_operations?: { type: string; resource: { urn: string } }[] } };
    };
    const pending = checkpoint.latest?.pending_operations ?? [];
    return pending.some((one) => one.type === type && one.resource.urn.endsWith(`::${resource}`));
  };
  const until = async (what: string, holds: () => boolean | Promise<boolean>) => {
    for (const end = Date.now() + 30_000; Date.now() < end; await delay(50)) if (await holds()) return;
    assert.fail(`not within 30 s: ${what}`);
  };
  const shares = (first: number, second: number) => ({ [a.deployment]: first, [b.deployment]: second });

  before(async () => {
    project = await layOut(emulator());
    await project.succeeds("stack", "init", stack, "--no-select");
    await succeeds();
    [a, b] = (await publishModels(project, 2)) as [Published, Published];
    enter(project);
    write(project, [[a, 100]]);
    await succeeds();
  });

  it("DEP-01 DEP-20 takes up what a killed engine was creating, and leaves no process behind", async () => {
    plan(home(), { method: "PUT", type: DEPLOYMENT, delayMs: 2000 });
    write(project, [
      [a, 90],
      [b, 10],
    ]);
    const { engine, ended } = startUpdate(project);
    await until("the deployment is being created", () => atWork("creating", `endpoint-${b.deployment}-online`));
    const started = descendantsOf(engine.pid ?? 0);
    assert.ok(started.length > 0);
    engine.kill("SIGKILL");
    await ended;
    await until("no process is left", () => !started.some(isThere));
    const { code, text } = await up();
    assert.notEqual(code, 0);
    assert.match(describeLock(text), /that process is gone: run `node scripts\/recover\.ts/);
    const { findings, remains } = await recovered();
    assert.deepEqual(remains, []);
    const [lock, creation] = findings;
    assert.match(lock?.found ?? "", /^a lock of \S+ since .*, whose process \d+ of this machine is gone$/);
    assert.match(creation?.found ?? "", /^the creation of endpoint-m-\w+-online was cut short$/);
    assert.match(creation?.done ?? "", new RegExp(`^it exists; took it up as /subscriptions/.*/${b.deployment}$`));
    assert.deepEqual(await deployments(), [a.deployment, b.deployment].sort());
    assert.deepEqual(await traffic(), shares(90, 10));
    await assertNoOrphans(project, stack);
    assert.deepEqual(await recovered(), { findings: [], remains: [] });
  });

  it("DEP-01 knows what a killed engine did to traffic as its own, though the stack file was put back", async () => {
    // Azure acts, and its answers are lost: the engine is still at it when it is killed.
    plan(home(), { method: "PUT", type: ENDPOINT, lose: true, times: 10 });
    write(project, [
      [a, 30],
      [b, 70],
    ]);
    const { engine, ended } = startUpdate(project);
    await until("Azure has what was asked for", async () => (await traffic())[b.deployment] === 70);
    assert.ok(atWork("updating", "endpoint-traffic"));
    engine.kill("SIGKILL");
    await ended;
    plan(home());
    write(project, [
      [a, 90],
      [b, 10],
    ]);
    const { findings, remains } = await recovered();
    assert.deepEqual(remains, []);
    assert.ok(findings.some(({ found }) => found === "cut short: endpoint-traffic (updating)"));
    assert.deepEqual(await traffic(), shares(90, 10));
    assert.deepEqual(await recovered(), { findings: [], remains: [] });
  });

  it("DEP-02 ends cleanly when interrupted: what is begun is finished, and nothing is locked", async () => {
    plan(home(), { method: "PUT", type: ENDPOINT, delayMs: 2000 });
    write(project, [
      [a, 60],
      [b, 40],
    ]);
    const { engine, ended } = startUpdate(project);
    await until("traffic is being written", () => atWork("updating", "endpoint-traffic"));
    engine.kill("SIGINT");
    await ended;
    assert.deepEqual(await locks(), []);
    plan(home());
    await succeeds("--refresh");
    assert.deepEqual(await traffic(), shares(60, 40));
    await assertNoOrphans(project, stack);
  });

  it("DEP-03 DEP-04 lets one of two updates through, tells the other by whom, and recover keeps off", async () => {
    plan(home(), { method: "PUT", type: ENDPOINT, delayMs: 6000 });
    write(project, [
      [a, 55],
      [b, 45],
    ]);
    const first = startUpdate(project);
    await until("the lock is there", async () => (await locks()).length === 1);
    const [second, meanwhile] = await Promise.all([up(), recovered()]);
    assert.notEqual(second.code, 0);
    const holder = new RegExp(
      `\\S+ on \\S+ \\(process ${first.engine.pid}\\) has been updating this stack since \\d{4}-`,
    );
    assert.match(describeLock(second.text), holder);
    assert.match(meanwhile.remains.join("\n"), holder);
    assert.deepEqual(meanwhile.findings, []);
    const { code, text } = await first.ended;
    assert.equal(code, 0, text);
    assert.deepEqual(await locks(), []);
    plan(home());
    assert.deepEqual(await traffic(), shares(55, 45));
  });

  it("DEP-08 fails when a provider is killed, and goes on from what the cloud has", async () => {
    plan(home(), { method: "PUT", type: ENDPOINT, delayMs: 3000 });
    write(project, [
      [a, 90],
      [b, 10],
    ]);
    const { engine, ended } = startUpdate(project);
    await until("traffic is being written", () => atWork("updating", "endpoint-traffic"));
    const providers = descendantsOf(engine.pid ?? 0).filter(({ command }) => command.includes("dynamic-provider"));
    assert.ok(providers.length > 0);
    for (const { pid } of providers) process.kill(pid, "SIGKILL");
    assert.notEqual((await ended).code, 0);
    plan(home());
    const { remains } = await recovered();
    assert.deepEqual(
      remains.filter((one) => !one.startsWith("program, state and clouds are not the same yet")),
      [],
    );
    await succeeds("--refresh");
    assert.deepEqual(await traffic(), shares(90, 10));
    await assertNoOrphans(project, stack);
  });
});
