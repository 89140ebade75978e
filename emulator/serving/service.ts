import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Child, startChild } from "../child.ts";
import type { Service, ServiceContext } from "../service.ts";
import type { DoorRequest } from "./door-messages.ts";
import { type DoorProcess, startDoor } from "./door-process.ts";
import type { CollectedAnswer, EndpointRoute, FrontDoor, ScoringHost, ScoringProcesses } from "./front-door.ts";
import { readRequestMetrics } from "./request-metrics.ts";
import { startScoringProcesses } from "./scoring-processes.ts";

/** The data plane of online endpoints: their front door and the processes behind it. */
export interface ServingService extends Service, FrontDoor, ScoringHost {}

interface Running {
  readonly context: ServiceContext;
  door: DoorProcess;
  /** What the door was told, to tell it again should its process be lost. */
  readonly routes: Map<string, EndpointRoute>;
  tokenKey: string | undefined;
  readonly processes: Set<ScoringProcesses>;
  /** Every process behind the door, those that are still starting included. */
  readonly children: Set<Child>;
}

/** Serves online endpoints. What they are is Azure's to say and keep: nothing is routed until {@link FrontDoor.route}. */
export function createServingService(): ServingService {
  let running: Running | undefined;
  let collect: (answers: readonly CollectedAnswer[]) => void = () => undefined;

  function state(): Running {
    if (running === undefined) throw new Error("The serving service is not started.");
    return running;
  }

  async function openDoor(context: ServiceContext): Promise<DoorProcess> {
    const door = startDoor({
      logFile: join(context.folder, "door.log"),
      onUsed: context.touch,
      onCollected: (answers) => collect(answers),
      onLost: (code) => {
        context.log(`the front door's process ended with code ${code}; starting it again`);
        reopen().catch((error: unknown) => context.log(`the front door does not start again: ${String(error)}`));
      },
    });
    await mkdir(metricsFolder(context), { recursive: true });
    await door.ask({ kind: "begin", metricsFolder: metricsFolder(context) });
    return door;
  }

  async function reopen(): Promise<void> {
    if (running === undefined) return;
    const current = running;
    current.door = await openDoor(current.context);
    if (current.tokenKey !== undefined) await current.door.ask({ kind: "trust", publicPem: current.tokenKey });
    for (const route of current.routes.values()) await current.door.ask({ kind: "route", route });
  }

  const ask = (request: DoorRequest) => state().door.ask(request);

  return {
    name: "serving",
    endpointPort: (location, name) => state().context.port(`endpoint ${location}/${name}`),
    async route(route) {
      await ask({ kind: "route", route });
      state().routes.set(route.id, route);
    },
    async unroute(endpointId) {
      state().routes.delete(endpointId);
      await ask({ kind: "unroute", endpointId });
    },
    async requestMetrics(endpointId, from, to) {
      await ask({ kind: "flush" });
      return readRequestMetrics(metricsFolder(state().context), endpointId, from, to);
    },
    drained: (targets) => ask({ kind: "drained", targets }),
    onCollected(take) {
      collect = take;
    },
    async trustTokensOf(publicPem) {
      await ask({ kind: "trust", publicPem });
      state().tokenKey = publicPem;
    },
    async startScoring(spec) {
      const { context, processes } = state();
      const started = await startScoringProcesses(spec, {
        root: context.root,
        logFolder: context.folder,
        log: context.log,
        start: async (options) => {
          const { children } = state();
          const child = await startChild(options);
          children.add(child);
          void child.exited.then(() => children.delete(child));
          if (running === undefined) await child.stop(0);
          return child;
        },
      });
      processes.add(started);
      return started;
    },
    async start(context) {
      running = {
        context,
        door: await openDoor(context),
        routes: new Map(),
        tokenKey: undefined,
        processes: new Set(),
        children: new Set(),
      };
      return { url: "http://127.0.0.1/", env: {} };
    },
    async stop() {
      const ending = running;
      running = undefined;
      if (ending === undefined) return;
      await ending.door.stop();
      await Promise.all([...ending.processes].map((each) => each.end()));
      await Promise.all([...ending.children].map((child) => child.stop()));
    },
  };
}

function metricsFolder(context: ServiceContext): string {
  return join(context.folder, "metrics");
}
