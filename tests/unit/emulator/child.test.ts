import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { groupEnded, plainEnvironment, startChild } from "../../../emulator/child.ts";

describe("a child process", () => {
  const folder = mkdtempSync(join(tmpdir(), "ml-delivery-child-"));
  const logFile = join(folder, "log");
  after(() => rmSync(folder, { recursive: true, force: true }));
  const start = (command: string, env: Record<string, string> = {}) =>
    startChild({ command: "sh", args: ["-c", command], cwd: folder, env: { ...plainEnvironment(), ...env }, logFile });
  const written = async (text: string) => {
    for (const deadline = Date.now() + 10_000; !readFileSync(logFile, "utf8").includes(text); await delay(20)) {
      assert.ok(Date.now() < deadline, `the log never said ${text}`);
    }
  };

  it("gives its exit code and writes both streams to its log", async () => {
    const child = await start("echo out; echo err >&2; exit 7");
    assert.equal(await child.exited, 7);
    assert.equal(child.running(), false);
    assert.equal(readFileSync(logFile, "utf8"), "out\nerr\n");
    await child.stop();
  });

  it("answers 127 for a command that does not exist", async () => {
    const child = await startChild({
      command: "no-such-command",
      args: [],
      cwd: folder,
      env: plainEnvironment(),
      logFile,
    });
    assert.equal(await child.exited, 127);
  });

  it("may end in its own time when stopped", async () => {
    const child = await start("trap 'echo graceful; exit 0' TERM; echo one; while :; do sleep 0.05; done");
    await written("one");
    await child.stop();
    assert.equal(await child.exited, 0);
    assert.match(readFileSync(logFile, "utf8"), /graceful/);
  });

  it("is killed, with all it started, when it does not end", async () => {
    const child = await start("trap '' TERM; sleep 300 & echo two; while :; do sleep 0.05; done");
    await written("two");
    await child.stop(200);
    assert.equal(await child.exited, 137);
    await groupEnded(child.pid, 10_000);
  });

  it("sees nothing of our environment but what it needs", () => {
    process.env["SECRET_OF_THE_EMULATOR"] = "x";
    assert.equal(plainEnvironment()["SECRET_OF_THE_EMULATOR"], undefined);
    delete process.env["SECRET_OF_THE_EMULATOR"];
  });

  it("ends when the process that started it is killed with kill -9", async () => {
    const module = join(import.meta.dirname, "../../../emulator/child.ts");
    const program = `
      import { startChild } from ${JSON.stringify(module)};
      const options = { command: "sleep", args: ["300"], cwd: "/", env: process.env, logFile: ${JSON.stringify(logFile)} };
      console.log((await startChild(options)).pid);
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(chunk.toString());
    await assert.rejects(groupEnded(pid, 0), /is still there/);
    parent.kill("SIGKILL");
    await groupEnded(pid, 10_000);
  });
});
