import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { azureNames } from "../../../components/names.ts";
import { withEmulator } from "../../support/emulator.ts";
import type { publish } from "./model.ts";
import { hasPulumi, layOut, type Project } from "./project.ts";

const module = new URL("./model.ts", import.meta.url).href;
type Model = Awaited<ReturnType<typeof publish>>;

/** Staging, since it goes again; what makes it private is the same in both. */
describe("a private stack that scales", { skip: !hasPulumi && "set-up has put no Pulumi CLI in place" }, () => {
  const emulator = withEmulator();
  let project: Project;
  const registry = `${azureNames({ project: "plant-phenotyping", stack: "staging" }).registry}.azurecr.io`;

  before(async () => {
    project = await layOut(emulator());
    await project.succeeds("stack", "init", "staging", "--no-select");
    project.set("staging", ["network"], "private");
  });

  it("is refused while its images lie where nothing in the network reaches them", async () => {
    const { code, text } = await project.pulumi("preview", "--stack", "staging");
    assert.notEqual(code, 0);
    assert.match(text, /images\.scoring is .*; allowed: an image in crplantpheno\w+\.azurecr\.io\/; copy it there/);
  });

  it("comes up, and has nothing to change a second time, in the clouds neither", async () => {
    const image = (use: string) => `${registry}/ml-delivery/${use}:1.0.0`;
    project.set("staging", ["images"], { scoring: image("scoring"), training: image("training") });
    project.set("staging", ["storage"], { encryption: "kms", breakGlass: [] });
    await project.succeeds("up", "--yes", "--skip-preview", "--stack", "staging");
    await project.succeeds("preview", "--refresh", "--expect-no-changes", "--stack", "staging");
  });

  it("serves with autoscale, whose instances the program leaves alone", async () => {
    const bucket = "plant-phenotyping-staging-models";
    const text = `import { publish } from "${module}"; console.log(JSON.stringify(await publish("${bucket}", 1)));`;
    const { deployment, model } = (await project.evaluate(text)) as Model;
    project.set("staging", ["endpoint", "deployments"], { [deployment]: { model, instances: 1 } });
    project.set("staging", ["endpoint", "traffic"], { [deployment]: 100 });
    project.set("staging", ["endpoint", "autoscale"], { min: 1, max: 2 });
    await project.succeeds("up", "--yes", "--skip-preview", "--stack", "staging");

    const endpoint =
      "/subscriptions/" +
      `${emulator().env["ARM_SUBSCRIPTION_ID"]}/resourceGroups/rg-plant-phenotyping-staging/providers/` +
      "Microsoft.MachineLearningServices/workspaces/mlw-plant-phenotyping-staging/onlineEndpoints/plant-classifier-staging";
    const scaled = await project.evaluate(`import { armGet, armPut } from "./delivery/azure.ts";
      const id = "${endpoint}/deployments/${deployment}";
      const { location, kind, tags, properties } = await armGet(id, "2025-12-01");
      await armPut(id, "2025-12-01", { location, kind, tags, properties, sku: { name: "Default", capacity: 2 } });
      console.log(JSON.stringify((await armGet(id, "2025-12-01")).sku.capacity));`);
    assert.equal(scaled, 2);
    await project.succeeds("preview", "--refresh", "--expect-no-changes", "--stack", "staging");
  });

  it("goes again without a trace", async () => {
    await project.succeeds("destroy", "--yes", "--skip-preview", "--stack", "staging");
  });
});
