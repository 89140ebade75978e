import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ModelFiles } from "../classifier.ts";
import { RequestError } from "./errors.ts";
import type { ScoringInput, ScoringResult } from "./scoring-worker.ts";

/**
 * Worker threads that decode and score, one job each at a time. onnxruntime-node blocks the thread it runs on, so scoring on
 * the server's own thread would stop it from reading requests and answering probes.
 */
export interface ScoringPool {
  /** Probabilities in the order of the labels. Throws `RequestError`, `overloaded` when the queue is full. */
  score(input: ScoringInput): Promise<readonly number[]>;
  /** Jobs that wait for a worker. */
  waiting(): number;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly workers: number;
  /** Jobs that may wait; one more is refused. First come, first served. */
  readonly queueLimit: number;
  /** A worker died, which no request can cause: the process should end and be started again. */
  readonly onDeath: (error: Error) => void;
}

interface Job {
  readonly input: ScoringInput;
  readonly settle: (result: ScoringResult) => void;
}

/** Starts the workers and resolves when every one has loaded the model. */
export async function startPool(
  files: ModelFiles,
  { workers, queueLimit, onDeath }: PoolOptions,
): Promise<ScoringPool> {
  const queue: Job[] = [];
  const idle: Worker[] = [];
  const running = new Map<Worker, Job>();
  let closing = false;

  const assign = (): void => {
    while (queue.length > 0 && idle.length > 0) {
      const [job, worker] = [queue.shift(), idle.pop()];
      if (!job || !worker) return;
      running.set(worker, job);
      worker.postMessage(job.input);
    }
  };
  const finish = (worker: Worker, result: ScoringResult): void => {
    running.get(worker)?.settle(result);
    running.delete(worker);
    idle.push(worker);
    assign();
  };

  const threads = await Promise.all(
    Array.from({ length: workers }, async () => {
      const worker = new Worker(new URL("./scoring-worker.ts", import.meta.url), { workerData: files });
      await once(worker, "message");
      worker.on("message", (result: ScoringResult) => finish(worker, result));
      worker.on("error", onDeath);
      worker.on("exit", (code) => closing || onDeath(new Error(`a scoring worker ended with ${code}`)));
      idle.push(worker);
      return worker;
    }),
  );

  return {
    async score(input) {
      if (idle.length === 0 && queue.length >= queueLimit) {
        throw new RequestError("overloaded", `${queueLimit} requests wait already; try again in a second`);
      }
      const result = await new Promise<ScoringResult>((settle) => {
        queue.push({ input, settle });
        assign();
      });
      if ("code" in result) throw new RequestError(result.code, result.message);
      return result.probabilities;
    },
    waiting: () => queue.length,
    async close() {
      closing = true;
      await Promise.all(threads.map((worker) => worker.terminate()));
    },
  };
}
