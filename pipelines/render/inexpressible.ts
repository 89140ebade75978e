import type { Job } from "../model.ts";

/**
 * Refuses a job that would cancel another one of its group.
 *
 * @param waiting why the engine cannot: what of it only waits
 */
export function refuseCancelling({ id, concurrency }: Job, waiting: string): void {
  if (concurrency?.whenBusy !== "cancelRunning") return;
  throw new Error(`Job \`${id}\` would cancel another one of its group; ${waiting}. Use \`whenBusy: "wait"\`.`);
}

/**
 * Refuses a job that runs on something else than Linux.
 *
 * @param images whose images are Linux, in words
 */
export function refuseOtherMachines({ id, machine, matrix }: Job, images: string): void {
  const machines = typeof machine === "object" ? (matrix?.[machine.name] ?? []) : [machine ?? "linux"];
  const other = machines.find((one) => one !== "linux");
  if (other === undefined) return;
  throw new Error(`Job \`${id}\` runs on ${other}; ${images} are Linux. Leave it out of \`machine\`.`);
}
