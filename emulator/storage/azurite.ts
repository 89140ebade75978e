import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Child, groupEnded, plainEnvironment, startChild } from "../child.ts";
import type { ServiceContext } from "../service.ts";

const HOST_PROGRAM = join(import.meta.dirname, "azurite-host.ts");
// It takes 2 s of a processor, which others may be using.
const START_TIMEOUT_MS = 45_000;
// Azurite writes its index as it ends; cut short, it would lose the last seconds.
const STOP_GRACE_MS = 10_000;

const PID_FILE = "azurite.pid";

/** Waits for the Azurite of an emulator that was killed: it is still writing its index, and two would spoil the data. */
export async function earlierAzuriteEnded(folder: string): Promise<void> {
  const pid = Number(await readFile(join(folder, PID_FILE), "utf8").catch(() => ""));
  if (Number.isInteger(pid) && pid > 1) await groupEnded(pid, STOP_GRACE_MS);
}

/** A running Azurite. */
export interface Azurite {
  stop(): Promise<void>;
}

/** Starts Azurite's blob service over HTTPS, and again should it end by itself. Accounts are those of `accountsFile`. */
export async function startAzurite(context: ServiceContext, port: number, accountsFile: string): Promise<Azurite> {
  const data = join(context.folder, "blobs");
  await mkdir(data, { recursive: true });
  let stopping = false;
  let child: Child;
  const launch = async () => {
    child = await startChild({
      command: process.execPath,
      args: [HOST_PROGRAM, accountsFile, join(context.root, "package.json"), ...options(context, port, data)],
      cwd: data,
      env: plainEnvironment(),
      logFile: join(context.folder, "azurite.log"),
    });
    const launched = child;
    await writeFile(join(context.folder, PID_FILE), String(child.pid));
    void launched.exited.then((code) => {
      if (stopping) return;
      context.log(`Azurite ended with code ${code}; starting it again`);
      setTimeout(() => {
        if (!stopping)
          launch().catch((error: unknown) => context.log(`Azurite does not start again: ${String(error)}`));
      }, 500).unref();
    });
    await answers(launched, port, context);
  };
  try {
    await launch();
  } catch (error) {
    stopping = true;
    throw error;
  }
  return {
    stop: async () => {
      stopping = true;
      await child.stop(STOP_GRACE_MS);
      await rm(join(context.folder, PID_FILE), { force: true });
    },
  };
}

function options(context: ServiceContext, port: number, data: string): string[] {
  const { keyFile, certFile } = context.certificate;
  const address = ["--blobHost", "127.0.0.1", "--blobPort", String(port), "--disableProductStyleUrl"];
  // Bearer tokens need HTTPS and this switch. The check of API versions would refuse clients newer than Azurite.
  const access = ["--oauth", "basic", "--cert", certFile, "--key", keyFile, "--skipApiVersionCheck"];
  return [...address, ...access, "--location", data, "--silent", "--disableTelemetry"];
}

async function answers(child: Child, port: number, context: ServiceContext): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && child.running()) {
    if (await responds(port, context.certificate.cert)) return;
    await delay(50);
  }
  await child.stop(0);
  const log = await readFile(join(context.folder, "azurite.log"), "utf8").catch(() => "");
  throw new Error(`Azurite does not answer on port ${port}. The end of its log: ${log.slice(-1000)}`);
}

function responds(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request({ host: "127.0.0.1", port, path: "/", ca, timeout: 1000, agent: false }, (response) => {
      response.resume();
      resolve(true);
    });
    probe.once("timeout", () => probe.destroy());
    probe.once("error", () => resolve(false));
    probe.end();
  });
}
