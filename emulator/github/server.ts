import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  badCredentials,
  errorBody,
  GithubError,
  invalidRequest,
  notAnObject,
  notJson,
  notOffered,
  requiresAuthentication,
} from "./errors.ts";
import type { Github, RestResponse } from "./rest.ts";
import { match } from "./routes.ts";

export interface ServerOptions {
  readonly github: Github;
  readonly log: (line: string) => void;
  readonly touch: () => void;
}

const documentation = "https://docs.github.com/rest";
/** GitHub takes files up to 100 MB through its contents API; Base64 makes a third more of it. */
const largestBody = 140 * 1024 * 1024;

export function createGithubServer(options: ServerOptions): Server {
  return createServer((request, response) => {
    options.touch();
    answer(request, options)
      .then((result) => send(response, result))
      .catch((error: unknown) => {
        options.log(`the answer could not be sent: ${String(error)}`);
        response.destroy();
      });
  });
}

async function answer(request: IncomingMessage, { github, log }: ServerOptions): Promise<RestResponse> {
  const method = request.method ?? "GET";
  const url = new URL(request.url ?? "/", github.url);
  const asked = `${method} ${url.pathname}`;
  let docs = documentation;
  try {
    checkToken(request.headers.authorization, github.keys.token);
    const found = find(method, url.pathname);
    if (found === undefined) throw notOffered(`\`${asked}\``);
    docs = `${documentation}${found.route.docs}`;
    const query = Object.fromEntries(url.searchParams);
    const unknown = Object.keys(query).find((name) => !found.route.query.includes(name));
    if (unknown !== undefined) throw notOffered(`the query parameter \`${unknown}\` of \`${asked}\``);
    const body = parseBody(await readBody(request));
    return await found.route.handler({ github, params: found.params, query, body });
  } catch (error) {
    const known = error instanceof GithubError ? error : undefined;
    if (known === undefined)
      log(`${asked}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    else if (known.status === 501) log(`${asked}: ${known.message}`);
    const shown = known ?? new GithubError(500, `The emulator failed at \`${asked}\`; its log github.log says why.`);
    return { status: shown.status, body: errorBody(shown, docs) };
  }
}

function find(method: string, path: string) {
  try {
    return match(method, path);
  } catch {
    throw invalidRequest(`The path \`${path}\` is not valid percent-encoding.`);
  }
}

function checkToken(authorization: string | undefined, token: string): void {
  if (authorization === undefined) throw requiresAuthentication();
  const given = /^(?:token|bearer) +(\S+)$/i.exec(authorization)?.[1] ?? "";
  const digest = (text: string) => createHash("sha256").update(text).digest();
  if (!timingSafeEqual(digest(given), digest(token))) throw badCredentials();
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) throw new GithubError(413, "Payload too big: at most 140 MB.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseBody(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw notJson();
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw notAnObject();
  return body as Record<string, unknown>;
}

function send(response: ServerResponse, { status, body, headers }: RestResponse): void {
  response.writeHead(status, {
    "X-GitHub-Media-Type": "github.v3; format=json",
    ...(body === undefined ? {} : { "Content-Type": "application/json; charset=utf-8" }),
    ...headers,
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
