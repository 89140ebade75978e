import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { decodeToken, type TokenKeys } from "../jwt.ts";
import type { ServiceContext } from "../service.ts";
import { propertiesOf } from "./arm.ts";
import type { ResourceStore, Stored } from "./store.ts";
import { audienceOf, issueToken, SUBSCRIPTION_ID, TENANT_ID } from "./tokens.ts";

const IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities";
const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FIELDS = ["grant_type", "client_id", "client_assertion_type", "client_assertion", "scope"] as const;
const MAX_BODY_BYTES = 64 * 1024;
const DOCUMENTATION = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

export interface FederationOptions {
  readonly keys: TokenKeys;
  readonly store: ResourceStore;
  readonly context: ServiceContext;
  /** The emulator's own ARM address, which tokens may be asked for as for Azure's. */
  readonly armAddress: string;
}

/** Entra ID's own refusal: an OAuth error, and the number after `AADSTS`. */
class Refusal extends Error {
  readonly status: number;
  readonly error: string;
  readonly code: number;

  constructor(status: number, error: string, code: number, message: string) {
    super(message);
    this.status = status;
    this.error = error;
    this.code = code;
  }
}

const badRequest = (code: number, message: string) => new Refusal(400, "invalid_request", code, message);
const badClient = (code: number, message: string) => new Refusal(401, "invalid_client", code, message);

/**
 * Entra ID's token endpoint for jobs that bring a token of their CI system (workload identity federation). A user-assigned
 * identity answers for the client; issuer, subject and audience of the token must be those of one of its federated
 * credentials, letter by letter. The token's signature is not checked, as the issuer's keys are out of reach.
 */
export function createAuthorityServer(options: FederationOptions): Server {
  const { key, cert } = options.context.certificate;
  return createServer({ key, cert }, (request, response) => void respond(request, response, options));
}

async function respond(request: IncomingMessage, response: ServerResponse, options: FederationOptions) {
  options.context.touch();
  const [status, body] = await answer(request, options).then(
    (token) => [200, token] as const,
    (error: unknown) => {
      const refusal = error instanceof Refusal ? error : badRequest(90033, "A transient error has occurred.");
      if (refusal !== error) options.context.log(String(error));
      return [refusal.status, explain(refusal)] as const;
    },
  );
  const text = JSON.stringify(body);
  const headers = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(text) }).end(text);
  options.context.log(`${request.method} ${request.url} ${status}`);
}

async function answer(request: IncomingMessage, { keys, store, armAddress }: FederationOptions): Promise<object> {
  const [, tenant = "", ...rest] = new URL(request.url ?? "/", "https://127.0.0.1").pathname.split("/");
  if (rest.join("/") !== "oauth2/v2.0/token") {
    throw new Refusal(404, "invalid_request", 900561, `There is nothing at '${request.url}' but oauth2/v2.0/token.`);
  }
  if (request.method !== "POST") {
    throw badRequest(900561, `The endpoint only accepts POST requests. Received a ${request.method} request.`);
  }
  if (tenant !== TENANT_ID) throw badRequest(90002, `Tenant '${tenant}' not found.`);
  const form = await readForm(request);
  const audience = checkForm(form, armAddress);
  const identity = identityOf(form.client_id, store);
  checkAssertion(form.client_assertion, store.list(`${IDENTITIES}/federatedIdentityCredentials`, identity.id));
  const { principalId: oid, clientId: appid } = propertiesOf(identity);
  const { token, expiresOn } = issueToken(keys, audience, { oid, sub: oid, appid, xms_mirid: identity.id });
  const seconds = expiresOn - Math.floor(Date.now() / 1000);
  return { token_type: "Bearer", expires_in: seconds, ext_expires_in: seconds, access_token: token };
}

type Form = Readonly<Record<(typeof FIELDS)[number], string>>;

async function readForm(request: IncomingMessage): Promise<Form> {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) throw badRequest(90014, "The request's body is too large.");
  }
  const sent = new URLSearchParams(text);
  const missing = FIELDS.find((name) => !sent.get(name));
  if (missing !== undefined) {
    throw badRequest(900144, `The request body must contain the following parameter: '${missing}'.`);
  }
  const odd = [...sent.keys()].find((name) => !FIELDS.some((field) => field === name));
  if (odd !== undefined) throw new Refusal(501, "invalid_request", 90014, `The emulator does not know '${odd}'.`);
  return Object.fromEntries(FIELDS.map((name) => [name, sent.get(name) ?? ""])) as Form;
}

/** @returns the audience that the scope stands for */
function checkForm({ grant_type, client_assertion_type, scope }: Form, armAddress: string): string {
  if (grant_type !== "client_credentials") {
    throw new Refusal(400, "unsupported_grant_type", 70003, `The app requested an unsupported grant '${grant_type}'.`);
  }
  if (client_assertion_type !== JWT_BEARER) {
    throw badRequest(50027, `The client assertion type '${client_assertion_type}' is not '${JWT_BEARER}'.`);
  }
  if (!/^\S+\/\.default$/.test(scope)) {
    throw new Refusal(
      400,
      "invalid_scope",
      1002012,
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    );
  }
  const audience = audienceOf(scope, armAddress);
  if (audience !== undefined) return audience;
  const resource = scope.replace(/\/\.default$/, "");
  throw new Refusal(
    400,
    "invalid_resource",
    500011,
    `The resource principal named ${resource} was not found in the tenant named ${TENANT_ID}.`,
  );
}

function identityOf(client: string, store: ResourceStore): Stored {
  const found = store
    .list(IDENTITIES, `/subscriptions/${SUBSCRIPTION_ID}`)
    .find((identity) => String(propertiesOf(identity)["clientId"]).toLowerCase() === client.toLowerCase());
  if (found !== undefined) return found;
  throw new Refusal(
    400,
    "unauthorized_client",
    700016,
    `Application with identifier '${client}' was not found in the directory '${TENANT_ID}'.`,
  );
}

/** @throws Refusal where the assertion is none, is out of date, or is not one that a credential trusts. */
function checkAssertion(assertion: string, credentials: readonly Stored[]): void {
  const claims = decodeToken(assertion);
  const { iss, sub, aud, exp, nbf } = claims ?? {};
  if (claims === undefined || typeof iss !== "string" || typeof sub !== "string" || typeof exp !== "number") {
    throw badRequest(50027, "JWT token is invalid or malformed.");
  }
  const now = Date.now() / 1000;
  if (exp <= now || (typeof nbf === "number" && nbf > now)) {
    const [current, end] = [now, exp].map((seconds) => new Date(seconds * 1000).toISOString());
    throw badClient(
      700024,
      `Client assertion is not within its valid time range. Current time: ${current}, expiry time of assertion ${end}.`,
    );
  }
  const audiences = [aud].flat().map(String);
  const trusted = credentials.map(propertiesOf);
  const ofIssuer = trusted.filter(({ issuer }) => issuer === iss);
  const ofSubject = ofIssuer.filter(({ subject }) => subject === sub);
  if (ofSubject.some((credential) => audiences.includes(String([credential["audiences"]].flat()[0])))) return;
  const none = "No matching federated identity record found for presented assertion";
  const check = `Check your federated identity credential Subject, Audience and Issuer against the presented assertion. ${DOCUMENTATION}`;
  if (trusted.length === 0) {
    const presented = `Assertion Issuer: '${iss}'. Assertion Subject: '${sub}'. Assertion Audience: '${audiences}'.`;
    throw badClient(70021, `${none}. ${presented} ${check}`);
  }
  if (ofIssuer.length === 0) throw badClient(700211, `${none} issuer '${iss}'. ${check}`);
  if (ofSubject.length === 0) throw badClient(700213, `${none} subject '${sub}'. ${check}`);
  throw badClient(700212, `${none} audience '${audiences}'. ${check}`);
}

function explain({ error, code, message }: Refusal): object {
  const [trace_id, correlation_id] = [randomUUID(), randomUUID()];
  const timestamp = `${new Date().toISOString().slice(0, 19).replace("T", " ")}Z`;
  const lines = [`AADSTS${code}: ${message}`, `Trace ID: ${trace_id}`, `Correlation ID: ${correlation_id}`];
  const error_description = [...lines, `Timestamp: ${timestamp}`].join("\r\n");
  return { error, error_description, error_codes: [code], timestamp, trace_id, correlation_id };
}
