import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { checkPackages } from "../../../delivery/admission.ts";
import { publishPackage } from "../../../delivery/package.ts";
import { GOLDEN, goodMetrics } from "../../support/model-figures.ts";

const limits = { minAccuracy: 0.85, maxLatencyMs: 100, maxModelSizeMb: 500 };

let folder: string;
let path: string;
let version: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "ml-delivery-admission-"));
  const model = join(folder, "model");
  mkdirSync(model);
  writeFileSync(join(model, "model.onnx"), "a model");
  writeFileSync(join(model, "labels.json"), '["fern","ivy"]');
  writeFileSync(join(model, "golden.json"), GOLDEN);
  const fields = { data: { fingerprint: "f".repeat(64), count: 10 }, git: null, parameters: {}, parent: null };
  ({ path, version } = await publishPackage(model, join(folder, "models"), fields));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Metrics of this very model, measured on data that they name; `figures` instead of the good ones. */
function measure(figures: Record<string, unknown> = {}): void {
  writeFileSync(join(path, "metrics.json"), JSON.stringify(goodMetrics("a model", figures)));
}

const check = () => checkPackages({ "m-a1b": { model: path } }, limits);

describe("checkPackages", () => {
  it("has nothing against a stack without deployments", async () => {
    assert.deepEqual(await checkPackages({}, limits), []);
  });

  it("has nothing against a model that passed the gate", async () => {
    measure();
    assert.deepEqual(await check(), []);
  });

  it("takes a figure that reaches its limit exactly", async () => {
    measure({ accuracy: 0.85, avg_latency_ms: 100 });
    assert.deepEqual(await check(), []);
  });

  it("says for which deployment and model, and why not", async () => {
    measure({ accuracy: 0.84, avg_latency_ms: 101 });
    assert.deepEqual(await check(), [
      `deployment m-a1b, model ${path}: \`accuracy\` is 0.84, not at least 0.85`,
      `deployment m-a1b, model ${path}: \`avg_latency_ms\` is 101, not at most 100`,
    ]);
  });

  it("refuses metrics of another model", async () => {
    measure({ model_sha256: "0".repeat(64) });
    const [reason, ...more] = await check();
    assert.match(String(reason), /`model_sha256` is "0{64}", but this package's model is /);
    assert.deepEqual(more, []);
  });

  it("refuses a model that was never measured", async () => {
    rmSync(join(path, "metrics.json"));
    assert.deepEqual(await check(), [
      `deployment m-a1b, model ${path}: there is no \`metrics.json\`; run \`evaluate\``,
    ]);
  });

  it("refuses a package that is not there", async () => {
    const model = join(folder, "models", "0123456789abcdef/");
    assert.deepEqual(await checkPackages({ "m-a1b": { model } }, limits), [
      `deployment m-a1b, model ${model}: no model package at \`${model}\`: it holds no \`manifest.json\`, which is written last`,
    ]);
  });

  it("refuses a package that lies under another's version", async () => {
    measure();
    const model = join(folder, "models", "0123456789abcdef/");
    cpSync(path, model, { recursive: true });
    assert.deepEqual(await checkPackages({ "m-a1b": { model } }, limits), [
      `deployment m-a1b, model ${model}: the manifest says version ${version}`,
    ]);
  });

  it("names every deployment that is refused", async () => {
    measure({ accuracy: 0.1 });
    const reasons = await checkPackages({ blue: { model: path }, green: { model: path } }, limits);
    assert.deepEqual(
      reasons.map((reason) => reason.split(",")[0]),
      ["deployment blue", "deployment green"],
    );
  });
});
