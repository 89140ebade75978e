import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { armIdOf, fateOf } from "../../../delivery/pending.ts";
import { judgeEdit, readStackEdit, revertEdit } from "../../../delivery/stack-edit.ts";
import { inspectStateFile, restoreBackup } from "../../../delivery/state-file.ts";
import { idOf } from "../../../emulator/providers/azure-native/body.ts";
import { azureKinds } from "../../../emulator/providers/azure-native/table.ts";

const folder = mkdtempSync(join(tmpdir(), "ml-delivery-recover-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("a stack's state in files", () => {
  const stacks = join(folder, ".pulumi", "stacks", "ml-delivery");
  const file = join(stacks, "production.json");
  const good = '{"version":3,"checkpoint":{}}';
  const inspect = () => inspectStateFile(`file://${folder}`, "ml-delivery/production");
  beforeEach(() => {
    rmSync(stacks, { recursive: true, force: true });
    mkdirSync(stacks, { recursive: true });
    writeFileSync(file, good);
    writeFileSync(`${file}.bak`, good);
  });

  it("is whole, or not there yet", async () => {
    assert.equal((await inspect())?.broken, undefined);
    rmSync(file);
    assert.equal((await inspect())?.broken, undefined);
  });

  for (const [what, text, why] of [
    ["empty", "", /^it is empty$/],
    ["cut short", good.slice(0, 20), /^it is cut short or damaged: /],
    ["something else", "[]", /^it holds no checkpoint$/],
  ] as const) {
    it(`is broken where it is ${what}, and restored from its backup`, async () => {
      writeFileSync(file, text);
      const found = await inspect();
      assert.match(found?.broken ?? "", why);
      assert.ok(found);
      const kept = await restoreBackup(found);
      assert.equal(readFileSync(kept, "utf8"), text);
      assert.equal(readFileSync(file, "utf8"), good);
    });
  }

  it("has no backup where that is broken too", async () => {
    writeFileSync(file, "");
    writeFileSync(`${file}.bak`, "{");
    const found = await inspect();
    assert.equal(found?.backup, undefined);
    assert.ok(found);
    await assert.rejects(restoreBackup(found), /no backup that can be used/);
  });

  it("is somebody else's affair in other backends", async () => {
    assert.equal(await inspectStateFile("s3://bucket", "ml-delivery/production"), undefined);
  });
});

describe("an edit of the stack file that was not committed", () => {
  const repository = join(folder, "repository");
  const text = (traffic: string, more = "") =>
    `config:\n  # why\n  app:endpoint:\n    name: plants\n${more}    deployments: { m-a1b: { instances: 1 }, m-c2d: { instances: 1 } }\n    traffic: ${traffic}\n`;
  const git = (...args: string[]) => execFileSync("git", args, { cwd: repository, stdio: "pipe" });
  const write = (content: string) => writeFileSync(join(repository, "Pulumi.production.yaml"), content);
  const read = () => readStackEdit(repository, "Pulumi.production.yaml", "app");
  beforeEach(() => {
    rmSync(repository, { recursive: true, force: true });
    mkdirSync(repository);
    write(text("{ m-a1b: 100 }"));
    git("init", "--quiet");
    git("add", ".");
    git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "first");
  });

  it("is none where the file is as it was committed, or there is no repository", async () => {
    assert.equal(await read(), undefined);
    rmSync(join(repository, ".git"), { recursive: true });
    assert.equal(await read(), undefined);
  });

  it("is kept where the cloud has it, put back where it has not, and left where it has neither", async () => {
    write(text("{ m-a1b: 90, m-c2d: 10 }"));
    const edit = await read();
    assert.ok(edit);
    assert.equal(edit.ofDeployment, true);
    assert.match(edit.diff, /^- {4}traffic: \{ m-a1b: 100 \}\n\+ {4}traffic: \{ m-a1b: 90, m-c2d: 10 \}$/m);
    const cloud = (traffic: Record<string, number>) => ({ deployments: ["m-a1b", "m-c2d"], traffic, mirror: {} });
    assert.equal(judgeEdit(edit, cloud({ "m-a1b": 90, "m-c2d": 10 })), "keep");
    assert.equal(judgeEdit(edit, cloud({ "m-a1b": 100, "m-c2d": 0 })), "revert");
    assert.equal(judgeEdit(edit, cloud({ "m-a1b": 50, "m-c2d": 50 })), "undecided");
    await revertEdit(edit);
    assert.equal(await read(), undefined);
  });

  it("that adds a deployment without traffic was carried out once that is there", async () => {
    write(
      text("{ m-a1b: 100 }").replace("m-c2d: { instances: 1 }", "m-c2d: { instances: 1 }, m-new: { instances: 1 }"),
    );
    const edit = await read();
    assert.ok(edit);
    const cloud = { deployments: ["m-a1b", "m-c2d"], traffic: { "m-a1b": 100 }, mirror: {} };
    assert.equal(judgeEdit(edit, cloud), "revert");
    assert.equal(judgeEdit(edit, { ...cloud, deployments: [...cloud.deployments, "m-new"] }), "keep");
  });

  it("is not a deployment's where it touches anything else", async () => {
    write(text("{ m-a1b: 90, m-c2d: 10 }", "    authMode: Key\n"));
    assert.equal((await read())?.ofDeployment, false);
  });
});

describe("what became of a creation", () => {
  it("is asked of Azure by the id that its inputs give", () => {
    const inputs = { resourceGroupName: "rg", workspaceName: "w", endpointName: "e", deploymentName: "m-a1b" };
    assert.deepEqual(armIdOf("azure-native:machinelearningservices:OnlineDeployment", inputs, "s"), {
      id: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e/deployments/m-a1b",
      apiVersion: "2025-12-01",
    });
    assert.equal(
      armIdOf("azure-native:resources:ResourceGroup", inputs, "s")?.id,
      "/subscriptions/s/resourceGroups/rg",
    );
    const role = { scope: "/subscriptions/s/resourceGroups/rg", roleAssignmentName: "r" };
    assert.equal(
      armIdOf("azure-native:authorization:RoleAssignment", role, "s")?.id,
      "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Authorization/roleAssignments/r",
    );
    assert.equal(armIdOf("azure-native:cache:Redis", inputs, "s"), undefined);
  });

  it("is asked for under the ids and versions that the provider uses", () => {
    const inputs = new Proxy({}, { get: (_target, name) => `the-${String(name)}`, has: () => true });
    const shared = Object.entries(azureKinds).filter(([type]) => armIdOf(type, inputs, "s") !== undefined);
    assert.equal(shared.length, 14);
    for (const [type, kind] of shared) {
      const { id, apiVersion } = armIdOf(type, inputs, "s") ?? {};
      assert.equal(id, idOf(kind, inputs, "s").replace(/^\/the-scope/, "the-scope"), type);
      assert.equal(apiVersion, kind.apiVersion, type);
    }
  });

  it("does not matter where making it once more is the same", async () => {
    const operation = { type: "creating", resource: { urn: "u", type: "command:local:Command" } };
    assert.equal((await fateOf(operation, () => {})).kind, "forget");
  });

  it("is not guessed", async () => {
    const operation = { type: "creating", resource: { urn: "u", type: "kubernetes:core/v1:Pod" } };
    assert.deepEqual(await fateOf(operation, () => {}), {
      kind: "unknown",
      why: "resources of type kubernetes:core/v1:Pod are looked up by hand",
    });
  });
});
