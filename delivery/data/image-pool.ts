import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { checkImage, type ImageFacts } from "./image-check.ts";
import type { ImageRules } from "./schema.ts";

export type Order = { readonly id: number; readonly content: Uint8Array; readonly name: string };
export type Answer = { readonly id: number; readonly facts: ImageFacts };

/** Checks pictures on all cores. */
export type ImagePool = {
  /** Pictures worth having under way at once. */
  readonly lanes: number;
  check(content: Uint8Array, name: string): Promise<ImageFacts>;
  close(): Promise<void>;
};

/** A set this small is done before threads are up. */
const FEW = 32;

/** @param pictures how many there will be */
export function openImagePool(rules: ImageRules, pictures: number): ImagePool {
  if (pictures < FEW) {
    return { lanes: 2, check: (content, name) => checkImage(content, name, rules), close: async () => {} };
  }
  const threads = Math.max(2, availableParallelism());
  const waiting = new Map<number, { resolve: (facts: ImageFacts) => void; reject: (error: unknown) => void }>();
  let next = 0;
  const failAll = (error: unknown) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL("./image-worker.ts", import.meta.url), { workerData: rules });
    worker.on("message", ({ id, facts }: Answer) => {
      waiting.get(id)?.resolve(facts);
      waiting.delete(id);
    });
    worker.on("error", failAll);
    return worker;
  });
  return {
    // While one is decoded the next are read, and no thread ever waits for this one, which hands out all of them.
    lanes: 8 * threads,
    check: (content, name) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        workers[id % threads]?.postMessage({ id, content, name } satisfies Order);
      }),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
