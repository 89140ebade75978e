/** A thread that checks pictures, see `image-pool.ts`. */
import { enableCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { Answer, Order } from "./image-pool.ts";
import type { ImageRules } from "./schema.ts";

// Each thread compiles for itself; what it imports from here on is kept compiled.
enableCompileCache();
const checking = import("./image-check.ts");

parentPort?.on("message", async ({ id, content, name }: Order) => {
  const { checkImage } = await checking;
  const facts = await checkImage(content, name, workerData as ImageRules);
  parentPort?.postMessage({ id, facts } satisfies Answer);
});
