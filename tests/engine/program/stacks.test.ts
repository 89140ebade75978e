import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { withEmulator } from "../../support/emulator.ts";
import type { Published } from "./model.ts";
import { hasPulumi, layOut, type Project } from "./project.ts";

const names = ["staging", "production"] as const;
const bucket = "plant-phenotyping-production-models";

/** Lines of a diff that say what changes, without what stands around them. */
const changes = (text: string) =>
  text
    .split("--outputs:--")[0]
    ?.split("\n")
    .filter((line) => /^\s*[~+-]/.test(line))
    .map((line) => line.trim());

describe("the program under the engine", { skip: !hasPulumi && "set-up has put no Pulumi CLI in place" }, () => {
  const emulator = withEmulator();
  let project: Project;
  let champion: Published;
  let canary: Published;
  const share = async (first: unknown, second: unknown, more: Record<string, unknown> = {}) =>
    project.set("production", ["endpoint", "traffic"], {
      [champion.deployment]: first,
      [canary.deployment]: second,
      ...more,
    });

  before(async () => {
    project = await layOut(emulator());
    for (const stack of names) await project.succeeds("stack", "init", stack, "--no-select");
  });

  it("brings both stacks up side by side", async () => {
    await Promise.all(names.map((stack) => project.succeeds("up", "--yes", "--skip-preview", "--stack", stack)));
    const [staging, production] = await Promise.all(names.map((stack) => project.outputs(stack)));
    assert.deepEqual(Object.keys(production ?? {}).sort(), [
      "buckets",
      "compute",
      "endpointName",
      "monthlyEstimate",
      "repositoryEnvironment",
      "resourceGroup",
      "scoringUri",
      "traffic",
      "workspace",
    ]);
    assert.equal(staging?.["resourceGroup"], "rg-plant-phenotyping-staging");
    assert.equal(production?.["resourceGroup"], "rg-plant-phenotyping-production");
    assert.deepEqual(production?.["buckets"], { data: "plant-phenotyping-production-data", models: bucket });
  });

  it("has nothing to change a second time, in the clouds neither", async () => {
    for (const stack of names) await project.succeeds("preview", "--refresh", "--expect-no-changes", "--stack", stack);
  });

  it("warns about the retired VM size and names its replacement", async () => {
    const text = await project.succeeds("preview", "--stack", "production");
    assert.match(
      text,
      /Azure retired Standard_NC6s_v3 on 2025-09-30: .* Set ml-delivery:cluster\.vmSize to Standard_NC4as_T4_v3\./,
    );
  });

  it("refuses a model that did not pass the gate, before anything is created", async () => {
    const module = new URL("./model.ts", import.meta.url).href;
    const published = `import { publish } from "${module}"; const b = "${bucket}";
      console.log(JSON.stringify([await publish(b, 1), await publish(b, 2), await publish(b, 3, { accuracy: 0.5 })]));`;
    const [first, second, poor] = (await project.evaluate(published)) as [Published, Published, Published];
    [champion, canary] = [first, second];
    project.set("production", ["endpoint", "deployments"], { [poor.deployment]: { model: poor.model, instances: 1 } });
    project.set("production", ["endpoint", "traffic"], { [poor.deployment]: 100 });
    for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const { code, text } = await project.pulumi(...command, "--stack", "production");
      assert.notEqual(code, 0);
      assert.match(text, /This must not be deployed:\n.*`accuracy` is 0\.5, not at least 0\.85/);
      assert.doesNotMatch(text, /\d+ (created|to create|updated|to update)/);
    }
  });

  it("deploys two models, tests each, and gives one of them a tenth", async () => {
    const deployments = [champion, canary].map(({ deployment, model }) => [deployment, { model, instances: 1 }]);
    project.set("production", ["endpoint", "deployments"], Object.fromEntries(deployments));
    await share(90, 10);
    await project.succeeds("up", "--yes", "--skip-preview", "--stack", "production");
    const { traffic } = await project.outputs("production");
    assert.deepEqual(traffic, { [champion.deployment]: 90, [canary.deployment]: 10 });
    await project.succeeds("preview", "--refresh", "--expect-no-changes", "--stack", "production");
  });

  it("shows a shift of traffic as that change, and nothing else", async () => {
    await share(75, 25);
    const text = await project.succeeds("preview", "--diff", "--stack", "production");
    assert.deepEqual(changes(text), [
      "~ pulumi-nodejs:dynamic/traffic:EndpointTraffic: (update) 🔒",
      "~ traffic     : {",
      ...[`~ ${champion.deployment}: 90 => 75`, `~ ${canary.deployment}: 10 => 25`].sort((a, b) => (a < b ? -1 : 1)),
    ]);
    assert.match(text, /Resources:\n\s+~ 1 to update\n\s+\d+ unchanged\n/);
  });

  const refused: [string, () => Promise<void>, RegExp][] = [
    [
      "99 in all",
      () => share(90, 9),
      /endpoint\.traffic is \{.*\}; allowed: whole numbers that add up to exactly 100; .* add 1/,
    ],
    ["a fraction", () => share(66.7, 33.3), /endpoint\.traffic\.m-\w+ is 33\.3; allowed: a whole number from 0 to 100/],
    [
      "a deployment that is not there",
      () => share(90, 0, { "m-unknown": 10 }),
      /endpoint\.traffic\.m-unknown is 10; allowed: a configured deployment \(m-\w+, m-\w+\); add m-unknown to the deployments/,
    ],
  ];
  for (const [what, edit, message] of refused) {
    it(`refuses traffic at preview: ${what}`, async () => {
      await edit();
      const { code, text } = await project.pulumi("preview", "--stack", "production");
      assert.notEqual(code, 0);
      assert.match(text, message);
    });
  }

  it("refuses another model under a deployment's name", async () => {
    await share(90, 10);
    project.set("production", ["endpoint", "deployments", canary.deployment, "model"], champion.model);
    const { code, text } = await project.pulumi("preview", "--stack", "production");
    assert.notEqual(code, 0);
    assert.match(
      text,
      new RegExp(`${canary.deployment} serves model ${canary.version}, and a deployment keeps its model`),
    );
    project.set("production", ["endpoint", "deployments", canary.deployment, "model"], canary.model);
  });

  it("shows traffic that somebody else changed, and puts it right", async () => {
    const trafficId = await urnId(project, "EndpointTraffic");
    const shares = JSON.stringify({ [champion.deployment]: 40, [canary.deployment]: 60 });
    await project.evaluate(`import { writeTraffic } from "./delivery/traffic.ts";
      await writeTraffic("${trafficId}", { traffic: ${shares}, mirror: {} }); console.log("true");`);
    const text = await project.succeeds("preview", "--refresh", "--diff", "--stack", "production");
    assert.ok(text.includes(`~ ${champion.deployment}: 90 => 40`), text);
    await project.succeeds("up", "--yes", "--skip-preview", "--refresh", "--stack", "production");
    const now = await project.evaluate(`import { readTraffic } from "./delivery/traffic.ts";
      console.log(JSON.stringify(await readTraffic("${trafficId}")));`);
    assert.deepEqual(now, { traffic: { [champion.deployment]: 90, [canary.deployment]: 10 }, mirror: {} });
  });

  it("does not give up production's traffic to a destroy", async () => {
    const trafficId = await urnId(project, "EndpointTraffic");
    const { code, text } = await project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "production");
    assert.notEqual(code, 0);
    assert.match(text, /cannot be deleted\s+because it is protected/);
    const now = await project.evaluate(`import { readTraffic } from "./delivery/traffic.ts";
      console.log(JSON.stringify(await readTraffic("${trafficId}")));`);
    assert.deepEqual(now, { traffic: { [champion.deployment]: 90, [canary.deployment]: 10 }, mirror: {} });
  });

  it("takes one stack down and leaves the other whole, then leaves nothing behind", async () => {
    await project.succeeds("destroy", "--yes", "--skip-preview", "--stack", "staging");
    project.set("production", ["protect"], false);
    await project.succeeds("up", "--yes", "--skip-preview", "--stack", "production");
    await project.succeeds("preview", "--refresh", "--expect-no-changes", "--stack", "production");
    await project.succeeds("destroy", "--yes", "--skip-preview", "--stack", "production");
    const left = await project.evaluate(`import { S3Client, ListBucketsCommand } from "@aws-sdk/client-s3";
      import { armGet, isNotFound } from "./delivery/azure.ts";
      const { Buckets = [] } = await new S3Client({}).send(new ListBucketsCommand({}));
      const there = async (name) => armGet("/subscriptions/" + process.env.ARM_SUBSCRIPTION_ID + "/resourceGroups/" + name, "2024-03-01")
        .then(() => true, (error) => { if (isNotFound(error)) return false; throw error; });
      const groups = [await there("rg-plant-phenotyping-staging"), await there("rg-plant-phenotyping-production")];
      const github = await fetch(process.env.GITHUB_API_URL + "/repos/example-org/plant-classifier/environments",
        { headers: { authorization: "Bearer " + process.env.GITHUB_TOKEN } });
      console.log(JSON.stringify({ buckets: Buckets.map(({ Name }) => Name), groups, environments: (await github.json()).environments }));`);
    assert.deepEqual(left, { buckets: [], groups: [false, false], environments: [] });
  });
});

/** ARM id of the endpoint whose traffic production's state holds. */
async function urnId(project: Project, type: string): Promise<string> {
  const state = JSON.parse(await project.succeeds("stack", "export", "--stack", "production")) as {
    deployment: { resources: { type: string; inputs?: { endpointId?: string } }[] };
  };
  const found = state.deployment.resources.find((one) => one.type.endsWith(`:${type}`))?.inputs?.endpointId;
  if (!found) throw new Error(`no ${type} in the state`);
  return found;
}
