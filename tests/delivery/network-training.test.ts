import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { digestBlob, openContainer } from "../../delivery/blobs.ts";
import { sha256 } from "../../delivery/digest.ts";
import { fetchData, type LocalData } from "../../delivery/evaluation.ts";
import { DATA_PLACEHOLDER, MODEL_PLACEHOLDER, trainOnCluster } from "../../delivery/training.ts";
import { findWorkspace, type Workspace } from "../../delivery/workspace.ts";
import { randomFor } from "../../src/random.ts";
import { type AzureHome, createAzureHome, createWorkspace } from "../support/azure.ts";
import { FAULTS, onBadNetwork, SEED } from "../support/faults.ts";
import { type Road, startToxiproxy, type Toxiproxy, whyNoToxiproxy } from "../support/toxiproxy.ts";

/** As network.test.ts, with the workspace's own storage: data and code to a job, and the model back from it. */

const skip = whyNoToxiproxy;
/** Above the size of a block, so that it goes in several. */
const MODEL_BYTES = 9_000_000;

let azure: AzureHome;
let toxiproxy: Toxiproxy;
let road: Road;
let workspace: Workspace;
let root = "";

before(async () => {
  if (skip) return;
  console.log(`NETWORK_SEED=${SEED}`);
  root = await mkdtemp(join(tmpdir(), "network-training-"));
  [azure, toxiproxy] = await Promise.all([createAzureHome(), startToxiproxy()]);
  Object.assign(process.env, azure.home.env, { TRANSFER_TIMEOUT_SECONDS: "2" });
  const paths = await createWorkspace(azure, "net");
  const scaleSettings = { minNodeCount: 0, maxNodeCount: 1, nodeIdleTimeBeforeScaleDown: "PT60S" };
  const properties = { computeType: "AmlCompute", properties: { vmSize: "Standard_NC6s_v3", scaleSettings } };
  await azure.settled("PUT", `${paths.workspace}/computes/gpu`, { location: "eastus", properties });
  const [, , , , resourceGroup = "", , , , name = ""] = paths.workspace.split("/");
  const found = await findWorkspace({ subscription: azure.subscription, resourceGroup, workspace: name });
  const direct = new URL(found.blobUrl);
  road = await toxiproxy.road("blobs", Number(direct.port));
  workspace = { ...found, blobUrl: found.blobUrl.replace(`:${direct.port}`, `:${road.port}`) };
  // The code of a job is paths below the current folder.
  process.chdir(root);
  await writeFile(
    "learn.mjs",
    `import { mkdirSync, writeFileSync } from "node:fs";
mkdirSync(process.argv[3], { recursive: true });
writeFileSync(process.argv[3] + "/model.onnx", Buffer.alloc(${MODEL_BYTES}, 7));`,
  );
});
after(async () => {
  if (skip) return;
  await toxiproxy.stop();
  await azure.home.remove();
  process.chdir(import.meta.dirname);
  await rm(root, { recursive: true });
});

/** Data of its own for each fault, so that nothing of it is there already. */
async function makeData(fault: string): Promise<LocalData> {
  const folder = join(root, fault, "data");
  await mkdir(join(folder, "rose"), { recursive: true });
  const random = randomFor(SEED, "data", fault);
  for (const [i, bytes] of [1_000, 50_000, 9_000_000].entries()) {
    await writeFile(join(folder, `rose/${i}.jpg`), Buffer.alloc(bytes, `${random.bits()}`));
  }
  return fetchData(folder, join(root, fault, "scratch"), () => {});
}

/** That nothing gets through at all takes minutes to give up; network.test.ts has it, over fewer objects. */
const chosen = [
  "connections are reset",
  "what is sent is cut off",
  "what is answered is cut off",
  "some connections are dead",
] as const;

for (const fault of chosen) {
  test(`training while ${fault}: what is sent and what comes back is whole, or not there`, {
    skip,
    timeout: 180_000,
  }, async () => {
    const random = randomFor(SEED, "training", fault);
    const data = await makeData(fault);
    const into = join(root, fault, "model");
    const plan = {
      experiment: "leaves",
      command: `node learn.mjs ${DATA_PLACEHOLDER} ${MODEL_PLACEHOLDER}`,
      image: "test/job:1",
      compute: "gpu",
      code: ["learn.mjs"],
    };
    const train = () => trainOnCluster(workspace, plan, data, into, { say: () => {} });
    const went = await onBadNetwork(road, random, FAULTS[fault] as (typeof FAULTS)[string], train);
    const container = await openContainer(workspace.blobUrl, workspace.container);
    const prefix = `data/${data.fingerprint.slice(0, 32)}/`;
    for await (const { name } of container.listBlobsFlat({ prefix })) {
      const digest = await digestBlob(container, name);
      const sent = await readFile(join(data.folder, name.slice(prefix.length)));
      assert.deepEqual(digest, { sha256: sha256(sent), bytes: sent.length }, name);
    }
    const models = await readdir(into).catch(() => []);
    for (const name of models) assert.equal((await readFile(join(into, name))).length, MODEL_BYTES, name);
    if (went) assert.deepEqual(models, ["model.onnx"]);
    await rm(into, { recursive: true, force: true });
    await train();
    assert.deepEqual(await readFile(join(into, "model.onnx")), Buffer.alloc(MODEL_BYTES, 7));
  });
}
