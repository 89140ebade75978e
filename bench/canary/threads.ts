import { availableParallelism } from "node:os";
import { parentPort, Worker } from "node:worker_threads";
import { type Task, type Watched, watchTask } from "./scenarios.ts";

/** Works tasks off on all cores; results in the order of the tasks. */
export async function watchTasks(tasks: readonly Task[], onDone: (done: number) => void): Promise<Watched[][]> {
  const results: Watched[][] = [];
  let [next, done] = [0, 0];
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url));
      let current = -1;
      const give = () => {
        current = next++;
        const task = tasks[current];
        if (task === undefined) void worker.terminate().then(() => resolve());
        else worker.postMessage(task);
      };
      worker.on("message", (watched: Watched[]) => {
        results[current] = watched;
        onDone(++done);
        give();
      });
      worker.on("error", reject);
      give();
    });
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), tasks.length) }, work));
  return results;
}

parentPort?.on("message", (task: Task) => parentPort?.postMessage(watchTask(task)));
