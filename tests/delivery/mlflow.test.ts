import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Tracking, trackRun } from "../../delivery/mlflow.ts";
import { freePort } from "../support/free-port.ts";

/** Against a real MLflow server, where there is one: `pip install mlflow`, and `mlflow` on PATH or named by `MLFLOW`. */

const MLFLOW = process.env["MLFLOW"] ?? "mlflow";
const version = /version (?<version>\S+)/.exec(spawnSync(MLFLOW, ["--version"], { encoding: "utf8" }).stdout ?? "");
const skip = version === null && "no `mlflow` on PATH; pip install mlflow, or name it in MLFLOW";

let folder = "";
let server: ChildProcess | undefined;
let tracking: Tracking = { url: "" };

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "mlflow-"));
  const port = await freePort();
  const where = [
    "--backend-store-uri",
    `sqlite:///${folder}/runs.db`,
    "--artifacts-destination",
    `${folder}/artifacts`,
  ];
  const args = ["server", "--host", "127.0.0.1", "--port", String(port), "--workers", "1", ...where];
  server = spawn(MLFLOW, args, { cwd: folder, stdio: "ignore", detached: true });
  tracking = { url: `http://127.0.0.1:${port}` };
  const deadline = Date.now() + 180_000;
  while (!(await fetch(`${tracking.url}/health`).catch(() => undefined))?.ok) {
    if (Date.now() > deadline || server.exitCode !== null) throw new Error("the MLflow server does not come up");
    await delay(500);
  }
});
after(async () => {
  if (server?.pid !== undefined) {
    // The server has children of its own; they are its process group.
    process.kill(-server.pid, "SIGTERM");
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  }
  if (folder !== "") await rm(folder, { recursive: true, force: true });
});

type Shown = {
  readonly info: { readonly status: string; readonly run_name: string; readonly experiment_id: string };
  readonly data: Readonly<Record<"metrics" | "params" | "tags", readonly { key: string; value: string | number }[]>>;
};

async function show(runId: string): Promise<Shown> {
  const answer = await fetch(`${tracking.url}/api/2.0/mlflow/runs/get?run_id=${runId}`);
  return ((await answer.json()) as { run: Shown }).run;
}

async function track(name: string, more: Readonly<Record<string, unknown>> = {}) {
  const model = join(folder, "model.onnx");
  await writeFile(model, "the model");
  return trackRun(tracking, {
    experiment: "leaves & flowers",
    name,
    startedAt: Date.UTC(2026, 0, 1),
    parameters: { seed: 1, scales: [{ filters: 160 }, { filters: 80 }], "odd=name": "x", ...more },
    metrics: { loss: 0.25, trainingAccuracy: 0.875 },
    tags: { "model.version": "0123456789abcdef" },
    artifacts: { "model/model.onnx": model },
  });
}

test("a run arrives in MLflow with parameters, metrics, tags and artifacts, and is finished", { skip }, async () => {
  const { runId, url } = await track("train-1");
  const { info, data } = await show(runId);
  assert.deepEqual([info.status, info.run_name], ["FINISHED", "train-1"]);
  assert.match(url, new RegExp(`/experiments/${info.experiment_id}/runs/${runId}$`));
  const read = (items: readonly { key: string; value: string | number }[]) =>
    Object.fromEntries(items.map(({ key, value }) => [key, value]));
  const parameters = { seed: "1", "scales.0.filters": "160", "scales.1.filters": "80", odd_name: "x" };
  assert.deepEqual(read(data.params), parameters);
  assert.deepEqual(read(data.metrics), { loss: 0.25, trainingAccuracy: 0.875 });
  assert.equal(read(data.tags)["model.version"], "0123456789abcdef");
  const kept = await fetch(`${tracking.url}/get-artifact?path=model/model.onnx&run_uuid=${runId}`);
  assert.equal(await kept.text(), "the model");
});

test("a second run joins the experiment of the first; more parameters than one call takes are all there", {
  skip,
}, async () => {
  const [first, second] = [
    await track("train-2"),
    await track("train-3", Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`p${i}`, i]))),
  ];
  const [before, after] = [await show(first.runId), await show(second.runId)];
  assert.equal(after.info.experiment_id, before.info.experiment_id);
  assert.equal(after.data.params.length, 254);
});
