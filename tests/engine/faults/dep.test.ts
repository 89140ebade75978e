import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { armDelete } from "../../../delivery/azure.ts";
import { findDrift, trafficDrift } from "../../../delivery/drift.ts";
import { readLocks } from "../../../delivery/lock.ts";
import { type Recovery, recover } from "../../../delivery/recover.ts";
import { writeTraffic } from "../../../delivery/traffic.ts";
import { withEmulator } from "../../support/emulator.ts";
import type { Published } from "../program/model.ts";
import { hasPulumi, layOut, type Outcome, type Project } from "../program/project.ts";
import { DEPLOYMENT, ENDPOINT, plan, publishModels, stack, startUpdate, write } from "./bench.ts";
import { assertNoOrphans, deployments, traffic } from "./cloud.ts";
import { endpointId, enter } from "./enter.ts";

/** Faults of deployment, each by its id; the tests follow on one another, as faults do. */
describe("faults of deployment", { skip: !hasPulumi && "set-up has put no Pulumi CLI in place" }, () => {
  const emulator = withEmulator();
  let project: Project;
  let a: Published;
  let b: Published;
  let c: Published;
  let d: Published;

  const home = () => emulator().home;
  const up = () => project.pulumi("up", "--yes", "--skip-preview", "--stack", stack);
  const succeeds = async () => {
    const { code, text } = await up();
    assert.equal(code, 0, text);
    return text;
  };
  const fails = ({ code, text }: Outcome, message: RegExp) => {
    assert.notEqual(code, 0, text);
    assert.match(text, message);
  };
  const clean = async () => {
    await project.succeeds("preview", "--refresh", "--expect-no-changes", "--stack", stack);
    await assertNoOrphans(project, stack);
  };
  const recovered = async (): Promise<Recovery> => {
    const recovery = await recover({ environment: stack, folder: project.folder, dryRun: false, say() {} });
    assert.deepEqual(recovery.remains, []);
    return recovery;
  };
  const backend = () => project.env["PULUMI_BACKEND_URL"] ?? "";
  const stateFile = () => join(backend().replace("file://", ""), ".pulumi", "stacks", "ml-delivery", `${stack}.json`);
  const locks = async () => (await readLocks(backend(), `ml-delivery/${stack}`)) ?? [];
  const move = (shares: Record<string, number>) => writeTraffic(endpointId(), { traffic: shares, mirror: {} });

  before(async () => {
    project = await layOut(emulator());
    await project.succeeds("stack", "init", stack, "--no-select");
    await succeeds();
    [a, b, c, d] = (await publishModels(project, 4)) as [Published, Published, Published, Published];
    enter(project);
    write(project, [
      [a, 0],
      [b, 100],
    ]);
    await succeeds();
  });

  it("goes from gate to deployment to smoke test to traffic to removal in one update", async () => {
    write(project, [
      [b, 90],
      [c, 10],
    ]);
    const text = await succeeds();
    const order = [
      `${c.deployment}-online created`,
      `${c.deployment}-smoke-1.0.0 created`,
      "endpoint-traffic updated",
      `${a.deployment}-online deleted`,
    ].map((step) => text.indexOf(step));
    assert.ok(
      order.every((at, i) => at > (order[i - 1] ?? 0)),
      `${order}\n${text}`,
    );
    const log = readFileSync(join(home(), "logs", "azure.log"), "utf8");
    const times = [
      `PUT ${endpointId()}/deployments/${c.deployment} 201`,
      `DELETE ${endpointId()}/deployments/${a.deployment} 202`,
    ];
    const [created = 0, deleted = 0] = times.map((line) => log.indexOf(line));
    const shifted = log.lastIndexOf(`PUT ${endpointId()} 200`);
    assert.ok(created > 0 && created < shifted && shifted < deleted, `${created} ${shifted} ${deleted}`);
    assert.deepEqual(await traffic(), { [b.deployment]: 90, [c.deployment]: 10 });
  });

  it("CFG-02 CFG-03 refuses at preview to remove one with traffic, and changes nothing", async () => {
    write(project, [[b, 100]]);
    const preview = await project.pulumi("preview", "--stack", stack);
    fails(
      preview,
      new RegExp(
        `endpoint\\.deployments\\.${c.deployment} is missing; allowed: to stay, as .* has 10 % of the requests; put .* back`,
      ),
    );
    assert.deepEqual(await deployments(), [b.deployment, c.deployment].sort());
    write(project, [
      [b, 100],
      [c, 0],
    ]);
    await succeeds();
    write(project, [[b, 100]]);
    fails(
      await project.pulumi("preview", "--stack", stack),
      /rollout\.keepPrevious is 1 and 0 would be left for the way back/,
    );
    write(project, [
      [b, 100],
      [c, 0],
    ]);
  });

  it("CFG-03 has the engine refuse to destroy one that is live: the traffic over it is protected", async () => {
    const { deployment } = JSON.parse(await project.succeeds("stack", "export", "--stack", stack)) as {
      deployment: { resources: { urn: string }[] };
    };
    const live = deployment.resources.find(({ urn }) => urn.endsWith(`::endpoint-${b.deployment}-online`));
    const target = ["--target", live?.urn ?? "", "--target-dependents"];
    fails(await project.pulumi("destroy", "--yes", ...target, "--stack", stack), /endpoint-traffic.*cannot be deleted/);
    assert.deepEqual(await traffic(), { [b.deployment]: 100 });
    await clean();
  });

  it("CFG-09 refuses a wrong passphrase, and leaves state alone", async () => {
    const state = readFileSync(stateFile(), "utf8");
    const env = { ...project.env, PULUMI_CONFIG_PASSPHRASE: "wrong" };
    delete (env as Record<string, string>)["PULUMI_CONFIG_PASSPHRASE_FILE"];
    fails(await startUpdate({ ...project, env }).ended, /incorrect passphrase/);
    assert.equal(readFileSync(stateFile(), "utf8"), state);
    assert.deepEqual(await locks(), []);
  });

  it("CFG-12 has the engine refuse keys given twice and anchors that explode; 010 is 8 to it, 1_0 is 10", async () => {
    const file = join(project.folder, `Pulumi.${stack}.yaml`);
    const kept = readFileSync(file, "utf8");
    const config = async (text: string) => {
      writeFileSync(file, text);
      return project.pulumi("config", "--json", "--stack", stack);
    };
    try {
      fails(
        await config("config:\n  aws:region: us-east-1\n  aws:region: us-east-2\n"),
        /mapping key "aws:region" already defined/,
      );
      const rows = [..."bcdefg"].map(
        (name, i) => `  ml-delivery:${name}: &${name} [${Array(9).fill(`*${"abcdef"[i]}`).join(",")}]\n`,
      );
      fails(await config(`config:\n  ml-delivery:a: &a [x,x,x,x,x,x,x,x,x]\n${rows.join("")}`), /excessive aliasing/);
      const { text } = await config("config:\n  ml-delivery:x: { no: no, under: 1_0, zero: 010 }\n");
      assert.match(text, /\{\\"no\\":\\"no\\",\\"under\\":10,\\"zero\\":8\}/);
    } finally {
      writeFileSync(file, kept);
    }
  });

  it("DEP-05 tries traffic again while Azure is busy, and a deployment's refusal leaves the rest whole", async () => {
    const busy = { status: 429, code: "TooManyRequests", message: "slow down" };
    plan(home(), { method: "PUT", type: ENDPOINT, times: 2, answer: busy });
    write(project, [
      [b, 80],
      [c, 20],
    ]);
    await succeeds();
    plan(home(), { method: "PUT", type: DEPLOYMENT, name: d.deployment, answer: busy });
    write(project, [
      [b, 80],
      [c, 20],
      [d, 0],
    ]);
    fails(await up(), /TooManyRequests/);
    assert.deepEqual(await traffic(), { [b.deployment]: 80, [c.deployment]: 20 });
    await assertNoOrphans(project, stack);
  });

  it("DEP-06 DEP-09 moves no traffic to a deployment that does not come up, and the next update mends it", async () => {
    const operation = { code: "ResourceNotReady", message: "the readiness probe fails" };
    plan(home(), { type: DEPLOYMENT, name: d.deployment, operation });
    write(project, [
      [b, 70],
      [c, 20],
      [d, 10],
    ]);
    fails(await up(), /ResourceNotReady/);
    assert.deepEqual(await traffic(), { [b.deployment]: 80, [c.deployment]: 20 });
    await assertNoOrphans(project, stack); // state knows the half-made one
    await succeeds();
    assert.deepEqual(await traffic(), { [b.deployment]: 70, [c.deployment]: 20, [d.deployment]: 10 });
    await clean();
  });

  it("DEP-10 takes out again what was made for traffic that it never got", async () => {
    const before = await traffic();
    plan(home(), { method: "PUT", type: ENDPOINT, answer: { status: 409, code: "Conflict", message: "busy" } });
    write(project, [
      [b, 70],
      [c, 20],
      [d, 5],
      [a, 5],
    ]);
    fails(await up(), /409 Conflict/);
    assert.deepEqual([await traffic(), (await deployments()).includes(a.deployment)], [before, true]);
    write(project, [
      [b, 70],
      [c, 20],
      [d, 10],
    ]);
    plan(home());
    await succeeds();
    assert.deepEqual([await traffic(), (await deployments()).includes(a.deployment)], [before, false]);
    await assertNoOrphans(project, stack);
  });

  it("DEP-10 keeps the old traffic where Azure refuses the new", async () => {
    plan(home(), {
      method: "PUT",
      type: ENDPOINT,
      answer: { status: 409, code: "Conflict", message: "another operation" },
    });
    write(project, [
      [b, 100],
      [c, 0],
      [d, 0],
    ]);
    fails(await up(), /409 Conflict/);
    assert.deepEqual(await traffic(), { [b.deployment]: 70, [c.deployment]: 20, [d.deployment]: 10 });
    plan(home());
    await succeeds();
  });

  it("DEP-07 takes care of a deployment that Azure accepted and whose answer was lost", async () => {
    write(project, [
      [b, 100],
      [c, 0],
      [d, 0],
      [a, 0],
    ]);
    plan(home(), { method: "PUT", type: DEPLOYMENT, name: a.deployment, lose: true });
    assert.notEqual((await up()).code, 0);
    fails(await up(), /cannot create already existing resource/);
    const { findings } = await recovered();
    assert.match(findings.map(({ found }) => found).join("\n"), new RegExp(`state does not know: .*/${a.deployment}`));
    assert.deepEqual(await deployments(), [a, b, c, d].map(({ deployment }) => deployment).sort());
    await assertNoOrphans(project, stack);
  });

  it("DEP-11 shows traffic that was moved by hand, and does not overwrite it unseen", async () => {
    await move({ [b.deployment]: 50, [c.deployment]: 50 });
    const drifts = await findDrift(stack, project.folder);
    assert.equal(trafficDrift(drifts)?.replace(/: .*/, ""), "somebody moved traffic by hand");
    const differences = drifts.flatMap((one) => one.differences);
    assert.deepEqual(
      Object.fromEntries(differences.map(({ property, config, cloud }) => [property, [config, cloud]])),
      {
        [`traffic.${b.deployment}`]: [100, 50],
        [`traffic.${c.deployment}`]: [0, 50],
      },
    );
    write(project, [
      [b, 90],
      [c, 10],
      [d, 0],
      [a, 0],
    ]);
    fails(await up(), /somebody else has changed this endpoint's traffic: it is .*scripts\/drift\.ts.*pulumi refresh/);
    assert.deepEqual(await traffic(), { [b.deployment]: 50, [c.deployment]: 50 });
    await project.succeeds("refresh", "--yes", "--skip-preview", "--stack", stack);
    await succeeds();
    assert.deepEqual(await traffic(), { [b.deployment]: 90, [c.deployment]: 10 });
  });

  it("DEP-12 makes a deployment anew that was deleted by hand, before it gets its traffic back", async () => {
    await move({ [b.deployment]: 100 });
    await armDelete(`${endpointId()}/deployments/${c.deployment}`, "2025-12-01");
    const drifts = await findDrift(stack, project.folder);
    assert.deepEqual(
      drifts.filter(({ change }) => change === "gone").map(({ resource }) => resource),
      [`endpoint-${c.deployment}-online`],
    );
    await project.succeeds("up", "--yes", "--skip-preview", "--refresh", "--stack", stack);
    assert.deepEqual(await traffic(), { [b.deployment]: 90, [c.deployment]: 10 });
    assert.deepEqual(await findDrift(stack, project.folder), []);
  });

  it("DEP-15 restores a state that was cut short or emptied, and says so", async () => {
    for (const bytes of [5000, 0]) {
      truncateSync(stateFile(), bytes);
      fails(await project.pulumi("preview", "--stack", stack), /failed to load checkpoint|unexpected end|empty|EOF/i);
      const { findings } = await recovered();
      assert.match(findings[0]?.found ?? "", bytes === 0 ? /it is empty/ : /it is cut short or damaged/);
      assert.match(findings[0]?.done ?? "", /put the backup of .* in its place/);
    }
    await assertNoOrphans(project, stack);
  });

  it("DEP-17 applies a plan only as it was reviewed", async () => {
    write(project, [
      [b, 75],
      [c, 25],
      [d, 0],
      [a, 0],
    ]);
    const file = join(project.folder, "..", "plan.json");
    await project.succeeds("preview", "--save-plan", file, "--stack", stack);
    write(project, [
      [b, 25],
      [c, 75],
      [d, 0],
      [a, 0],
    ]);
    fails(await project.pulumi("up", "--yes", "--skip-preview", "--plan", file, "--stack", stack), /violates plan/);
    assert.deepEqual(await traffic(), { [b.deployment]: 90, [c.deployment]: 10 });
    write(project, [
      [b, 75],
      [c, 25],
      [d, 0],
      [a, 0],
    ]);
    await project.succeeds("up", "--yes", "--skip-preview", "--plan", file, "--stack", stack);
    assert.deepEqual(await traffic(), { [b.deployment]: 75, [c.deployment]: 25 });
  });

  it("DEP-16 changes nothing where the backend cannot be written", async () => {
    const elsewhere = `file://${join(home(), "emulator.json")}`; // a file where a folder should be
    const before = await traffic();
    const env = { ...project.env, PULUMI_BACKEND_URL: elsewhere };
    assert.notEqual((await startUpdate({ ...project, env }).ended).code, 0);
    assert.deepEqual(await traffic(), before);
  });
});
