import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { plainEnvironment } from "../child.ts";
import type { ServiceContext } from "../service.ts";
import { findMotoPython } from "./python.ts";

export interface Moto {
  /** Lets it write its state and waits until it is gone. */
  stop(): Promise<void>;
}

const startLimit = 30_000;
const stopLimit = 10_000;
const settings = {
  // Python writes its bytecode beside the sources otherwise, into the user's working tree.
  PYTHONDONTWRITEBYTECODE: "1",
  AWS_DEFAULT_REGION: "us-east-1",
  // Any web page that the user visits could read the buckets otherwise: moto asks for no credentials.
  MOTO_DISABLE_GLOBAL_CORS: "true",
};
/** What `server.py` ends with when its port is taken. */
const portTaken = 98;

/**
 * Starts `server.py`, which ends when its stdin does: no signal, no orphan when this process is killed.
 * @param signal ends the attempt, not what came of it: a moto that answers is stopped by {@link Moto.stop}.
 * @throws Error with `code` `EADDRINUSE` when the port is taken, and with its last words when it fails.
 */
export async function startMoto(context: ServiceContext, port: number, signal: AbortSignal): Promise<Moto> {
  const args = [join(import.meta.dirname, "server.py"), "--port", String(port), "--folder", context.folder];
  const child = spawn(findMotoPython(), args, {
    env: { ...plainEnvironment(), ...settings },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => undefined);
  const said: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    context.log(line);
    said.push(line);
    if (said.length > 10) said.shift();
  });
  const ready = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line === "ready") ready.resolve();
    else if (line === "used") context.touch();
  });
  const exited = exitOf(child);
  const giveUp = () => child.kill("SIGKILL");
  signal.addEventListener("abort", giveUp, { once: true });
  exited.then(
    (code) => ready.reject(failure(code, port, said)),
    (error: unknown) => ready.reject(error),
  );
  try {
    await Promise.race([ready.promise, late()]);
  } catch (error) {
    child.kill("SIGKILL");
    await exited.catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  let stopping = false;
  exited.then(
    (code) => stopping || context.log(`moto ended by itself (${code}): S3 is gone until the emulator starts again`),
    () => undefined,
  );
  return {
    stop() {
      stopping = true;
      return stop(child, exited);
    },
  };
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.stdin?.end();
  const timer = new AbortController();
  const late = sleep(stopLimit, "late", { signal: timer.signal }).catch(() => "cut");
  if ((await Promise.race([exited, late])) === "late") child.kill("SIGKILL");
  timer.abort();
  await exited;
}

async function exitOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  return code ?? signal ?? "unknown";
}

async function late(): Promise<never> {
  await sleep(startLimit, undefined, { ref: false });
  throw new Error(`moto did not answer in ${startLimit / 1000} s; its log is aws.log.`);
}

function failure(code: number | string, port: number, said: readonly string[]): Error {
  if (code === portTaken) return Object.assign(new Error(`Port ${port} is taken.`), { code: "EADDRINUSE" });
  return new Error(`moto ended (${code}). It said:\n${said.join("\n")}`);
}
