import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { plainEnvironment } from "../child.ts";
import type { DoorEnvelope, DoorReport, DoorRequest } from "./door-messages.ts";
import type { CollectedAnswer } from "./front-door.ts";

/** The door's process, as the service talks to it. */
export interface DoorProcess {
  /** Resolves once the door has done it. */
  ask(request: DoorRequest): Promise<void>;
  stop(): Promise<void>;
}

export interface DoorOptions {
  readonly logFile: string;
  /** Requests came in since the last time. */
  readonly onUsed: () => void;
  /** Answers of deployments that collect them. */
  readonly onCollected: (answers: readonly CollectedAnswer[]) => void;
  /** The process ended without being asked to. */
  readonly onLost: (code: number | null) => void;
}

const STOP_GRACE_MS = 3000;

/** Starts the door. It ends when this process does: its IPC channel closes then. */
export function startDoor(options: DoorOptions): DoorProcess {
  const log = openSync(options.logFile, "a", 0o600);
  const child = fork(join(import.meta.dirname, "door.ts"), [], {
    env: plainEnvironment(),
    stdio: ["ignore", log, log, "ipc"],
    execArgv: [],
  });
  closeSync(log);
  const waiting = new Map<number, (error?: string) => void>();
  let calls = 0;
  let stopping = false;
  child.on("message", (report: DoorReport) => {
    if (report.kind === "used") options.onUsed();
    else if (report.kind === "collected") options.onCollected(report.answers);
    else {
      waiting.get(report.call)?.(report.error);
      waiting.delete(report.call);
    }
  });
  child.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", (code) => {
      for (const settle of waiting.values()) settle("the front door's process ended");
      waiting.clear();
      resolve();
      if (!stopping) options.onLost(code);
    });
  });
  const ask = (request: DoorRequest) => send(child, { call: ++calls, request }, waiting);
  return {
    ask,
    async stop() {
      stopping = true;
      if (child.exitCode === null && child.signalCode === null) {
        // Requests still under way are given a moment, then cut.
        await Promise.race([
          ask({ kind: "finish" }).catch(() => undefined),
          delay(STOP_GRACE_MS, undefined, { ref: false }),
        ]);
        child.kill("SIGKILL");
      }
      await ended;
    },
  };
}

function send(
  child: ChildProcess,
  envelope: DoorEnvelope,
  waiting: Map<number, (error?: string) => void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: string) => reject(new Error(`front door, ${envelope.request.kind}: ${error}`));
    waiting.set(envelope.call, (error) => (error === undefined ? resolve() : failed(error)));
    if (!child.connected) {
      waiting.delete(envelope.call);
      failed("its process is gone");
      return;
    }
    child.send(envelope, (error) => {
      if (error === null) return;
      waiting.delete(envelope.call);
      failed(error.message);
    });
  });
}
