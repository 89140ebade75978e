import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { BlobAccount } from "../../../emulator/storage/blob-accounts.ts";
import { type AzureCalls, connectAzure, createWorkspace, type WorkspacePaths } from "../../support/azure.ts";
import { createServiceHome, ROOT } from "../../support/services.ts";

describe("services killed with kill -9", () => {
  let folder = "";
  let child: ChildProcess;
  let azure: AzureCalls;
  let paths: WorkspacePaths;
  let blob: BlobAccount;

  const launch = async () => {
    child = spawn(process.execPath, ["tests/support/azure-process.ts", folder], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
    });
    assert.ok(child.stdout);
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    const said = JSON.parse(line) as { env: Record<string, string>; blob?: BlobAccount };
    azure = connectAzure(said.env);
    if (said.blob !== undefined) blob = said.blob;
  };
  const kill = async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  const container = async () => {
    const { properties } = (await azure.arm("GET", `${paths.workspace}/datastores/workspaceblobstore`)).body;
    return new BlobServiceClient(
      blob.blobEndpoint,
      new StorageSharedKeyCredential(blob.name, blob.key1),
    ).getContainerClient(properties.containerName);
  };

  before(async () => {
    folder = (await createServiceHome()).folder;
    await launch();
    paths = await createWorkspace(azure, "kill");
    const { keys } = (
      await azure.arm("POST", `${paths.group}/providers/Microsoft.Storage/storageAccounts/stkill/listKeys`)
    ).body;
    const { properties } = (await azure.arm("GET", `${paths.group}/providers/Microsoft.Storage/storageAccounts/stkill`))
      .body;
    blob = { name: "stkill", blobEndpoint: properties.primaryEndpoints.blob, key1: keys[0].value, key2: keys[1].value };
  });
  after(async () => {
    await kill();
    await until(() => processesIn(folder).length === 0);
    rmSync(folder, { recursive: true, force: true });
  });

  it("leave no process behind, and serve as before when started again", async () => {
    const endpoint = `${paths.workspace}/onlineEndpoints/survivor`;
    await (await container()).getBlockBlobClient("m/model.onnx").upload("weights", 7);
    const put = async (path: string, body: object) => {
      const answer = await azure.settled("PUT", path, body);
      assert.ok(answer.status < 300, JSON.stringify(answer.body));
    };
    const location = "eastus";
    await put(`${paths.workspace}/models/m/versions/1`, {
      properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/m/" },
    });
    await put(`${paths.workspace}/environments/e/versions/1`, {
      properties: { image: "test/scoring", inferenceConfig: { readinessRoute: { path: "/ready", port: 5001 } } },
    });
    await put(`${paths.workspace}/environments/j/versions/1`, { properties: { image: "test/job" } });
    await put(endpoint, { location, properties: { authMode: "AADToken" } });
    const deployment = (name: string) =>
      put(`${endpoint}/deployments/${name}`, {
        location,
        sku: { name: "Default", capacity: 1 },
        properties: {
          endpointComputeType: "Managed",
          model: `${paths.workspace}/models/m/versions/1`,
          environmentId: `${paths.workspace}/environments/e/versions/1`,
          environmentVariables: { MARK: name },
        },
      });
    await deployment("blue");
    await deployment("green");
    await put(endpoint, { location, properties: { authMode: "AADToken", traffic: { blue: 0, green: 100 } } });
    await put(`${paths.workspace}/computes/gpu`, {
      location,
      properties: { computeType: "AmlCompute", properties: { vmSize: "x", scaleSettings: { maxNodeCount: 1 } } },
    });
    const job = `${paths.workspace}/jobs/endless`;
    await put(job, {
      properties: {
        jobType: "Command",
        command: "sleep 300",
        computeId: `${paths.workspace}/computes/gpu`,
        environmentId: `${paths.workspace}/environments/j/versions/1`,
      },
    });
    await until(async () => (await azure.arm("GET", job)).body.properties.status === "Running");
    const scoringUri = (await azure.arm("GET", endpoint)).body.properties.scoringUri;

    await kill();
    await until(() => processesIn(folder).length === 0);
    await launch();

    const authorization = `Bearer ${await azure.token("https://ml.azure.com")}`;
    const answer = await fetch(scoringUri, { method: "POST", body: "x", headers: { authorization } });
    const { mark, model } = (await answer.json()) as { mark: string; model: string };
    assert.equal(mark, "green");
    assert.equal(readFileSync(join(model, "m", "model.onnx"), "utf8"), "weights");
    assert.deepEqual((await azure.arm("GET", endpoint)).body.properties.traffic, { blue: 0, green: 100 });
    const ended = (await azure.arm("GET", job)).body.properties;
    assert.equal(ended.status, "Failed");
    assert.match(ended.error.message, /^interrupted/);
    assert.equal((await (await container()).getBlobClient("m/model.onnx").downloadToBuffer()).toString(), "weights");
  });

  it("finish at the next start what was half done", async () => {
    const endpoint = `${paths.workspace}/onlineEndpoints/halfway`;
    await azure.settled("PUT", endpoint, { location: "eastus", properties: { authMode: "Key" } });
    // Not followed to its end: the kill comes while the container starts.
    await azure.arm("PUT", `${endpoint}/deployments/blue`, {
      location: "eastus",
      properties: { endpointComputeType: "Managed", environmentId: `${paths.workspace}/environments/e/versions/1` },
    });
    assert.equal(
      (await azure.arm("GET", `${endpoint}/deployments/blue`)).body.properties.provisioningState,
      "Creating",
    );
    await kill();
    await launch();
    assert.equal(
      (await azure.arm("GET", `${endpoint}/deployments/blue`)).body.properties.provisioningState,
      "Succeeded",
    );
  });
});

/** Processes whose environment, arguments or folder name the home; Linux only, as the check is. */
function processesIn(folder: string): readonly string[] {
  if (!existsSync("/proc/self/cmdline")) return [];
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const text = readFileSync(`/proc/${pid}/cmdline`, "utf8") + readFileSync(`/proc/${pid}/environ`, "utf8");
      return text.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch {
      return false;
    }
  });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await condition()); await delay(50))
    assert.ok(Date.now() < deadline, "too late");
}
