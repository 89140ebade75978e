import { DeliveryError } from "../../delivery/errors.ts";

/** Runs `work` with a signal that fires on Ctrl-C or a cancelled CI job, so that it can stop what it started elsewhere. */
export async function onInterrupt<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const abort = () => controller.abort(new DeliveryError("surroundings", "interrupted"));
  process.once("SIGINT", abort);
  process.once("SIGTERM", abort);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", abort);
    process.off("SIGTERM", abort);
  }
}
