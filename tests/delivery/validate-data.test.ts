import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { DatasetReport } from "../../delivery/data/validate.ts";
import { type AzureHome, createAzureHome, createWorkspace } from "../support/azure.ts";
import { drawDataset, put } from "../unit/delivery/pictures.ts";
import { runScript } from "../unit/scripts/run-script.ts";

/** Data read by jobs on the emulator's cluster, beside the same data read here. */

let azure: AzureHome;
let root = "";
let flags: string[] = [];

before(async () => {
  root = await mkdtemp(join(tmpdir(), "validate-"));
  azure = await createAzureHome();
  const { workspace: id } = await createWorkspace(azure, "data");
  const scaleSettings = { minNodeCount: 0, maxNodeCount: 2, nodeIdleTimeBeforeScaleDown: "PT1S" };
  const properties = { computeType: "AmlCompute", properties: { vmSize: "Standard_NC6s_v3", scaleSettings } };
  await azure.settled("PUT", `${id}/computes/gpu`, { location: "eastus", properties });
  const [, , , , group = "", , , , workspace = ""] = id.split("/");
  const place = ["--subscription", azure.subscription, "--resource-group", group, "--workspace", workspace];
  flags = [...place, "--compute", "gpu", "--image", "test/job:1", "--on-cluster", "2"];
});
after(async () => {
  await azure.home.remove();
  await rm(root, { recursive: true });
});

async function validate(data: string, schema: object, more: readonly string[]) {
  const file = join(root, "schema.json");
  await writeFile(file, JSON.stringify(schema));
  const env = { ...azure.home.env, NODE_EXTRA_CA_CERTS: join(azure.home.folder, "cert.pem") };
  const args = ["--data-path", join(root, data), "--schema-path", file, ...more, "--json"];
  const { code, stdout, stderr } = await runScript("validate-data", args, { cwd: process.cwd(), env });
  return { code, stderr, report: JSON.parse(stdout) as DatasetReport };
}

test("two jobs on the cluster give the report that one machine gives, keys across files included", async () => {
  const table = (from: number, to: number) =>
    `id,leaf\n${Array.from({ length: to - from }, (_, i) => `${from + i},${(from + i) % 7 === 0 ? "long" : "oak"}`).join("\n")}\n`;
  for (const [name, from, to] of [
    ["a", 0, 40],
    ["b", 39, 90],
    ["c", 85, 120],
  ] as const)
    await put(join(root, "tables"), `${name}.csv`, table(from, to));
  const schema = {
    fields: [
      { name: "id", type: "integer", constraints: { unique: true } },
      { name: "leaf", type: "string", constraints: { maxLength: 3 } },
    ],
  };
  const here = await validate("tables", schema, []);
  const there = await validate("tables", schema, flags);
  assert.equal(there.code, 1, there.stderr);
  assert.deepEqual(there.report, here.report);
  assert.deepEqual(
    here.report.anomalies.map(({ name, count }) => [name, count]),
    [
      ["VALUE_TOO_LONG", 18],
      ["DUPLICATE_VALUE", 6],
    ],
  );
  assert.equal(there.stderr.match(/job validate-\S+: Completed/g)?.length, 2, there.stderr);
  assert.match((await validate("tables", schema, flags)).stderr, /files, 0 sent/, "nothing is sent twice");
});

test("pictures are read by jobs, and copies are found across them", async () => {
  await drawDataset(join(root, "pictures"), ["daisy", "rose"], 6);
  await cp(join(root, "pictures/rose/0.jpg"), join(root, "pictures/rose/9.jpg"));
  const schema = JSON.parse(await readFile("schemas/data_schema.json", "utf8"));
  Object.assign(schema["x-dataset"], { minPerClass: 3, maxDuplicateShare: 1 });
  const here = await validate("pictures", schema, []);
  const there = await validate("pictures", schema, flags);
  assert.deepEqual(there.report, here.report);
  assert.deepEqual([there.code, there.report.usable, there.report.classes], [0, 13, { daisy: 6, rose: 7 }]);
  assert.deepEqual(there.report.anomalies[0]?.examples, ["rose/9.jpg is rose/0.jpg"]);
});
