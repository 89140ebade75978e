import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { freePort } from "./free-port.ts";

/** moto's S3 as a real server, for tests that ask it through the AWS SDK. */
export interface Moto {
  readonly port: number;
  /** What the SDK reads to find it. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Why tests of it are skipped; false where it is there. */
export function whyNoMoto(): string | false {
  return spawnSync("moto_server", ["--help"], { timeout: 20_000 }).status === 0 ? false : "moto_server is not on PATH";
}

export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const child = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  await answers(child, `http://127.0.0.1:${port}/`);
  return {
    port,
    env: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    },
    async stop() {
      const closed = once(child, "close");
      child.kill("SIGTERM");
      await closed;
    },
  };
}

/** Waits until a server that was just started answers. */
export async function answers(child: ChildProcess, url: string): Promise<void> {
  for (let i = 0; i < 300 && child.exitCode === null; i++) {
    const up = await fetch(url).then(
      () => true,
      () => false,
    );
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill("SIGKILL");
  throw new Error(`${child.spawnfile} did not answer at ${url}`);
}
