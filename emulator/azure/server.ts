import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { verifyToken } from "../jwt.ts";
import type { Arm, ArmReply } from "./arm.ts";
import { AzureError, armErrors } from "./errors.ts";
import { parseResourceId } from "./resource-id.ts";
import { OPERATION_RESULTS, OPERATION_STATUSES, route } from "./routes.ts";
import { ARM_AUDIENCE } from "./tokens.ts";

const AUDIENCES = [ARM_AUDIENCE, `${ARM_AUDIENCE}/`];
const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/;
/** Azure Resource Manager's limit for a request's body: 4 MB. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Azure Resource Manager over HTTPS. */
export function createArmServer(arm: Arm): Server {
  const { key, cert } = arm.context.certificate;
  return createServer({ key, cert, keepAliveTimeout: 75_000 }, (request, response) => {
    void respond(arm, request, response);
  });
}

async function respond(arm: Arm, request: IncomingMessage, response: ServerResponse): Promise<void> {
  arm.context.touch();
  const started = performance.now();
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  let reply: ArmReply;
  let lost = false;
  try {
    const fault = await arm.faults.onRequest(request.method ?? "GET", path);
    if (fault !== undefined && fault.delayMs > 0) await delay(fault.delayMs);
    lost = fault?.lose === true;
    if (fault?.answer) throw new AzureError(fault.answer.status, fault.answer.code, fault.answer.message);
    reply = await answer(arm, request);
  } catch (error) {
    reply = errorReply(arm, error);
  }
  if (lost) request.socket.destroy();
  else send(request, response, reply);
  arm.context.log(`${request.method} ${path} ${reply.status} ${Math.round(performance.now() - started)} ms`);
}

// The order is that of the real service: who asks, how, what, then the operation.
async function answer(arm: Arm, request: IncomingMessage): Promise<ArmReply> {
  authenticate(arm, request.headers.authorization);
  const url = new URL(request.url ?? "/", "https://127.0.0.1");
  const apiVersion = url.searchParams.get("api-version");
  if (apiVersion === null) throw armErrors.missingApiVersion();
  if (!API_VERSION.test(apiVersion)) throw armErrors.invalidApiVersion(apiVersion);
  const body = await readJson(request);
  const path = url.pathname.replace(/\/+$/, "");
  return route(arm, { method: request.method ?? "GET", path, apiVersion, query: url.searchParams, body });
}

function authenticate(arm: Arm, authorization: string | undefined): void {
  if (authorization === undefined) throw armErrors.authenticationMissing();
  const token = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
  if (token === undefined)
    throw armErrors.invalidToken("The 'Authorization' header is not of the form 'Bearer <token>'.");
  const claims = verifyToken(token, arm.keys.publicPem, AUDIENCES);
  if (typeof claims === "string") throw armErrors.invalidToken(claims);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES)
    throw new AzureError(413, "RequestEntityTooLarge", "The request content is larger than 4 MB.");
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw armErrors.invalidContent("it is not JSON.");
  }
}

function errorReply(arm: Arm, error: unknown): ArmReply {
  if (error instanceof AzureError) return { status: error.status, body: error.body };
  arm.context.log(`failure: ${error instanceof Error ? error.stack : String(error)}`);
  const message = `The emulator failed: ${error instanceof Error ? error.message : String(error)}`;
  return { status: 500, body: { error: { code: "InternalServerError", message } } };
}

function send(request: IncomingMessage, response: ServerResponse, { status, body, operation }: ArmReply): void {
  response.setHeader("x-ms-request-id", randomUUID());
  const client = request.headers["x-ms-client-request-id"];
  if (client !== undefined) response.setHeader("x-ms-client-request-id", client);
  if (operation !== undefined)
    for (const [name, value] of operationHeaders(request, operation)) response.setHeader(name, value);
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(request.method === "HEAD" ? undefined : text);
}

function operationHeaders(request: IncomingMessage, operation: string): [string, string][] {
  const url = new URL(request.url ?? "/", `https://${request.headers.host ?? "127.0.0.1"}`);
  const id = parseResourceId(url.pathname);
  const place = `${url.origin}/subscriptions/${id?.subscription}/providers/${id?.namespace}/locations/global`;
  const query = `?api-version=${url.searchParams.get("api-version") ?? ""}`;
  return [
    ["azure-asyncoperation", `${place}/${OPERATION_STATUSES}/${operation}${query}`],
    ["location", `${place}/${OPERATION_RESULTS}/${operation}${query}`],
    // The status resource holds its answer until something happens, so there is nothing to wait for in between.
    ["retry-after", "0"],
  ];
}
