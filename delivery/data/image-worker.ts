/** A thread that checks pictures, see `image-pool.ts`. */
import { parentPort, workerData } from "node:worker_threads";
import { checkImage } from "./image-check.ts";
import type { Answer, Order } from "./image-pool.ts";
import type { ImageRules } from "./schema.ts";

parentPort?.on("message", async ({ id, content, name }: Order) => {
  const facts = await checkImage(content, name, workerData as ImageRules);
  parentPort?.postMessage({ id, facts } satisfies Answer);
});
