import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { computeMetrics } from "../../../delivery/metrics.ts";
import { publishPackage } from "../../../delivery/package.ts";
import { modelFolder } from "../delivery/package-contract.ts";
import { drawDataset } from "../delivery/pictures.ts";
import { runScript } from "./run-script.ts";

let root = "";
let models = "";
let testData = "";
/** Stands for a model's own command: right for as many of each ten pictures as the model file says. */
let evaluate = "";

before(async () => {
  root = await mkdtemp(join(tmpdir(), "model-card-"));
  models = join(root, "models");
  testData = join(root, "test-data");
  await drawDataset(testData, ["daisy", "rose"], 20);
  const script = join(root, "evaluate.mjs");
  await writeFile(
    script,
    `import { readdirSync, readFileSync, writeFileSync } from "node:fs";
const flag = (name) => process.argv[process.argv.indexOf(name) + 1];
const model = readFileSync(flag("--model-path") + "/model.onnx", "utf8");
if (model === "broken") process.exit(2);
const labels = JSON.parse(readFileSync(flag("--model-path") + "/labels.json", "utf8"));
const lines = readdirSync(flag("--test-data")).flatMap((label) =>
  readdirSync(flag("--test-data") + "/" + label).map((file, i) => {
    const prediction = i % 10 < Number(model) ? label : labels.find((other) => other !== label);
    return JSON.stringify({ path: label + "/" + file, label, prediction, probabilities: labels.map(() => 0.5), latency_ms: 5 });
  }));
writeFileSync(flag("--output-path"), lines.join("\\n"));
`,
  );
  evaluate = `node ${script}`;
});
after(() => rm(root, { recursive: true }));

/** A published model; the figures beside it are of its own file, whatever it is like. */
async function publish(
  content: string,
  parent: string | null,
  measured = true,
): Promise<{ path: string; version: string }> {
  const folder = await modelFolder(root, `model-${content}`, content);
  await writeFile(join(folder, "labels.json"), '["daisy","rose"]');
  await rm(join(folder, "golden.json"), { force: true });
  const fields = { data: { fingerprint: "d".repeat(64), count: 60 }, git: null, parameters: { seed: 1 }, parent };
  const published = await publishPackage(folder, models, fields);
  const manifest = JSON.parse(await readFile(join(published.path, "manifest.json"), "utf8"));
  const predictions = [
    { path: "daisy/1.jpg", label: "daisy", prediction: "daisy", probabilities: [1, 0], latency_ms: 5 },
  ];
  const model = manifest.files["model.onnx"];
  const metrics = computeMetrics({ predictions, labels: ["daisy", "rose"], model, testDataSha256: "e".repeat(64) });
  if (measured) await writeFile(join(published.path, "metrics.json"), JSON.stringify(metrics));
  return published;
}

function writeCard(path: string, ...more: readonly string[]) {
  const flags = ["--model-path", path, "--test-data", testData, "--command", evaluate, "--json"];
  return runScript("model-card", [...flags, ...more]);
}

test("a card lies beside the model and where it was asked for, and compares with the model that it follows", async () => {
  const first = await publish("6", null);
  const second = await publish("9", first.version);
  const ran = await writeCard(second.path, "--output-path", join(root, "reports"));
  assert.equal(ran.code, 0, ran.stderr);
  const report = JSON.parse(ran.stdout);
  assert.equal(report.path, `${second.path}reports/model-card.html`);
  assert.equal(report.comparison.champion, first.version);
  assert.deepEqual([report.comparison.result.verdict, report.comparison.result.only_new_right], ["better", 12]);
  for (const name of ["model-card.html", "model-card.md"]) {
    const text = await readFile(join(second.path, "reports", name), "utf8");
    assert.equal(await readFile(join(root, "reports", name), "utf8"), text);
    assert.ok(text.includes(first.version) && text.includes(second.version));
  }
});

test("a model has a card without a comparison where there is none in use, or it is the one in use", async () => {
  const { path } = await publish("7", null);
  for (const champion of [join(models, "latest"), path]) {
    const ran = await writeCard(path, "--current-model", champion);
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(JSON.parse(ran.stdout).comparison, null);
  }
});

test("a refused model has a card too, and the exit code is 0: the gate is asked elsewhere", async () => {
  const { path } = await publish("8", null);
  const ran = await writeCard(path, "--max-latency", "1");
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(JSON.parse(ran.stdout).verdict, "cannot decide", "one picture of one class decides nothing");
  assert.match(await readFile(join(path, "reports/model-card.md"), "utf8"), /`avg_latency_ms` is 5, not at most 1/);
});

test("a champion that cannot be asked leaves a card that says why", async () => {
  const champion = await publish("broken", null);
  const { path } = await publish("5", champion.version);
  const ran = await writeCard(path);
  assert.equal(ran.code, 0, ran.stderr);
  const { result } = JSON.parse(ran.stdout).comparison;
  assert.equal(result.verdict, "cannot decide");
  assert.match(result.reason, /ended with 2 on model/);
});

test("without metrics there is no card", async () => {
  const { path } = await publish("4", null, false);
  const ran = await writeCard(path);
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /has no `metrics.json`; run evaluate/);
});
