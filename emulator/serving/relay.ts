import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { type Dispatcher, Pool } from "undici";
import type { DeploymentRoute } from "./front-door.ts";

/** A request read to its end. */
export interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly requestId: string;
}

/** How a request ended: the status the caller got, and the container's own where it answered. */
export interface Ending {
  readonly status: number;
  readonly modelStatus?: number;
  /** The whole of what the container answered, where that is collected. */
  readonly answer?: { readonly contentType: string; readonly body: string };
}

/** Carries requests to the scoring processes. */
export interface Relay {
  /** Carries a request and its answer; resolves once it has ended. */
  carry(incoming: Incoming, deployment: DeploymentRoute, response: ServerResponse): Promise<Ending>;
  /** Carries a copy and drops the answer; resolves with how it would have ended. */
  copy(incoming: Incoming, deployment: DeploymentRoute): Promise<Ending>;
  /** Resolves once nothing is on its way to the ports, and forgets them. */
  drained(targets: readonly number[]): Promise<void>;
}

/** Azure's limit for the body of a scoring request to a managed endpoint: 10 MB. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Larger answers are not collected; Azure keeps those over 4 MB in files of their own. */
const MAX_COLLECTED_BYTES = 4 * 1024 * 1024;

// Scoring servers close idle connections after 5 s (Node's default). Closing ours first loses no request to that race.
const KEEP_ALIVE_MS = 2000;

const HOP_BY_HOP = new Set(
  "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split(" "),
);
const NOT_FORWARDED = new Set([...HOP_BY_HOP, "host", "authorization", "content-length", "expect"]);

interface Target {
  readonly pool: Pool;
  inFlight: number;
  readonly idle: (() => void)[];
}

/** The relay of one front door. */
export function createRelay(): Relay {
  const targets = new Map<number, Target>();
  const turns = new Map<string, number>();
  const inFlight = new Map<string, number>();

  function targetOf(port: number): Target {
    const known = targets.get(port);
    if (known !== undefined) return known;
    const pool = new Pool(`http://127.0.0.1:${port}`, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const made: Target = { pool, inFlight: 0, idle: [] };
    targets.set(port, made);
    return made;
  }

  async function exchange(incoming: Incoming, key: string, deployment: DeploymentRoute, sink: Sink): Promise<Ending> {
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    const port = deployment.targets[turn % deployment.targets.length];
    const waiting = inFlight.get(key) ?? 0;
    if (port === undefined)
      return { status: sink.fail(503, "NoInstance", `Deployment '${deployment.name}' has no instance.`) };
    if (waiting >= deployment.maxInFlight) {
      const message = `Deployment '${deployment.name}' already has ${waiting} requests under way, the most it takes. Try again later or raise maxConcurrentRequestsPerInstance or the instance count.`;
      return { status: sink.fail(429, "TooManyRequests", message) };
    }
    const target = targetOf(port);
    target.inFlight += 1;
    inFlight.set(key, waiting + 1);
    try {
      return await dispatch(target.pool, incoming, deployment, sink);
    } finally {
      inFlight.set(key, (inFlight.get(key) ?? 1) - 1);
      target.inFlight -= 1;
      if (target.inFlight === 0) for (const tell of target.idle.splice(0)) tell();
    }
  }

  return {
    carry: (incoming, deployment, response) =>
      exchange(incoming, keyOf(deployment), deployment, responseSink(response, deployment.name)),
    copy: (incoming, deployment) => exchange(incoming, keyOf(deployment), deployment, droppingSink()),
    async drained(ports) {
      for (const port of ports) {
        const target = targets.get(port);
        if (target === undefined) continue;
        if (target.inFlight > 0) await new Promise<void>((resolve) => target.idle.push(resolve));
        targets.delete(port);
        await target.pool.close();
      }
    },
  };
}

// Turns and limits belong to a deployment of an endpoint; its first port is unique on this machine.
function keyOf(deployment: DeploymentRoute): string {
  return `${deployment.name}:${deployment.targets[0] ?? 0}`;
}

/** Where an answer goes. */
interface Sink {
  head(status: number, headers: Record<string, string | string[]>, reason: string): number;
  data(chunk: Buffer): void;
  end(): void;
  cut(): void;
  fail(status: number, code: string, message: string): number;
  /** Calls back when nobody waits for the answer any more. */
  abandoned(callback: () => void): void;
}

function dispatch(pool: Pool, incoming: Incoming, deployment: DeploymentRoute, sink: Sink): Promise<Ending> {
  return new Promise((resolve) => {
    let status: number | undefined;
    let modelStatus: number | undefined;
    const collector = collectorOf(deployment);
    let controller: Dispatcher.DispatchController | undefined;
    let over = false;
    let ended = false;
    const finish = (result: number) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      const answer = ended ? collector?.answer() : undefined;
      resolve({
        status: result,
        ...(modelStatus !== undefined && { modelStatus }),
        ...(answer !== undefined && { answer }),
      });
    };
    // The upstream exchange goes first: a target counts as drained only when its process is rid of the request.
    const giveUp = (result: number, why: string) => {
      if (over) return;
      finish(result);
      controller?.abort(new Error(why));
    };
    const timer = setTimeout(() => {
      if (status === undefined)
        giveUp(
          sink.fail(408, "RequestTimeout", `The model did not answer within ${deployment.timeoutMs} ms.`),
          "timeout",
        );
      else {
        sink.cut();
        giveUp(408, "timeout");
      }
    }, deployment.timeoutMs);
    sink.abandoned(() => giveUp(499, "the caller went away"));
    pool.dispatch(
      {
        method: incoming.method as Dispatcher.HttpMethod,
        path: incoming.path,
        headers: forwarded(incoming),
        body: incoming.body.length > 0 ? incoming.body : null,
      },
      {
        onRequestStart: (started) => {
          controller = started;
          if (over) started.abort(new Error("over"));
        },
        onResponseStart: (_, code, headers, message) => {
          if (over) return;
          modelStatus = code;
          collector?.begin(String(headers["content-type"] ?? ""));
          status = sink.head(code, passed(headers), message ?? "");
        },
        onResponseData: (_, chunk) => {
          if (over) return;
          sink.data(chunk);
          collector?.add(chunk);
        },
        onResponseEnd: () => {
          if (over) return;
          ended = true;
          sink.end();
          finish(status ?? 502);
        },
        onResponseError: (_, error) => {
          if (over) return;
          if (status === undefined)
            finish(
              sink.fail(
                502,
                "BadGateway",
                `The container of deployment '${deployment.name}' broke off: ${error.message}.`,
              ),
            );
          else {
            sink.cut();
            finish(502);
          }
        },
      },
    );
  });
}

/** Keeps an answer as it passes; nothing where the deployment collects none, or this one is not of the sample. */
function collectorOf({ collected }: DeploymentRoute) {
  if (Math.random() >= collected) return undefined;
  const chunks: Buffer[] = [];
  let [size, contentType] = [0, ""];
  return {
    begin: (type: string) => {
      contentType = type;
    },
    add: (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_COLLECTED_BYTES) chunks.push(chunk);
    },
    answer: () =>
      size > MAX_COLLECTED_BYTES ? undefined : { contentType, body: Buffer.concat(chunks).toString("utf8") },
  };
}

function forwarded(incoming: Incoming): Record<string, string | string[]> {
  const { requestId } = incoming;
  const headers: Record<string, string | string[]> = { "x-ms-request-id": requestId, "x-request-id": requestId };
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined && !NOT_FORWARDED.has(name)) headers[name] = value;
  }
  return headers;
}

function passed(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) kept[name] = value;
  }
  return kept;
}

function responseSink(response: ServerResponse, deployment: string): Sink {
  response.setHeader("azureml-model-deployment", deployment);
  return {
    head(status, headers, reason) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      // Azure answers 424 for whatever a container answers that is not 200, and tells what it was.
      const shown = status === 200 ? 200 : 424;
      if (shown === 424) {
        response.setHeader("ms-azureml-model-error-statuscode", String(status));
        response.setHeader("ms-azureml-model-error-reason", reason === "" ? "model_error" : reason);
      }
      response.writeHead(shown);
      return shown;
    },
    data: (chunk) => void response.write(chunk),
    end: () => void response.end(),
    cut: () => void response.destroy(),
    fail(status, code, message) {
      sendError(response, status, code, message);
      return status;
    },
    abandoned: (callback) => {
      response.once("close", () => {
        if (!response.writableFinished) callback();
      });
    },
  };
}

function droppingSink(): Sink {
  return {
    head: (status) => (status === 200 ? 200 : 424),
    data: () => undefined,
    end: () => undefined,
    cut: () => undefined,
    fail: (status) => status,
    abandoned: () => undefined,
  };
}

/** Answers an error of the front door itself. */
export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  const body = JSON.stringify({ error: { code, message } });
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
    .end(body);
}

/** Reads a request's body; undefined where it is larger than {@link MAX_BODY_BYTES}. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}
