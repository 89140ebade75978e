// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are expressions of Azure ML

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { type AzureHome, createAzureHome, createWorkspace, type WorkspacePaths } from "../../support/azure.ts";

const STORE = "azureml://datastores/workspaceblobstore/paths";

describe("command jobs on a cluster", () => {
  let azure: AzureHome;
  let paths: WorkspacePaths;
  let data: ContainerClient;
  let logs: ContainerClient;

  const job = (command: string, more: object = {}) => ({
    properties: {
      jobType: "Command",
      command,
      computeId: `${paths.workspace}/computes/gpu`,
      environmentId: `${paths.workspace}/environments/train/versions/1`,
      experimentName: "tests",
      ...more,
    },
  });
  const submit = async (name: string, body: object) => {
    const answer = await azure.arm("PUT", `${paths.workspace}/jobs/${name}`, body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  };
  const read = async (name: string) => (await azure.arm("GET", `${paths.workspace}/jobs/${name}`)).body.properties;
  const until = async (name: string, ...statuses: string[]) => {
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(50)) {
      const properties = await read(name);
      if (statuses.includes(properties.status)) return properties;
    }
    throw new Error(`${name} is ${JSON.stringify(await read(name))}, not ${statuses}`);
  };
  const over = (name: string) => until(name, "Completed", "Failed", "Canceled");
  const logOf = async (name: string) =>
    (await logs.getBlobClient(`ExperimentRun/dcid.${name}/user_logs/std_log.txt`).downloadToBuffer()).toString();
  const nodes = async () =>
    (await azure.arm("POST", `${paths.workspace}/computes/gpu/listNodes`)).body.nodes as { nodeState: string }[];
  const connect = async () => {
    const account = azure.services.storage.account(paths.account);
    assert.ok(account);
    const blobs = new BlobServiceClient(
      account.blobEndpoint,
      new StorageSharedKeyCredential(account.name, account.key1),
    );
    const { properties } = (await azure.arm("GET", `${paths.workspace}/datastores/workspaceblobstore`)).body;
    data = blobs.getContainerClient(properties.containerName);
    logs = blobs.getContainerClient("azureml");
  };

  before(async () => {
    azure = await createAzureHome();
    paths = await createWorkspace(azure, "jobs");
    await connect();
    await data.getBlockBlobClient("in/a.txt").upload("one", 3);
    await data.getBlockBlobClient("in/sub/b.txt").upload("two", 3);
    const program =
      'import { writeFileSync } from "node:fs"; import { parse } from "yaml"; writeFileSync(`${process.argv[2]}/out.txt`, parse("a: written").a);';
    await data.getBlockBlobClient("code/main.ts").upload(program, program.length);
    const compute = {
      location: "eastus",
      properties: {
        computeType: "AmlCompute",
        properties: {
          vmSize: "Standard_NC6s_v3",
          scaleSettings: { minNodeCount: 0, maxNodeCount: 1, nodeIdleTimeBeforeScaleDown: "PT1S" },
        },
      },
    };
    assert.equal(
      (await azure.settled("PUT", `${paths.workspace}/computes/gpu`, compute)).body.properties.provisioningState,
      "Succeeded",
    );
    await azure.arm("PUT", `${paths.workspace}/environments/train/versions/1`, { properties: { image: "test/job:1" } });
    await azure.arm("PUT", `${paths.workspace}/codes/c/versions/1`, { properties: { codeUri: `${data.url}/code` } });
  });
  after(() => azure.home.remove());

  it("runs code with inputs and outputs in blob storage, and keeps the log", async () => {
    await submit(
      "whole",
      job(
        "cat ${{inputs.data}}/a.txt ${{inputs.data}}/sub/b.txt; echo $GREETING ${{inputs.word}}; node main.ts ${{outputs.model}}",
        {
          codeId: `${paths.workspace}/codes/c/versions/1`,
          environmentVariables: { GREETING: "hello" },
          inputs: {
            data: { jobInputType: "uri_folder", uri: `${STORE}/in` },
            word: { jobInputType: "literal", value: "world" },
          },
          outputs: { model: { jobOutputType: "uri_folder", uri: `${STORE}/out/whole` } },
        },
      ),
    );
    const ended = await over("whole");
    assert.deepEqual(
      [ended.status, ended.properties.exitCode],
      ["Completed", "0"],
      `${JSON.stringify(ended)} ${await logOf("whole")}`,
    );
    assert.equal(await logOf("whole"), "onetwohello world\n");
    assert.equal((await data.getBlobClient("out/whole/out.txt").downloadToBuffer()).toString(), "written");
  });

  it("fails with the exit code of the command, which the log explains", async () => {
    await submit("bad", job("echo it broke >&2; exit 7"));
    const ended = await over("bad");
    assert.deepEqual([ended.status, ended.properties.exitCode], ["Failed", "7"]);
    assert.match(ended.properties.error, /exit code 7/);
    assert.equal(await logOf("bad"), "it broke\n");
  });

  it("fails a job whose input does not exist", async () => {
    const inputs = { data: { jobInputType: "uri_folder", uri: `${STORE}/nowhere` } };
    await submit("empty", job("ls ${{inputs.data}}", { inputs }));
    const ended = await over("empty");
    assert.equal(ended.status, "Failed");
    assert.match(ended.properties.error, /no blob at or below 'nowhere'/);
  });

  it("runs no more jobs at once than it has nodes, shows the log while one runs, and cancels running and waiting ones", async () => {
    await submit("first", job("echo started; sleep 60"));
    await until("first", "Running");
    await submit("second", job("true"));
    await submit("third", job("true"));
    await delay(700);
    assert.equal((await read("second")).status, "Queued");
    assert.deepEqual(
      (await nodes()).map(({ nodeState }) => nodeState),
      ["running"],
    );
    assert.equal(await logOf("first"), "started\n");
    const compute = (await azure.arm("GET", `${paths.workspace}/computes/gpu`)).body.properties.properties;
    assert.deepEqual([compute.currentNodeCount, compute.nodeStateCounts.runningNodeCount], [1, 1]);
    assert.equal((await azure.arm("POST", `${paths.workspace}/jobs/third/cancel`)).status, 200);
    assert.equal((await read("third")).status, "Canceled");
    assert.equal((await azure.arm("POST", `${paths.workspace}/jobs/first/cancel`)).status, 200);
    assert.equal((await read("first")).status, "Canceled");
    assert.equal((await over("second")).status, "Completed");
  });

  it("goes back to zero nodes when idle", async () => {
    for (const deadline = Date.now() + 5000; (await nodes()).length > 0; await delay(100))
      assert.ok(Date.now() < deadline);
  });

  it("fails a job that was running when the emulator ended, and runs one that was waiting", async () => {
    await submit("long", job("sleep 60"));
    await until("long", "Running");
    await submit("patient", job("echo late"));
    await azure.restart();
    const ended = await read("long");
    assert.equal(ended.status, "Failed");
    assert.match(ended.properties.error, /^interrupted/);
    assert.equal((await over("patient")).status, "Completed");
  });

  const REFUSED: readonly [string, object, RegExp][] = [
    ["an image that is not listed", { environmentId: "other" }, /images\.json lists no 'not\/listed'/],
    ["a compute that does not exist", { computeId: "/subscriptions/x/computes/no" }, /There is no compute/],
    [
      "an expression bound to nothing",
      { command: "ls ${{inputs.data}}" },
      /'\$\{\{inputs\.data\}\}' is bound to nothing/,
    ],
    ["a field the emulator does not honour", { distribution: { distributionType: "PyTorch" } }, /distribution/],
    [
      "an address of another form",
      { inputs: { d: { jobInputType: "uri_folder", uri: "s3://bucket/x" } } },
      /is not an address the emulator reads/,
    ],
  ];
  for (const [what, more, message] of REFUSED) {
    it(`refuses ${what}`, async () => {
      await azure.arm("PUT", `${paths.workspace}/environments/other/versions/1`, {
        properties: { image: "not/listed:1" },
      });
      const fixed =
        "environmentId" in more ? { environmentId: `${paths.workspace}/environments/other/versions/1` } : more;
      const answer = await azure.arm("PUT", `${paths.workspace}/jobs/refused`, job("true", fixed));
      assert.equal(answer.status, 400);
      assert.match(answer.body.error.message, message);
    });
  }
});
