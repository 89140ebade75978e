import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Child, type ChildOptions, plainEnvironment } from "../child.ts";
import { unusedPort } from "../ports.ts";
import type { ScoringProcesses, ScoringSpec } from "./front-door.ts";

/**
 * The most processes one deployment gets, whatever its instance count.
 *
 * An instance is a virtual machine in Azure and a share of two cores here: more than two processes only take memory.
 * Limits that depend on the instance count (429) follow the real count.
 */
export const MAX_PROCESSES = 2;

const PROBE_EVERY_MS = 100;
const PROBE_TIMEOUT_MS = 2000;
const LONGEST_BACKOFF_MS = 10_000;
const STOP_GRACE_MS = 5000;

interface Replica {
  readonly port: number;
  child: Child;
  ending: boolean;
  /** No new requests are to reach it. */
  released: boolean;
}

export interface ScoringOptions {
  readonly root: string;
  readonly logFolder: string;
  /** Starts a child that whoever owns these options ends in the end. */
  readonly start: (options: ChildOptions) => Promise<Child>;
  readonly log: (line: string) => void;
}

/** Starts a deployment's processes and resolves once each is ready. */
export async function startScoringProcesses(spec: ScoringSpec, options: ScoringOptions): Promise<ScoringProcesses> {
  const replicas: Replica[] = [];
  const logFile = join(options.logFolder, `${spec.name}.log`);
  const tail = async (lines: number) => {
    const text = await readFile(logFile, "utf8").catch(() => "");
    return text.trimEnd().split("\n").slice(-lines).join("\n");
  };

  const launch = (port: number): Promise<Child> => {
    const [command = "", ...args] = spec.command;
    return options.start({
      command: command === "node" ? process.execPath : command,
      args,
      cwd: options.root,
      env: scoringEnvironment(spec, options.root, port),
      logFile,
    });
  };

  const watch = (replica: Replica, failures: number): void => {
    const { child } = replica;
    const since = Date.now();
    void child.exited
      .then(async (code) => {
        if (replica.ending) return;
        // Azure restarts a container that ends. A process that ran for a while starts with a short wait again.
        const next = Date.now() - since > LONGEST_BACKOFF_MS ? 0 : failures + 1;
        options.log(`${spec.name}: process on port ${replica.port} ended with code ${code}; starting it again`);
        await delay(Math.min(250 * 2 ** next, LONGEST_BACKOFF_MS), undefined, { ref: false });
        if (replica.ending) return;
        replica.child = await launch(replica.port);
        if (replica.ending) await replica.child.stop(0);
        else watch(replica, next);
      })
      .catch((error: unknown) =>
        options.log(`${spec.name}: no process on port ${replica.port} any more: ${String(error)}`),
      );
  };

  const startOne = async (): Promise<void> => {
    const port = await unusedPort();
    const replica: Replica = { port, child: await launch(port), ending: false, released: false };
    if (await isReady(replica.child, port, spec)) {
      replicas.push(replica);
      watch(replica, 0);
      return;
    }
    const running = replica.child.running();
    await replica.child.stop(0);
    const why = running
      ? `did not answer 200 on ${spec.readinessPath} within ${spec.readyWithinMs} ms`
      : `ended with code ${await replica.child.exited}`;
    throw new Error(`A container of '${spec.name}' ${why}. The end of its log:\n${await tail(20)}`);
  };

  const end = async (targets?: readonly number[]): Promise<void> => {
    const leaving = replicas.filter(({ port }) => targets === undefined || targets.includes(port));
    for (const replica of leaving) {
      replica.ending = true;
      replicas.splice(replicas.indexOf(replica), 1);
    }
    await Promise.all(leaving.map(({ child }) => child.stop(STOP_GRACE_MS)));
  };

  const growTo = async (instances: number): Promise<void> => {
    const missing = Math.max(0, Math.min(instances, MAX_PROCESSES) - replicas.length);
    const before = replicas.map(({ port }) => port);
    const results = await Promise.allSettled(Array.from({ length: missing }, startOne));
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined) return;
    await end(replicas.map(({ port }) => port).filter((port) => !before.includes(port)));
    throw failed.reason;
  };

  await growTo(spec.instances);
  return {
    targets: () => replicas.filter(({ released }) => !released).map(({ port }) => port),
    growTo,
    surplus: (instances) => replicas.slice(Math.min(instances, MAX_PROCESSES)).map(({ port }) => port),
    release: (targets) => {
      for (const replica of replicas) if (targets.includes(replica.port)) replica.released = true;
    },
    end,
    logTail: tail,
  };
}

function scoringEnvironment(spec: ScoringSpec, root: string, port: number): Record<string, string> {
  const plain = plainEnvironment();
  const path = `${join(root, "node_modules", ".bin")}:${plain["PATH"] ?? ""}`;
  return { ...plain, ...spec.env, PATH: path, HOST: "127.0.0.1", PORT: String(port) };
}

async function isReady(child: Child, port: number, spec: ScoringSpec): Promise<boolean> {
  const deadline = Date.now() + spec.readyWithinMs;
  while (Date.now() < deadline && child.running()) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}${spec.readinessPath}`, {
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      });
      await answer.arrayBuffer();
      if (answer.status === 200) return true;
    } catch {
      // Not listening yet.
    }
    await delay(PROBE_EVERY_MS);
  }
  return false;
}
