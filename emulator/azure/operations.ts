import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { AzureError } from "./errors.ts";

/** How a long-running operation stands, as its status resource tells. */
export interface OperationStatus {
  readonly id: string;
  readonly status: "InProgress" | "Succeeded" | "Failed";
  readonly startTime: string;
  readonly endTime?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Long-running operations. They live as long as the process: after a restart the resource itself tells how it ended. */
export interface Operations {
  /** Starts `work` and answers the operation's id at once. */
  begin(work: () => Promise<void>): string;
  /** The status, after waiting a while for an end: pollers then need not guess an interval. */
  status(id: string): Promise<OperationStatus | undefined>;
  /** Resolves once nothing is under way. */
  settled(): Promise<void>;
}

const HOLD_STATUS_MS = 1000;
const KEPT = 1000;

/** @param onFailure told of every failure that is not an answer to the caller. */
export function createOperations(onFailure: (error: unknown) => void): Operations {
  const statuses = new Map<string, OperationStatus>();
  const running = new Map<string, Promise<void>>();
  return {
    begin(work) {
      const id = randomUUID();
      const startTime = new Date().toISOString();
      statuses.set(id, { id, status: "InProgress", startTime });
      const oldest = statuses.keys().next().value;
      if (statuses.size > KEPT && oldest !== undefined) statuses.delete(oldest);
      const end = (result: Pick<OperationStatus, "status" | "error">) => {
        statuses.set(id, { id, startTime, endTime: new Date().toISOString(), ...result });
        running.delete(id);
      };
      const done = work().then(
        () => end({ status: "Succeeded" }),
        (error: unknown) => {
          if (!(error instanceof AzureError)) onFailure(error);
          const code = error instanceof AzureError ? error.code : "InternalServerError";
          end({ status: "Failed", error: { code, message: error instanceof Error ? error.message : String(error) } });
        },
      );
      running.set(id, done);
      return id;
    },
    async status(id) {
      const work = running.get(id);
      if (work !== undefined) {
        const timer = new AbortController();
        await Promise.race([work, delay(HOLD_STATUS_MS, undefined, { signal: timer.signal }).catch(() => undefined)]);
        timer.abort();
      }
      return statuses.get(id);
    },
    async settled() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}
