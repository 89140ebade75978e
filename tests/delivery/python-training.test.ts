import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { DATA_PLACEHOLDER, MODEL_PLACEHOLDER } from "../../delivery/training.ts";
import { type AzureHome, createAzureHome, createWorkspace } from "../support/azure.ts";
import { runScript } from "../unit/scripts/run-script.ts";

/**
 * The worked example of docs/examples/python-training, as a team would use it: trained on the cluster, measured, judged.
 * Asked where a Python with its requirements is: on PATH, or named by `TRAINING_PYTHON`.
 */

const EXAMPLE = "docs/examples/python-training";
const PYTHON = process.env["TRAINING_PYTHON"] ?? "python3";
const found = spawnSync(PYTHON, ["-c", "import PIL, skl2onnx, sklearn, sys; print(sys.executable)"], {
  encoding: "utf8",
});
const skip =
  found.status !== 0 && `no Python with ${EXAMPLE}/requirements.txt; install them, or name it in TRAINING_PYTHON`;

let azure: AzureHome;
let root = "";
let flags: string[] = [];

before(async () => {
  if (skip) return;
  // A job finds on its machine what its image holds: here, this Python first.
  process.env["PATH"] = [dirname(found.stdout.trim()), process.env["PATH"]].join(delimiter);
  root = await mkdtemp(join(tmpdir(), "python-training-"));
  azure = await createAzureHome();
  const { workspace } = await createWorkspace(azure, "python");
  const scaleSettings = { minNodeCount: 0, maxNodeCount: 1, nodeIdleTimeBeforeScaleDown: "PT1S" };
  const properties = { computeType: "AmlCompute", properties: { vmSize: "Standard_NC6s_v3", scaleSettings } };
  await azure.settled("PUT", `${workspace}/computes/gpu`, { location: "eastus", properties });
  const [, , , , group = "", , , , name = ""] = workspace.split("/");
  flags = ["--subscription", azure.subscription, "--resource-group", group, "--workspace", name];
});
after(async () => {
  if (skip) return;
  await azure.home.remove();
  await rm(root, { recursive: true });
});

function run(name: string, args: readonly string[]) {
  const env = { ...azure.home.env, NODE_EXTRA_CA_CERTS: join(azure.home.folder, "cert.pem") };
  return runScript(name, [...args, "--json"], { env, timeoutMs: 240_000 });
}

function train() {
  const where = ["--data-path", join(root, "processed"), "--output-path", join(root, "models")];
  const job = ["--compute", "gpu", "--image", "test/job:1", "--code", `${EXAMPLE}/train.py`];
  const command = `python3 ${EXAMPLE}/train.py --data-path ${DATA_PLACEHOLDER} --output-path ${MODEL_PLACEHOLDER}`;
  return run("train", [...where, ...job, ...flags, "--command", command, "--experiment-name", "digits"]);
}

test("a model of scikit-learn is trained on the cluster, reaches 0.95 on the digits and passes the gate", {
  skip,
}, async () => {
  const exported = spawnSync(PYTHON, [resolve(EXAMPLE, "digits.py"), join(root, "raw")], { encoding: "utf8" });
  assert.equal(exported.status, 0, exported.stderr);
  const sides = ["--processed-path", join(root, "processed"), "--test-path", join(root, "test")];
  assert.equal((await run("prepare-data", ["--data-path", join(root, "raw"), ...sides])).code, 0);

  const trained = await train();
  assert.equal(trained.code, 0, trained.stderr);
  assert.match(trained.stderr, /features \d+\/\d+/);
  const { version, path } = JSON.parse(trained.stdout);
  const { parameters } = JSON.parse(await readFile(join(path, "manifest.json"), "utf8"));
  assert.deepEqual([parameters.components, parameters.seed], [64, 1]);

  const measured = await run("evaluate", ["--model-path", path, "--test-data", join(root, "test")]);
  assert.equal(measured.code, 0, measured.stderr);
  const { accuracy, golden } = JSON.parse(measured.stdout);
  assert.equal(golden.samples, 10);
  assert.ok(accuracy >= 0.95, `accuracy ${accuracy}`);
  const gate = await run("validate-model", ["--model-path", path, "--min-accuracy", "0.9", "--max-latency", "1000"]);
  assert.equal(gate.code, 0, gate.stdout);

  const again = JSON.parse((await train()).stdout);
  assert.deepEqual([again.version, again.created], [version, false]);
});
