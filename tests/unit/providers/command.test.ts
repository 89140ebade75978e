import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { localCommand } from "../../../emulator/providers/command/local-command.ts";
import { runScript } from "../../../emulator/providers/command/run-script.ts";
import type { Call } from "../../../emulator/providers/provider.ts";
import { simpleResource } from "../../../emulator/providers/simple-resource.ts";
import type { Surroundings } from "../../../emulator/providers/surroundings.ts";

const surroundings: Surroundings = {
  certificate: "",
  env: { AWS_REGION: "us-east-1" },
  need: () => assert.fail(),
  version: () => "1.2.1",
  once: () => assert.fail(),
  close: () => Promise.resolve(),
};

describe("a local command", () => {
  let dir: string;
  let said: string[];
  let call: Call;
  const command = simpleResource(localCommand(surroundings));
  const naming = { name: "c", seed: new Uint8Array() };

  before(() => {
    dir = mkdtempSync(join(tmpdir(), "ml-delivery-command-"));
    said = [];
    call = {
      urn: "urn:pulumi:s::p::command:local:Command::smoke",
      session: { settings: {}, say: async (_urn, line) => void said.push(line) },
      deadline: Date.now() + 20_000,
    };
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  it("runs in its folder, with the services' variables and its own, and shows what it says", async () => {
    const inputs = {
      create: 'pwd; echo "$AWS_REGION $WHO $(cat)"; echo no >&2',
      dir,
      environment: { WHO: "me" },
      stdin: "in",
    };
    const { id, outputs } = await command.create(inputs, call);
    assert.match(id, /^smoke[0-9a-f]{8}$/);
    assert.deepEqual(outputs, { ...inputs, stdout: `${dir}\nus-east-1 me in`, stderr: "no" });
    assert.deepEqual(said.toSorted(), [dir, "no", "us-east-1 me in"].toSorted());
  });

  it("hands its last output to the next run", async () => {
    const known = { id: "c", inputs: { dir }, outputs: { stdout: "before", stderr: "" } };
    const outputs = await command.update(
      known,
      { dir, update: 'echo "was $PULUMI_COMMAND_STDOUT"', logging: "none" },
      call,
    );
    assert.equal(outputs["stdout"], "was before");
  });

  it("runs `create` again where there is no `update`, and nothing where there is no `delete`", async () => {
    const known = { id: "c", inputs: { dir }, outputs: {} };
    assert.equal((await command.update(known, { dir, create: "echo again" }, call))["stdout"], "again");
    await command.delete(known, call);
  });

  it("fails with the exit code, the script and its output", async () => {
    await assert.rejects(command.create({ dir, create: "echo out; echo err >&2; exit 3" }, call), {
      message: 'exit status 3: running "echo out; echo err >&2; exit 3"\nout\nerr',
    });
  });

  it("without a folder is refused, with what to give instead", async () => {
    const { failures } = await command.check({ create: "true" }, undefined, naming, call);
    assert.equal(failures.length, 1);
    assert.match(failures[0]?.reason ?? "", /^got null: .* Give `dir` as an absolute path/);
    assert.deepEqual((await command.check({ create: "true", dir }, undefined, naming, call)).failures, []);
  });

  it("is ended, with all it started, when its time is over", async () => {
    const script = {
      interpreter: ["/bin/sh", "-c"],
      folder: dir,
      env: { PATH: process.env["PATH"] ?? "" },
      stdin: undefined,
    };
    const started = Date.now();
    const run = runScript({ ...script, text: "sleep 30 & wait", deadline: Date.now() + 100, onLine: () => undefined });
    await assert.rejects(run, /took longer than its time/);
    assert.ok(Date.now() - started < 10_000);
  });
});
