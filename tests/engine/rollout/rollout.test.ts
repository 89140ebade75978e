import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { withEmulator } from "../../support/emulator.ts";
import { createCaller, type Endpoint } from "../../support/endpoint.ts";
import type { Published } from "../program/model.ts";
import { hasPulumi, layOut, type Project } from "../program/project.ts";
import { picture } from "./picture.ts";

// The commands, one after another, before the real engine and an emulator: each test goes on where the last one ended.

const bucket = "plant-phenotyping-production-models";

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

describe("a rollout under the engine", { skip: !hasPulumi && "set-up has put no Pulumi CLI in place" }, () => {
  const emulator = withEmulator();
  let project: Project;
  let folder: string;
  let endpoint: Endpoint;
  /** What the first deployment said. */
  let first: { traffic: Record<string, number>; changes: { instances: number }[] };
  let [one, two, three] = [] as unknown as [Published, Published, Published];

  const run = (program: string, args: string[], env: Record<string, string> = {}): Promise<Ran> =>
    new Promise((resolve) => {
      const begun = performance.now();
      const options = { cwd: folder, env: { ...project.env, ...env }, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 };
      execFile(program, args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, stdout, stderr, seconds: (performance.now() - begun) / 1000 });
      });
    });
  const script = (name: string, args: string[], env: Record<string, string> = {}) =>
    run("node", [`scripts/${name}.ts`, "--environment", "production", ...args], env);
  /** The document of a command that must end with `code`. */
  const ask = async (name: string, args: string[], code = 0, env: Record<string, string> = {}) => {
    const ran = await script(name, [...args, "--json"], env);
    assert.equal(ran.code, code, ran.stderr);
    return JSON.parse(ran.stdout);
  };
  const deploy = (model: Published, ...more: string[]) => ["--model-path", model.model, ...more];
  const configured = () =>
    parse(readFileSync(join(folder, "Pulumi.production.yaml"), "utf8")).config["ml-delivery:endpoint"].traffic;
  const answering = async () => {
    const answers = await endpoint.post(Array.from({ length: 20 }, picture));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    return new Set(answers.map(({ deployment }) => deployment));
  };
  const git = async (...args: string[]) => {
    const { code, stdout, stderr } = await run("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args]);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  before(async () => {
    project = await layOut(emulator());
    folder = join(emulator().home, "..", "clone");
    project.set("production", ["endpoint", "instances"], 2);
    project.set("production", ["rollout"], { steps: [10, 50, 100], bakeMinutes: 10, keepPrevious: 1 });
    await project.succeeds("stack", "init", "production", "--no-select");
    await project.succeeds("up", "--yes", "--skip-preview", "--stack", "production");
    await git("init", "--quiet", "--bare", "../origin.git");
    await git("init", "--quiet", "--initial-branch", "main");
    await git("add", "Pulumi.yaml", "Pulumi.production.yaml");
    await git("commit", "--quiet", "--message", "Start");
    await git("remote", "add", "origin", "../origin.git");
    await git("push", "--quiet", "--set-upstream", "origin", "main");
    const module = new URL("../program/model.ts", import.meta.url).href;
    [one, two, three] = (await project.evaluate(`import { publish } from "${module}"; const b = "${bucket}";
      console.log(JSON.stringify([await publish(b, 1), await publish(b, 2), await publish(b, 3)]));`)) as (typeof three)[] as [
      Published,
      Published,
      Published,
    ];
    const { scoringUri } = await project.outputs("production");
    endpoint = await createCaller(emulator().home, String(scoringUri));
  });

  it("DEP-03: of two people who deploy at once one wins, and the other is told by whom and since when", async () => {
    const both = await Promise.all(
      [one, two].map((model) => script("deploy", deploy(model, "--traffic-percentage", "10", "--json"))),
    );
    const [won, lost] = both.toSorted((a, b) => a.code - b.code);
    assert.deepEqual([won?.code, lost?.code], [0, 3], both.map(({ stderr }) => stderr).join("\n"));
    const holder =
      /locked: \S+ is changing production in this working copy since \d{4}-.* \(pid \d+ on \S+\); wait for it/;
    assert.match(lost?.stderr ?? "", holder);
    // Whoever won: the story below begins with the first model.
    const winner = JSON.parse(won?.stdout ?? "");
    if (winner.version === two.version) [one, two] = [two, one];
    first = winner;
  });

  it("gives the first model everything, on as many instances as the endpoint's config says", async () => {
    const { traffic, changes } = first;
    assert.deepEqual(traffic, { [one.deployment]: 100 });
    assert.equal(changes[0]?.instances, 2);
    assert.deepEqual(await answering(), new Set([one.deployment]));
  });

  it("has nothing to do for the model that is live", async () => {
    const { changes, record, commit } = await ask("deploy", deploy(one));
    assert.deepEqual([changes, record, commit], [[], null, null]);
  });

  it("takes a canary to everything on the judge's word, step by step", async () => {
    await ask("deploy", deploy(two, "--traffic-percentage", "10"));
    const held = await ask("promote", ["--bake-minutes", "0", "--max-wait-minutes", "0"], 2);
    assert.deepEqual([held.end, held.steps, held.said.verdict], ["hold", [], "inconclusive"], "nothing was seen yet");
    const judged = await ask("analyze-canary", ["--baseline", one.deployment], 2);
    assert.deepEqual(
      [judged.endpoint, judged.canary, judged.baseline, judged.verdict],
      ["plant-classifier-prod", two.deployment, one.deployment, "inconclusive"],
      "found by the stack's own outputs",
    );
    const { end, steps } = await ask("promote", ["--judge", "true", "--bake-minutes", "0"]);
    assert.equal(end, "done");
    const shares = (steps as { traffic: Record<string, number> }[]).map(({ traffic }) => traffic[two.deployment]);
    assert.deepEqual(shares, [50, 100]);
    assert.deepEqual(configured(), { [two.deployment]: 100 });
    assert.deepEqual(await answering(), new Set([two.deployment]));
  });

  it("DEP-19: refuses a newer model during a canary, and takes the canary back on the judge's no", async () => {
    await ask("deploy", deploy(three, "--traffic-percentage", "10"));
    const refused = await script("deploy", deploy(one, "--traffic-percentage", "10"));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is a canary with 10 %.*promote --abort.*--restart-canary/);
    const { end, traffic } = await ask("promote", ["--judge", "false", "--bake-minutes", "0"], 1);
    assert.deepEqual([end, traffic], ["back", { [two.deployment]: 100 }]);
  });

  it("DEP-13: rolls back during a canary without losing a request, and the second time changes nothing", async (t) => {
    await ask("deploy", deploy(three, "--traffic-percentage", "50"));
    const calls = callNowAndThen();
    const unchanged = await run("pulumi", ["up", "--yes", "--skip-preview", "--stack", "production"]);
    assert.equal(unchanged.code, 0, unchanged.stderr);
    const begun = performance.now();
    const back = await ask("rollback", []);
    const answers = await calls.stop();
    assert.deepEqual(back.traffic, { [two.deployment]: 100 });
    assert.deepEqual(
      answers.filter(({ status }) => status !== 200),
      [],
    );
    const last = answers.findLast(({ deployment }) => deployment === three.deployment)?.at ?? begun;
    const seconds = (last - begun) / 1000;
    t.diagnostic(
      `traffic was back after ${seconds.toFixed(1)} s; an update without changes took ${unchanged.seconds.toFixed(1)} s`,
    );
    assert.ok(seconds <= 1.5 * unchanged.seconds + 2, `${seconds} s against ${unchanged.seconds} s`);
    const { changed, traffic } = await ask("rollback", []);
    assert.deepEqual([changed, traffic], [false, { [two.deployment]: 100 }]);
    assert.deepEqual(await answering(), new Set([two.deployment]));
  });

  it("DEP-11: will not deploy over traffic that somebody moved by hand; a way back sets it right", async () => {
    await moveByHand({ [two.deployment]: 40, [three.deployment]: 60 });
    const refused = await script("deploy", deploy(three, "--traffic-percentage", "10"));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /changed by hand: the stack file says m-\w+ 100; Azure has/);
    const { changed, notes } = await ask("rollback", []);
    assert.equal(changed, true);
    assert.match(notes[0], /had been changed by hand/);
    assert.deepEqual(await answering(), new Set([two.deployment]));
  });

  it("DEP-14: breaks the glass when the state is out of reach; afterwards a plain update finds nothing to change", async () => {
    const { resourceGroup, workspace } = await project.outputs("production");
    const env = {
      PULUMI_BACKEND_URL: "file:///nowhere",
      AZURE_RESOURCE_GROUP: String(resourceGroup),
      AZURE_ML_WORKSPACE: String(workspace),
    };
    const plain = await script("rollback", ["--to", three.version], env);
    assert.equal(plain.code, 3, plain.stderr);
    const { traffic } = await ask("rollback", ["--break-glass", "--to", three.version], 0, env);
    assert.deepEqual(traffic, { [three.deployment]: 100 });
    assert.deepEqual(await answering(), new Set([three.deployment]));
    await project.succeeds("up", "--yes", "--skip-preview", "--stack", "production");
    await project.succeeds("preview", "--refresh", "--expect-no-changes", "--stack", "production");
    assert.deepEqual(await answering(), new Set([three.deployment]));
  });

  it("tells the history, and has pushed each step", async () => {
    const { records } = await ask("history", []);
    assert.deepEqual(
      (records as { what: string }[]).map(({ what }) => what),
      [
        ...["deploy", "deploy", "promote", "promote", "deploy", "abort"],
        ...["deploy", "rollback", "rollback", "rollback"],
      ],
    );
    const then = records[1].at;
    const live = await ask("history", ["--at", then]);
    assert.deepEqual(live.traffic, { [one.deployment]: 90, [two.deployment]: 10 });
    const pushed = await git("log", "origin/main", "--format=%s");
    assert.match(pushed, new RegExp(`^Roll back production: .*${three.deployment} 0 => 100`, "m"));
    assert.equal(await git("status", "--porcelain", "--", "Pulumi.production.yaml"), "");
  });

  it("recover commits and records an edit that was carried out and cut short", async () => {
    project.set("production", ["endpoint", "traffic"], { [two.deployment]: 20, [three.deployment]: 80 });
    await project.succeeds("up", "--yes", "--skip-preview", "--stack", "production");
    const { whole, findings } = await ask("recover", []);
    assert.equal(whole, true);
    const told = (findings as { done: string }[]).map(({ done }) => done).join("\n");
    assert.match(told, /^kept it$[\s\S]*^committed it as [0-9a-f]{40} and recorded it$/m);
    assert.equal(await git("status", "--porcelain", "--", "Pulumi.production.yaml"), "");
    const last = (await ask("history", [])).records.at(-1);
    const now = { [two.deployment]: 20, [three.deployment]: 80 };
    assert.deepEqual([last.what, last.from, last.to], ["edit", { [three.deployment]: 100 }, now]);
    assert.deepEqual((await ask("rollback", [])).traffic, { [three.deployment]: 100 });
  });

  it("CFG-06 DEP-13: does not go back to a deployment that Azure calls failed, and leaves traffic alone", async () => {
    const type = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments";
    const operation = { code: "ResourceNotReady", message: "the readiness probe fails" };
    writeFileSync(join(emulator().home, "faults.json"), JSON.stringify([{ type, name: two.deployment, operation }]));
    await project.evaluate(`import { armGet, armPut } from "./delivery/azure.ts";
      import { endpointId } from "./delivery/rollout/live.ts";
      const id = endpointId(${await address()}) + "/deployments/${two.deployment}";
      const { location, kind, sku, tags, properties: { provisioningState, ...properties } } = await armGet(id, "2025-12-01");
      await armPut(id, "2025-12-01", { location, kind, sku, tags, properties }).catch(() => {}); console.log("true");`);
    rmSync(join(emulator().home, "faults.json"));
    const refused = await script("rollback", ["--to", two.version]);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /`m-\w+` is Failed; traffic stays as it is\. Live now: m-\w+ 100\. No other deployment/,
    );
    assert.deepEqual(await answering(), new Set([three.deployment]));
    const present = await script("rollback", ["--to", "2099-01-01"]);
    assert.equal(present.code, 0, "a way back led to the present one");
  });

  it("CFG-06: does not go back to a deployment that is gone, and says what is possible", async () => {
    await project.evaluate(`import { armDelete } from "./delivery/azure.ts";
      import { endpointId } from "./delivery/rollout/live.ts";
      await armDelete(endpointId(${await address()}) + "/deployments/${two.deployment}", "2025-12-01"); console.log("true");`);
    const refused = await script("rollback", []);
    assert.equal(refused.code, 0, "traffic came about by a way back, so there is nothing to do");
    const named = await script("rollback", ["--to", two.version]);
    assert.equal(named.code, 1);
    const impossible = /`m-\w+` is not in Azure; traffic stays as it is\. .* No other deployment is up; deploy one of/;
    assert.match(named.stderr, impossible);
    assert.deepEqual(await answering(), new Set([three.deployment]));
  });

  async function address(): Promise<string> {
    const { resourceGroup, workspace, endpointName } = await project.outputs("production");
    return JSON.stringify({ resourceGroup, workspace, endpoint: endpointName });
  }

  /** Ten calls a second: enough to see when traffic moves, few enough to leave the machine to what is measured. */
  function callNowAndThen() {
    let going = true;
    const answers: { at: number; status: number; deployment: string | null }[] = [];
    const calling = (async () => {
      while (going) {
        const [answer] = await endpoint.post([picture()]);
        if (answer) answers.push({ at: performance.now(), status: answer.status, deployment: answer.deployment });
        await delay(100);
      }
    })();
    return {
      async stop() {
        going = false;
        await calling;
        return answers;
      },
    };
  }

  async function moveByHand(traffic: Record<string, number>): Promise<void> {
    await project.evaluate(`import { writeTraffic } from "./delivery/traffic.ts";
      import { endpointId } from "./delivery/rollout/live.ts";
      await writeTraffic(endpointId(${await address()}), { traffic: ${JSON.stringify(traffic)}, mirror: {} }); console.log("true");`);
  }
});
