import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { DATA_PLACEHOLDER, MODEL_PLACEHOLDER } from "../../delivery/training.ts";
import { type AzureHome, createAzureHome, createWorkspace, type WorkspacePaths } from "../support/azure.ts";
import { drawDataset } from "../unit/delivery/pictures.ts";
import { runScript } from "../unit/scripts/run-script.ts";

/** The commands that reach Azure ML, against the emulator: a job on a cluster, and the way into the workspace's storage. */

let azure: AzureHome;
let paths: WorkspacePaths;
let root = "";
let flags: string[] = [];

before(async () => {
  root = await mkdtemp(join(tmpdir(), "training-"));
  azure = await createAzureHome();
  paths = await createWorkspace(azure, "train");
  const scaleSettings = { minNodeCount: 0, maxNodeCount: 1, nodeIdleTimeBeforeScaleDown: "PT1S" };
  const properties = { computeType: "AmlCompute", properties: { vmSize: "Standard_NC6s_v3", scaleSettings } };
  await azure.settled("PUT", `${paths.workspace}/computes/gpu`, { location: "eastus", properties });
  const [, , , , group = "", , , , workspace = ""] = paths.workspace.split("/");
  flags = ["--subscription", azure.subscription, "--resource-group", group, "--workspace", workspace];
  await drawDataset(join(root, "data"), ["daisy", "rose"], 4);
  // Stands for a team's own training: the "model" says how many files it saw.
  await writeFile(
    join(root, "learn.mjs"),
    `import { readdirSync, writeFileSync, mkdirSync } from "node:fs";
const [data, model] = process.argv.slice(2);
mkdirSync(model, { recursive: true });
const files = readdirSync(data, { recursive: true }).filter((name) => name.endsWith(".jpg"));
console.log("learning from " + files.length);
writeFileSync(model + "/model.onnx", "model of " + files.length);
writeFileSync(model + "/labels.json", '["daisy","rose"]');
writeFileSync(model + "/training.json", JSON.stringify({ parameters: { depth: 3 } }));
`,
  );
});
after(async () => {
  await azure.home.remove();
  await rm(root, { recursive: true });
});

function run(name: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const env = { ...azure.home.env, NODE_EXTRA_CA_CERTS: join(azure.home.folder, "cert.pem"), ...more };
  return runScript(name, [...args, ...flags, "--json"], { cwd: root, env });
}

function train(command = `node learn.mjs ${DATA_PLACEHOLDER} ${MODEL_PLACEHOLDER}`, more = {}) {
  const where = ["--data-path", join(root, "data"), "--output-path", join(root, "models")];
  const job = ["--compute", "gpu", "--image", "test/job:1", "--code", "learn.mjs", "--command", command];
  return run("train", [...where, ...job, "--experiment-name", "leaves"], more);
}

/** Blobs of the workspace's own store, by name; the etag changes with every write. */
async function storedBlobs(): Promise<Map<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  for await (const blob of (await store()).listBlobsFlat()) found.set(blob.name, blob.properties.etag);
  return found;
}

async function store(): Promise<ContainerClient> {
  const account = azure.services.storage.account(paths.account);
  assert.ok(account);
  const { properties } = (await azure.arm("GET", `${paths.workspace}/datastores/workspaceblobstore`)).body;
  const key = new StorageSharedKeyCredential(account.name, account.key1);
  return new BlobServiceClient(account.blobEndpoint, key).getContainerClient(properties.containerName);
}

test("train runs a job on the cluster, shows its log and publishes the model; again it gives the same version", async () => {
  const first = await train();
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /data [0-9a-f]{12}: 8 pictures, 8 sent/);
  assert.match(first.stderr, /learning from 8/);
  const { version, path, parent, created } = JSON.parse(first.stdout);
  assert.deepEqual([parent, created], [null, true]);
  assert.equal(await readFile(join(root, "models/latest/alias.json"), "utf8"), `{"version":"${version}"}\n`);
  const manifest = JSON.parse(await readFile(join(path, "manifest.json"), "utf8"));
  assert.equal(manifest.parameters.depth, 3);
  assert.equal(manifest.data.count, 8);

  assert.match(first.stderr, /job train-\S+: Queued/);
  assert.match(first.stderr, /cluster gpu: 0 of at most 1 nodes up, 1 wanted, 0 at work/);

  const sent = await storedBlobs();
  assert.equal([...sent.keys()].filter((name) => name.startsWith("data/")).length, 8);
  const second = await train();
  assert.match(second.stderr, /8 pictures, 0 sent/);
  const now = await storedBlobs();
  for (const [name, etag] of sent) assert.equal(now.get(name), etag, `${name} was sent a second time`);
  const added = [...now.keys()].filter((name) => !sent.has(name));
  assert.deepEqual(
    added.filter((name) => /^(data|code)\//.test(name)),
    [],
  );
  assert.deepEqual([JSON.parse(second.stdout).version, JSON.parse(second.stdout).created], [version, false]);

  const imported = await run("import-model", ["--model-path", path]);
  assert.equal(imported.code, 0, imported.stderr);
  assert.deepEqual([JSON.parse(imported.stdout).prefix, JSON.parse(imported.stdout).sent], [`models/${version}/`, 3]);
  assert.equal(JSON.parse((await run("import-model", ["--model-path", path])).stdout).sent, 0);
});

test("a picture more is one picture sent; the others are copied inside the store, or sent where they are gone", async () => {
  const folders = async () => {
    const names = [...(await storedBlobs()).keys()].filter((name) => name.startsWith("data/"));
    return Object.groupBy(names, (name) => name.split("/")[1] ?? "");
  };
  const before = Object.keys(await folders());
  await writeFile(join(root, "data/rose/another.jpg"), "another");
  const grown = await train();
  assert.match(grown.stderr, /data [0-9a-f]{12}: 9 pictures, 1 sent/);
  const added = Object.entries(await folders()).filter(([id]) => !before.includes(id));
  assert.deepEqual(
    added.map(([, names]) => names?.length),
    [9],
  );
  assert.equal(JSON.parse(grown.stdout).data.count, 9);
  for (const name of added[0]?.[1] ?? []) {
    const there = (await store()).getBlobClient(name).downloadToBuffer();
    assert.deepEqual(await there, await readFile(join(root, "data", name.split("/").slice(2).join("/"))), name);
  }

  // A life cycle took the sets away, and left their lists.
  for (const name of (await storedBlobs()).keys()) {
    if (name.startsWith("data/")) await (await store()).deleteBlob(name);
  }
  await writeFile(join(root, "data/rose/third.jpg"), "third");
  const again = await train();
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /10 pictures, 10 sent/);
  await rm(join(root, "data/rose/third.jpg"));
  await rm(join(root, "data/rose/another.jpg"));
});

test("a job that fails publishes nothing and says how it ended", async () => {
  const before = await readFile(join(root, "models/latest/alias.json"), "utf8");
  const { code, stderr } = await train(`echo broken; false ${DATA_PLACEHOLDER} ${MODEL_PLACEHOLDER}`);
  assert.equal(code, 3);
  assert.match(stderr, /broken/);
  assert.match(stderr, /ended as Failed/);
  assert.equal(await readFile(join(root, "models/latest/alias.json"), "utf8"), before);
});

test("a model is published and its alias moved although MLflow does not answer; the report says so", async () => {
  const { code, stdout, stderr } = await train(undefined, { MLFLOW_TRACKING_URI: "http://127.0.0.1:9" });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /warning: the model is published, but the run is not in MLflow/);
  const { version, mlflow } = JSON.parse(stdout);
  assert.match(mlflow.error, /^MLflow at http:\/\/127.0.0.1:9 could not be asked/);
  assert.equal(await readFile(join(root, "models/latest/alias.json"), "utf8"), `{"version":"${version}"}\n`);
});
