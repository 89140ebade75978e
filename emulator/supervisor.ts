import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as immediate, setTimeout as sleep } from "node:timers/promises";
import type { Certificate } from "./certificate.ts";
import type { HomePaths } from "./home.ts";
import { openLog } from "./log.ts";
import type { Ports } from "./ports.ts";
import type { Service, ServiceAddress, ServiceContext } from "./service.ts";

/** A service and what has to answer before it starts. */
export interface Step {
  readonly service: Service;
  readonly after: readonly string[];
  /** Why these must be there first. */
  readonly reason: string;
}

export interface Surroundings {
  readonly paths: HomePaths;
  readonly root: string;
  readonly certificate: Certificate;
  readonly ports: Ports;
  /** Variables every service gets. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  readonly touch: () => void;
}

export interface Running {
  readonly env: Record<string, string>;
  readonly services: Record<string, string>;
}

export interface Supervisor {
  /**
   * Starts every step as soon as those it waits for answer. The first failure is thrown, with the service's name; what
   * runs then is left to `stop`.
   */
  start(): Promise<Running>;
  /** Stops in reverse order, each one whatever the others do; those that are still starting as well. */
  stop(): Promise<void>;
}

/** How long `stop` waits for services that were starting and do not give up, in milliseconds. */
const patience = 5_000;

/** @throws Error when a step waits for one that is not listed before it. */
export function supervise(steps: readonly Step[], surroundings: Surroundings): Supervisor {
  checkOrder(steps);
  const started = new Map<string, Promise<{ env: Record<string, string>; url: string }>>();
  let stopping = false;

  async function run(step: Step, before: Iterable<Promise<{ env: Record<string, string> }> | undefined>) {
    const known = await Promise.all(before);
    if (stopping) throw new Error(`The emulator ends; \`${step.service.name}\` was not started.`);
    const env = Object.assign({ ...surroundings.env }, ...known.map((each) => each?.env));
    const address = await startOne(step.service, { ...surroundings, env });
    return { env: { ...env, ...address.env }, url: address.url };
  }

  async function stopOne(service: Service): Promise<void> {
    try {
      await service.stop();
      surroundings.log(`${service.name}: stopped`);
    } catch (error) {
      surroundings.log(`${service.name}: did not stop cleanly: ${String(error)}`);
    }
  }

  return {
    async start() {
      for (const step of steps) {
        const promise = run(
          step,
          step.after.map((name) => started.get(name)),
        );
        // Every failure is looked at below; this keeps one that comes before its turn from ending the process.
        promise.catch(() => undefined);
        started.set(step.service.name, promise);
      }
      const all = await Promise.all([...started].map(async ([name, promise]) => ({ name, ...(await promise) })));
      return {
        env: Object.assign({ ...surroundings.env }, ...all.map((each) => each.env)),
        services: Object.fromEntries(all.map((each) => [each.name, each.url])),
      };
    },
    async stop() {
      stopping = true;
      const backwards = steps.map(({ service }) => service).toReversed();
      const early = [];
      for (const service of backwards) if (await isPending(started.get(service.name))) early.push(service);
      for (const service of backwards) await stopOne(service);
      // Told to stop in the middle of its start, a service may have finished that all the same.
      const late = sleep(patience, undefined, { ref: false });
      for (const service of early) {
        const start = started.get(service.name)?.then(() => stopOne(service));
        await Promise.race([start?.catch(() => undefined), late]);
      }
    },
  };
}

async function isPending(start: Promise<unknown> | undefined): Promise<boolean> {
  if (start === undefined) return false;
  const settled = start.then(
    () => false,
    () => false,
  );
  return Promise.race([settled, immediate(true)]);
}

async function startOne(service: Service, surroundings: Surroundings): Promise<ServiceAddress> {
  const began = performance.now();
  const context = contextOf(service.name, surroundings);
  try {
    let address: ServiceAddress;
    try {
      address = await service.start(context);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      // A port is free when it is chosen, not when it is bound: another program may be quicker. Once more, elsewhere.
      surroundings.log(`${service.name}: port taken meanwhile (${String(error)}); trying others`);
      await service.stop();
      await surroundings.ports.forget(`${service.name}/`);
      address = await service.start(context);
    }
    surroundings.log(`${service.name}: ${address.url} after ${Math.round(performance.now() - began)} ms`);
    return address;
  } catch (error) {
    throw new Error(`The emulator's service \`${service.name}\` did not start: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function contextOf(name: string, surroundings: Surroundings): ServiceContext {
  const folder = surroundings.paths.service(name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    folder,
    root: surroundings.root,
    certificate: surroundings.certificate,
    port: (purpose) => surroundings.ports.get(`${name}/${purpose}`),
    env: surroundings.env,
    log: openLog(join(surroundings.paths.logs, `${name}.log`)),
    touch: surroundings.touch,
  };
}

function checkOrder(steps: readonly Step[]): void {
  const seen = new Set<string>();
  for (const { service, after } of steps) {
    const missing = after.filter((name) => !seen.has(name));
    if (missing.length > 0 || seen.has(service.name)) {
      const problem =
        missing.length > 0 ? `waits for ${missing.join(", ")}, listed after it or not at all` : "is listed twice";
      throw new Error(`The service \`${service.name}\` ${problem}; the list must be in starting order.`);
    }
    seen.add(service.name);
  }
}
