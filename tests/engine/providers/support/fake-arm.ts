import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";

/** A resource as ARM's JSON. */
export interface Resource {
  [name: string]: unknown;
  properties?: Record<string, unknown>;
}

/** An ARM that keeps whatever it is given, over HTTPS with managed-identity tokens. It stands in for the real emulator's. */
export interface FakeArm {
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
  /** By id in lower case. */
  readonly resources: Map<string, Resource>;
  /** Method and path of every call that changes something, in order. */
  readonly writes: string[];
  /** How many tokens were given. */
  tokens(): number;
  /** Makes the next PUT of an id that ends so fail after it was accepted. */
  failNext(idEnd: string, code: string, message: string): void;
  close(): Promise<void>;
}

/** A token as the emulator's token service gives it: three parts, the middle one with the claims. */
function token(): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ appid: "app-1", oid: "object-1", tid: "tenant-1" })}.signature`;
}

export async function startFakeArm(certificate: { key: string; cert: string }): Promise<FakeArm> {
  const resources = new Map<string, Resource>();
  const writes: string[] = [];
  const operations = new Map<string, { polls: number; error?: { code: string; message: string } }>();
  const failures = new Map<string, { code: string; message: string }>();
  let origin = "";
  let tokens = 0;

  const answer = (response: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body === undefined ? "" : JSON.stringify(body));
  };
  const operation = (error?: { code: string; message: string }) => {
    const id = String(operations.size + 1);
    operations.set(id, { polls: 2, ...(error === undefined ? {} : { error }) });
    return `${origin}/operations/${id}`;
  };
  const poll = (response: ServerResponse, id: string) => {
    const state = operations.get(id);
    if (state === undefined)
      return answer(response, 404, { error: { code: "NotFound", message: "no such operation" } });
    state.polls -= 1;
    if (state.polls > 0) return answer(response, 200, { status: "InProgress" }, { "retry-after": "0" });
    return answer(response, 200, { status: state.error ? "Failed" : "Succeeded", error: state.error });
  };
  const put = (response: ServerResponse, id: string, body: Resource) => {
    const key = id.toLowerCase();
    const existed = resources.has(key);
    const [end, failure] = [...failures].find(([suffix]) => key.endsWith(suffix.toLowerCase())) ?? [];
    if (end !== undefined) failures.delete(end);
    const computed = { provisioningState: failure ? "Failed" : "Succeeded", ...extras(id) };
    resources.set(key, {
      ...body,
      id,
      name: id.split("/").at(-1),
      type: "Fake",
      properties: { ...body.properties, ...computed },
    });
    answer(response, existed ? 200 : 201, resources.get(key), { "azure-asyncoperation": operation(failure) });
  };

  const server = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
    void handle(request, response);
  });
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", origin).pathname);
    if (path === "/token") {
      if (request.headers["x-identity-header"] !== "identity-secret") return answer(response, 401);
      tokens += 1;
      return answer(response, 200, { access_token: token(), expires_on: String(Math.floor(Date.now() / 1000) + 3600) });
    }
    if (request.headers.authorization !== `Bearer ${token()}`) return answer(response, 401);
    if (path.startsWith("/operations/")) return poll(response, path.slice("/operations/".length));
    if (request.method !== "GET") writes.push(`${request.method} ${path}`);
    if (request.method === "PUT") return put(response, path, await json(request));
    if (request.method === "POST") return answer(response, 200, { primaryKey: "key-one", secondaryKey: "key-two" });
    return getOrDelete(response, path, request.method === "DELETE");
  };
  const getOrDelete = (response: ServerResponse, path: string, remove: boolean) => {
    const key = path.toLowerCase();
    const known = resources.get(key);
    if (known === undefined)
      return answer(response, 404, { error: { code: "ResourceNotFound", message: `no ${path}` } });
    if (!remove) return answer(response, 200, known);
    for (const id of [...resources.keys()]) if (id === key || id.startsWith(`${key}/`)) resources.delete(id);
    return answer(response, 202, undefined, { "azure-asyncoperation": operation() });
  };

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint: origin,
    env: {
      AZURE_RESOURCE_MANAGER_ENDPOINT: origin,
      IDENTITY_ENDPOINT: `${origin}/token`,
      IDENTITY_HEADER: "identity-secret",
      ARM_SUBSCRIPTION_ID: "00000000-0000-0000-0000-000000000001",
    },
    resources,
    writes,
    tokens: () => tokens,
    failNext: (idEnd, code, message) => failures.set(idEnd, { code, message }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What Azure adds to an endpoint: an address. */
function extras(id: string): Record<string, unknown> {
  return /onlineEndpoints\/[^/]+$/.test(id) ? { scoringUri: `https://127.0.0.1/${id.split("/").at(-1)}/predict` } : {};
}

async function json(request: IncomingMessage): Promise<Resource> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part as Uint8Array));
  return JSON.parse(Buffer.concat(parts).toString("utf8")) as Resource;
}
