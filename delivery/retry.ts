import { setTimeout as delay } from "node:timers/promises";
import { inputError } from "./errors.ts";

/** Tries of one transfer in all, the first included. */
const TRIES = 5;
/** Milliseconds before the second try; doubled for each further one, and half of it is chance. */
const FIRST_PAUSE = 300;

/** Codes of Node for a connection that could not be made, or that broke. */
const CONNECTION = new Set([
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EPIPE",
  "ETIMEDOUT",
  "ERR_STREAM_PREMATURE_CLOSE",
  // Azure's SDK has it where the request could not be sent, or its answer broke off.
  "REQUEST_SEND_ERROR",
]);

/** S3 answers a body that came too slowly with 400 and this name. */
const TOO_SLOW = new Set(["RequestTimeout", "TimeoutError", "StalledError"]);

/**
 * Whether the same call may work in a moment: the connection broke, nothing came for too long, or the service said that
 * it is too busy (429) or has failed (5xx). Any other answer, such as 403, will be the same the next time.
 */
export function isTransient(error: unknown): boolean {
  const { code, name, statusCode, $metadata, cause } = (error ?? {}) as {
    code?: unknown;
    name?: unknown;
    statusCode?: number;
    $metadata?: { httpStatusCode?: number };
    cause?: unknown;
  };
  if (TOO_SLOW.has(String(name)) || TOO_SLOW.has(String(code))) return true;
  if (CONNECTION.has(String(code))) return true;
  const status = $metadata?.httpStatusCode ?? statusCode;
  if (status !== undefined && status >= 400) return status === 408 || status === 429 || status >= 500;
  return cause !== undefined && isTransient(cause);
}

/** Does `work` again while what fails is transient. `work` must be safe to repeat from its start. */
export async function retrying<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= TRIES || !isTransient(error)) throw error;
      await delay(FIRST_PAUSE * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  }
}

/** Milliseconds that a transfer may stand still before it counts as broken, from `TRANSFER_TIMEOUT_SECONDS`. */
export function stallTimeout(): number {
  const text = process.env["TRANSFER_TIMEOUT_SECONDS"] ?? "60";
  const seconds = /^\d+$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= 3600) return seconds * 1000;
  throw inputError(`\`TRANSFER_TIMEOUT_SECONDS\` must be whole seconds from 1 to 3600, got \`${text}\``);
}

/** Nothing was sent or received for the time that {@link stallTimeout} gives. */
export class StalledError extends Error {
  constructor(milliseconds: number) {
    super(`nothing came or went for ${milliseconds / 1000} s (TRANSFER_TIMEOUT_SECONDS)`);
    this.name = "StalledError";
  }
}

/** What a transfer watches: it ends when `signal` fires, and reports with `moved` that bytes came or went. */
export type Watch = { readonly signal: AbortSignal; readonly moved: () => void };

/** Runs a transfer and gives up with a {@link StalledError} when it stands still. */
export async function watched<Result>(transfer: (watch: Watch) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const limit = stallTimeout();
  const timer = setTimeout(() => controller.abort(new StalledError(limit)), limit);
  try {
    return await transfer({ signal: controller.signal, moved: () => timer.refresh() });
  } catch (error) {
    // SDKs throw an AbortError of their own.
    if (controller.signal.aborted) throw controller.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
