import { setTimeout as delay } from "node:timers/promises";
import { azureToken } from "./azure-credential.ts";
import { DeliveryError } from "./errors.ts";

/** How Azure Resource Manager (ARM) is reached. Everything has a default; tests replace what they need. */
export interface ArmOptions {
  /** @default - `AZURE_RESOURCE_MANAGER_ENDPOINT`, else `https://management.azure.com` */
  readonly endpoint?: string;
  /** Gives a bearer token. @default - whom `azure-credential.ts` signs in as */
  readonly token?: () => Promise<string>;
  /** Tries of one request in all, the first included. @default 5 */
  readonly attempts?: number;
  /** Milliseconds that one request may take. @default 60000 */
  readonly requestTimeoutMs?: number;
  /** Milliseconds that a long-running operation may take. @default 3600000, as a deployment may wait for an image build */
  readonly timeoutMs?: number;
  /** Waits; replaced in tests. @default - a timer */
  readonly wait?: (ms: number) => Promise<void>;
}

/** Azure said no, or could not be reached. `status` is 0 where no answer came. */
export class AzureError extends DeliveryError {
  readonly status: number;
  readonly code: string;

  constructor(message: string, status: number, code: string, options?: ErrorOptions) {
    super("surroundings", message, options);
    this.name = "AzureError";
    this.status = status;
    this.code = code;
  }
}

/** Whether `error` says that the resource does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof AzureError && error.status === 404;
}

/** Reads the resource `id` (an ARM id, starting with `/subscriptions/`). Throws an {@link AzureError} where it is missing. */
export async function armGet<T = unknown>(id: string, apiVersion: string, options: ArmOptions = {}): Promise<T> {
  return (await send("GET", address(id, apiVersion, options), undefined, options)).body as T;
}

/** Creates or replaces the resource `id`, waits until Azure has finished, and returns it as it then is. */
export async function armPut<T = unknown>(
  id: string,
  apiVersion: string,
  body: unknown,
  options: ArmOptions = {},
): Promise<T> {
  const url = address(id, apiVersion, options);
  const answer = await send("PUT", url, body, options);
  await finish(answer, url, options);
  return (await send("GET", url, undefined, options)).body as T;
}

/** Deletes the resource `id` and waits until it is gone. A resource that was not there is no error. */
export async function armDelete(id: string, apiVersion: string, options: ArmOptions = {}): Promise<void> {
  const url = address(id, apiVersion, options);
  try {
    await finish(await send("DELETE", url, undefined, options), url, options);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Calls an action (`<id>/listKeys`) and returns its result, once it has finished. */
export async function armPost<T = unknown>(
  action: string,
  apiVersion: string,
  body: unknown = {},
  options: ArmOptions = {},
): Promise<T> {
  const url = address(action, apiVersion, options);
  const answer = await send("POST", url, body, options);
  return (await finish(answer, url, options)).body as T;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

function address(id: string, apiVersion: string, options: ArmOptions): URL {
  const endpoint = options.endpoint ?? process.env["AZURE_RESOURCE_MANAGER_ENDPOINT"] ?? "https://management.azure.com";
  const url = new URL(endpoint.replace(/\/+$/, "") + id);
  url.searchParams.set("api-version", apiVersion);
  return url;
}

/** One request, tried again while the fault may pass. A POST is repeated only where Azure says that it did not act. */
async function send(method: string, url: URL, body: unknown, options: ArmOptions): Promise<Answer> {
  const attempts = options.attempts ?? 5;
  for (let attempt = 1; ; attempt++) {
    const last = attempt >= attempts;
    let pause: number;
    try {
      const answer = await request(method, url, body, options);
      if (answer.status < 400) return answer;
      if (last || !passes(answer.status, method)) throw refusal(method, url, answer);
      pause = retryAfter(answer.headers) ?? backoff(attempt);
    } catch (error) {
      if (error instanceof AzureError && error.status !== 0) throw error;
      if (last || method === "POST") throw error;
      pause = backoff(attempt);
    }
    await (options.wait ?? delay)(pause);
  }
}

async function request(method: string, url: URL, body: unknown, options: ArmOptions): Promise<Answer> {
  const token = await (options.token ?? defaultToken)();
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  try {
    const response = await fetch(url, {
      method,
      headers,
      signal: AbortSignal.timeout(options.requestTimeoutMs ?? 60_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: parse(await response.text()) };
  } catch (cause) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new AzureError(`${method} ${url.origin}${url.pathname}: no answer (${why})`, 0, "NoAnswer", { cause });
  }
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Follows a long-running operation to its end, in the ways ARM has: an `Azure-AsyncOperation` status document, a
 * `Location` that answers 202 meanwhile, or a resource whose `provisioningState` settles.
 */
async function finish(first: Answer, resource: URL, options: ArmOptions): Promise<Answer> {
  const operation = follow(first.headers.get("azure-asyncoperation"), resource);
  const location = follow(first.headers.get("location"), resource);
  const watched = operation ?? (first.status === 202 ? location : undefined) ?? resource;
  const deadline = Date.now() + (options.timeoutMs ?? 3_600_000);
  let answer = first;
  let pause = 200;
  while ((operation && answer === first) || pending(answer)) {
    if (Date.now() > deadline) {
      throw new AzureError(`${resource.pathname}: not finished in time; look at it in the portal`, 0, "TimedOut");
    }
    await (options.wait ?? delay)(retryAfter(answer.headers) ?? pause);
    pause = Math.min(pause * 1.5, 15_000);
    answer = await send("GET", watched, undefined, options);
  }
  const failed = failure(answer.body);
  if (failed) throw new AzureError(`${resource.pathname}: ${failed.code}: ${failed.message}`, 200, failed.code);
  return answer;
}

/** Only addresses on ARM itself are followed: the token must not travel elsewhere. */
function follow(value: string | null, resource: URL): URL | undefined {
  if (value === null) return undefined;
  const url = new URL(value, resource);
  if (url.origin !== resource.origin) {
    throw new AzureError(
      `${resource.pathname}: Azure pointed to ${url.origin}, not ${resource.origin}`,
      0,
      "ForeignHost",
    );
  }
  return url;
}

const settled = new Set(["succeeded", "failed", "canceled"]);

function pending(answer: Answer): boolean {
  if (answer.status === 202) return true;
  const state = stateOf(answer.body);
  return state !== undefined && !settled.has(state.toLowerCase());
}

function failure(body: unknown): { code: string; message: string } | undefined {
  const state = stateOf(body)?.toLowerCase();
  if (state !== "failed" && state !== "canceled") return undefined;
  return errorOf(body) ?? { code: state === "failed" ? "Failed" : "Canceled", message: "Azure gave no reason" };
}

function stateOf(body: unknown): string | undefined {
  const document = body as { status?: unknown; properties?: { provisioningState?: unknown } } | undefined;
  const state = document?.properties?.provisioningState ?? document?.status;
  return typeof state === "string" ? state : undefined;
}

function errorOf(body: unknown): { code: string; message: string } | undefined {
  const error = (body as { error?: { code?: unknown; message?: unknown } } | undefined)?.error;
  return error && { code: String(error.code), message: String(error.message) };
}

function refusal(method: string, url: URL, answer: Answer): AzureError {
  const { code, message } = errorOf(answer.body) ?? { code: `Http${answer.status}`, message: "Azure gave no reason" };
  return new AzureError(`${method} ${url.pathname}: ${answer.status} ${code}: ${message}`, answer.status, code);
}

function passes(status: number, method: string): boolean {
  if (status === 429 || status === 503) return true;
  return method !== "POST" && (status === 408 || status >= 500);
}

/** Half fixed, half random, so that many clients do not come back at once. */
function backoff(attempt: number): number {
  const ceiling = Math.min(500 * 2 ** attempt, 30_000);
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

/** What Azure asks for, at most a minute. */
function retryAfter(headers: Headers): number | undefined {
  const ms = headers.get("retry-after-ms") ?? headers.get("x-ms-retry-after-ms");
  const seconds = headers.get("retry-after");
  const asked = ms === null ? (seconds === null ? Number.NaN : Number(seconds) * 1000) : Number(ms);
  return Number.isFinite(asked) && asked >= 0 ? Math.min(asked, 60_000) : undefined;
}

async function defaultToken(): Promise<string> {
  return (await azureToken("https://management.azure.com/.default")).token;
}
