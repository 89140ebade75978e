import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { S3Client } from "@aws-sdk/client-s3";
import { findMotoPython } from "../../../emulator/aws/python.ts";
import { freePort } from "../../support/free-port.ts";

const server = resolve(import.meta.dirname, "../../../emulator/aws/server.py");

/** moto behind its journal, alone, in a folder of its own. */
export async function openAws() {
  const folder = mkdtempSync(join(tmpdir(), "ml-delivery-aws-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child = await start(folder, port);
  return {
    folder,
    url,
    client: () =>
      new S3Client({
        endpoint: url,
        region: "us-east-1",
        credentials: { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" },
      }),
    /** Ends it as told, does `between`, and starts it again. */
    async restart(how: "stop" | "kill", between: () => void = () => undefined) {
      await end(child, how);
      between();
      child = await start(folder, port);
    },
    async close() {
      await end(child, "stop");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type AwsHome = Awaited<ReturnType<typeof openAws>>;

async function start(folder: string, port: number): Promise<ChildProcess> {
  const args = [server, "--port", String(port), "--folder", folder];
  const child = spawn(findMotoPython(), args, {
    env: { PATH: process.env["PATH"], PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise<void>((done) => lines.on("line", (line) => line === "ready" && done()));
  const exit = once(child, "exit").then(([code]) => Promise.reject(new Error(`server.py ended with ${String(code)}`)));
  exit.catch(() => undefined);
  await Promise.race([ready, exit]);
  return child;
}

async function end(child: ChildProcess, how: "stop" | "kill"): Promise<void> {
  const exit = once(child, "exit");
  if (how === "kill") child.kill("SIGKILL");
  else child.stdin?.end();
  await exit;
}
