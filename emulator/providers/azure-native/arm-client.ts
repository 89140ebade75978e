import { setTimeout as sleep } from "node:timers/promises";
import { Agent, fetch, type Response } from "undici";
import { isObject, type Properties, toProperties } from "../values.ts";
import { createTokenSource } from "./token.ts";

/** What Azure refused, with its own code and words. */
export class ArmError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(`Status=${status} Code="${code}" Message="${message}"`);
    this.status = status;
    this.code = code;
  }
}

/** How the client reaches Azure Resource Manager and its tokens. */
export interface ArmSettings {
  /** `https://…`, without a path. */
  readonly endpoint: string;
  /** Certificate to trust, PEM. */
  readonly ca: string;
  readonly identityEndpoint: string;
  readonly identityHeader: string;
}

/** Azure Resource Manager, with long-running operations waited for. Paths are ids; deadlines are milliseconds since the epoch. */
export interface ArmClient {
  /** Undefined where there is no such resource. */
  get(id: string, apiVersion: string): Promise<Properties | undefined>;
  /** `accepted` runs once Azure has taken the request, so before a long-running operation has ended. */
  put(id: string, apiVersion: string, body: Properties, deadline: number, accepted?: () => void): Promise<Properties>;
  /** Succeeds where the resource is gone already. */
  delete(id: string, apiVersion: string, deadline: number): Promise<void>;
  /** An action (`listKeys`). */
  post(path: string, apiVersion: string, body?: Properties): Promise<Properties>;
  token(): Promise<string>;
  close(): Promise<void>;
}

const terminalStates = ["succeeded", "failed", "canceled"];
const firstPollMs = 50;
const slowestPollMs = 1000;

export function createArmClient(settings: ArmSettings): ArmClient {
  const dispatcher = new Agent({ connect: { ca: settings.ca } });
  const tokens = createTokenSource(settings, dispatcher);

  const send = async (method: string, url: URL, body?: Properties): Promise<Response> => {
    const headers = { authorization: `Bearer ${await tokens.get()}`, "content-type": "application/json" };
    const init = { method, headers, dispatcher, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return fetch(url, init);
  };
  const urlOf = (path: string, apiVersion: string): URL => {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    const url = new URL(encoded, settings.endpoint);
    url.searchParams.set("api-version", apiVersion);
    return url;
  };
  const get = async (id: string, apiVersion: string): Promise<Properties | undefined> => {
    const response = await send("GET", urlOf(id, apiVersion));
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    return accept(response);
  };

  return {
    get,
    async put(id, apiVersion, body, deadline, accepted) {
      const response = await send("PUT", urlOf(id, apiVersion), body);
      const answer = await accept(response);
      accepted?.();
      await finish(response, send, deadline);
      if (operationUrl(response) === undefined && isTerminal(answer)) return answer;
      return settled(() => get(id, apiVersion), id, deadline);
    },
    async delete(id, apiVersion, deadline) {
      const response = await send("DELETE", urlOf(id, apiVersion));
      if (response.status === 404) {
        await response.body?.cancel();
        return;
      }
      await accept(response);
      await finish(response, send, deadline);
    },
    async post(path, apiVersion, body) {
      return accept(await send("POST", urlOf(path, apiVersion), body ?? {}));
    },
    token: tokens.get,
    close: () => dispatcher.close(),
  };
}

async function accept(response: Response): Promise<Properties> {
  const words = await response.text();
  const body = words === "" ? {} : parse(words);
  if (response.ok) return body;
  throw armError(response.status, body, words);
}

function parse(words: string): Properties {
  try {
    return toProperties(JSON.parse(words));
  } catch {
    return {};
  }
}

function armError(status: number, body: Properties, words: string): ArmError {
  const error = isObject(body["error"]) ? body["error"] : body;
  const code = typeof error["code"] === "string" ? error["code"] : "Unknown";
  const message = typeof error["message"] === "string" ? error["message"] : words.slice(0, 500);
  return new ArmError(status, code, message);
}

/** Where to ask how an operation goes. `Location` beside 201 names the resource itself, so it counts for 202 alone. */
function operationUrl(response: Response): string | undefined {
  const status = response.headers.get("azure-asyncoperation");
  const location = response.status === 202 ? response.headers.get("location") : null;
  return status ?? location ?? undefined;
}

/** Waits for a long-running operation, as ARM's rules for asynchronous operations have it. */
async function finish(
  response: Response,
  send: (method: string, url: URL) => Promise<Response>,
  deadline: number,
): Promise<void> {
  const url = operationUrl(response);
  if (url === undefined) return;
  const hasStatus = response.headers.has("azure-asyncoperation");
  let last = response;
  for (let turn = 0; ; turn += 1) {
    await pause(last, turn, url, deadline);
    last = await send("GET", new URL(url));
    // A `Location` answers 202 until it is done; where a delete ends, it may be gone.
    if (!hasStatus && last.status === 404) return last.body?.cancel();
    const answer = await accept(last);
    if (!hasStatus && last.status !== 202) return;
    const state = typeof answer["status"] === "string" ? answer["status"].toLowerCase() : "";
    if (state === "succeeded") return;
    if (terminalStates.includes(state)) throw armError(last.status, answer, `the operation ${state}`);
  }
}

function isTerminal(resource: Properties): boolean {
  const properties = resource["properties"];
  const state = isObject(properties) ? properties["provisioningState"] : undefined;
  return typeof state !== "string" || terminalStates.includes(state.toLowerCase());
}

/** The resource once its own state is final. */
async function settled(read: () => Promise<Properties | undefined>, id: string, deadline: number): Promise<Properties> {
  for (let turn = 0; ; turn += 1) {
    const resource = await read();
    if (resource === undefined) throw new ArmError(404, "ResourceNotFound", `${id} was accepted and is not there`);
    if (isTerminal(resource)) return failOnState(resource, id);
    await pause(undefined, turn, id, deadline);
  }
}

function failOnState(resource: Properties, id: string): Properties {
  const properties = resource["properties"];
  const state = isObject(properties) ? properties["provisioningState"] : undefined;
  if (typeof state !== "string" || state.toLowerCase() === "succeeded") return resource;
  const errors = isObject(properties) ? (properties["provisioningErrors"] ?? properties["error"]) : undefined;
  throw new ArmError(200, state, `${id} ended as ${state}${errors === undefined ? "" : `: ${JSON.stringify(errors)}`}`);
}

async function pause(response: Response | undefined, turn: number, what: string, deadline: number): Promise<void> {
  const asked = Number(response?.headers.get("retry-after") ?? Number.NaN);
  const wait = Number.isFinite(asked) ? asked * 1000 : Math.min(firstPollMs * 2 ** Math.min(turn, 10), slowestPollMs);
  if (Date.now() + wait > deadline) throw new Error(`gave up waiting for ${what}: the time for this resource is over`);
  await sleep(wait);
}
