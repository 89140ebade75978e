// The front door runs as a process of its own, so that load on endpoints does not slow Azure's management, nor the
// other way round. The service tells it what to route, over IPC, and each order is acknowledged.
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { refusal } from "./authorize.ts";
import { chooseDeployment } from "./choose.ts";
import type { DoorEnvelope, DoorReport, DoorRequest } from "./door-messages.ts";
import type { CollectedAnswer, EndpointRoute } from "./front-door.ts";
import { createRelay, type Ending, type Incoming, readBody, sendError } from "./relay.ts";
import { openRequestMetrics, type RequestMetrics } from "./request-metrics.ts";

const FLUSH_MS = 3000;

interface OpenEndpoint {
  route: EndpointRoute;
  readonly server: Server;
}

const endpoints = new Map<string, OpenEndpoint>();
const relay = createRelay();
let metrics: RequestMetrics | undefined;
let tokenKey = "";
let used = false;
let collected: CollectedAnswer[] = [];

async function serve(endpoint: OpenEndpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
  used = true;
  const started = performance.now();
  const given = request.headers["x-request-id"];
  const requestId = typeof given === "string" && /^[\w.-]{1,128}$/.test(given) ? given : randomUUID();
  response.setHeader("x-ms-request-id", requestId);
  const client = request.headers["x-ms-client-request-id"];
  if (client !== undefined) response.setHeader("x-ms-client-request-id", client);
  const body = await readBody(request);
  // The route is read once, here: a change while this request is under way does not touch it.
  const route = endpoint.route;
  const count = (name: string, { answer, ...outcome }: Ending, since: number) => {
    metrics?.add(route.id, name, { ...outcome, latencyMs: performance.now() - since });
    if (answer === undefined) return;
    collected.push({ endpoint: route.id, deployment: name, time: new Date().toISOString(), requestId, ...answer });
  };
  const refuse = (status: number, code: string, message: string) => {
    count("", { status }, started);
    sendError(response, status, code, message);
  };
  const denied = refusal(route, request.headers.authorization, tokenKey);
  if (denied !== undefined) return refuse(401, "Unauthorized", denied);
  if (body === undefined) return refuse(413, "PayloadTooLarge", "The request's body is larger than 10 MB.");
  const named = request.headers["azureml-model-deployment"];
  const choice = chooseDeployment(route, Array.isArray(named) ? named[0] : named, Math.random);
  if (choice.kind === "refused") return refuse(404, "NotFound", choice.message);
  const incoming: Incoming = {
    method: request.method ?? "POST",
    path: request.url ?? "/",
    headers: request.headers,
    body,
    requestId,
  };
  const { deployment, mirror } = choice;
  if (mirror !== undefined) {
    const copied = performance.now();
    relay.copy(towards(route, mirror.scoringPath, incoming), mirror).then(
      (outcome) => count(mirror.name, outcome, copied),
      (error: unknown) => console.error(`copy to ${mirror.name}: ${String(error)}`),
    );
  }
  const outcome = await relay.carry(towards(route, deployment.scoringPath, incoming), deployment, response);
  count(deployment.name, outcome, started);
}

function towards(route: EndpointRoute, scoringPath: string, incoming: Incoming): Incoming {
  const [path = "/", query] = incoming.path.split("?", 2);
  if (path !== route.scoringPath) return incoming;
  return { ...incoming, path: query === undefined ? scoringPath : `${scoringPath}?${query}` };
}

async function open(route: EndpointRoute): Promise<void> {
  const known = endpoints.get(route.id);
  if (known !== undefined) {
    known.route = route;
    return;
  }
  const server = createServer();
  // Longer than clients keep idle connections, for the same reason as the relay's KEEP_ALIVE_MS.
  server.keepAliveTimeout = 75_000;
  const endpoint: OpenEndpoint = { route, server };
  server.on("request", (request, response) => {
    serve(endpoint, request, response).catch((error: unknown) => {
      console.error(`${route.id}: ${String(error)}`);
      if (response.headersSent) response.destroy();
      else sendError(response, 500, "InternalServerError", "The front door failed; its log says why.");
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(route.port, "127.0.0.1", resolve);
  });
  endpoints.set(route.id, endpoint);
}

async function close(endpointId: string): Promise<void> {
  const endpoint = endpoints.get(endpointId);
  if (endpoint === undefined) return;
  endpoints.delete(endpointId);
  endpoint.route = { ...endpoint.route, traffic: {}, mirror: {}, deployments: [] };
  await new Promise<void>((resolve) => {
    // Connections that fall idle after this moment would hold the server open.
    const sweep = setInterval(() => endpoint.server.closeIdleConnections(), 50);
    endpoint.server.close(() => {
      clearInterval(sweep);
      resolve();
    });
  });
}

async function perform(request: DoorRequest): Promise<void> {
  switch (request.kind) {
    case "begin":
      metrics = openRequestMetrics(request.metricsFolder);
      return;
    case "route":
      return open(request.route);
    case "unroute":
      return close(request.endpointId);
    case "drained":
      return relay.drained(request.targets);
    case "trust":
      tokenKey = request.publicPem;
      return;
    case "flush":
      return metrics?.flush();
    case "finish":
      await Promise.all([...endpoints.keys()].map(close));
      await metrics?.flush();
  }
}

function report(message: DoorReport): void {
  if (process.connected) process.send?.(message);
}

process.on("message", ({ call, request }: DoorEnvelope) => {
  perform(request).then(
    () => report({ kind: "done", call }),
    (error: unknown) => report({ kind: "done", call, error: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
setInterval(() => {
  if (!used) return;
  used = false;
  report({ kind: "used" });
  if (collected.length > 0) report({ kind: "collected", answers: collected });
  collected = [];
  metrics?.flush().catch((error: unknown) => console.error(`request metrics: ${String(error)}`));
}, FLUSH_MS);
