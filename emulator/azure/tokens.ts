import { randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { writeFileAtomically } from "../atomic-file.ts";
import { signToken, type TokenKeys } from "../jwt.ts";
import { uuidOf } from "./resource-id.ts";

/** The subscription that exists. Fixed, so that ids are the same in every rehearsal. */
export const SUBSCRIPTION_ID = "0a1b2c3d-0000-4000-8000-00000000e001";
/** The tenant of the subscription and of every token. */
export const TENANT_ID = "0a1b2c3d-0000-4000-8000-00000000e002";

/** Audience of tokens for Azure Resource Manager. */
export const ARM_AUDIENCE = "https://management.azure.com";
/** Audience of tokens for scoring. */
export const ML_AUDIENCE = "https://ml.azure.com";
const STORAGE_AUDIENCE = "https://storage.azure.com";
/** Seconds that a token is good for. */
const LIFETIME_S = 3600;

/** A token for `audience`, as the tenant's token service would issue it. */
export function issueToken(keys: TokenKeys, audience: string, claims: Readonly<Record<string, unknown>> = {}) {
  const iat = Math.floor(Date.now() / 1000);
  const exp = iat + LIFETIME_S;
  const oid = uuidOf("managed identity", TENANT_ID);
  const identity = {
    tid: TENANT_ID,
    oid,
    sub: oid,
    appid: uuidOf("client", oid),
    idtyp: "app",
    ver: "1.0",
    uti: randomUUID(),
  };
  const token = signToken(
    { aud: audience, iss: `https://sts.windows.net/${TENANT_ID}/`, iat, nbf: iat - 60, exp, ...identity, ...claims },
    keys.privateKey,
  );
  return { token, expiresOn: exp, clientId: identity.appid };
}

/** The secret that callers send as X-IDENTITY-HEADER, made once a home. */
export async function loadIdentitySecret(folder: string): Promise<string> {
  const file = join(folder, "identity-header");
  const known = await readFile(file, "utf8").catch(() => undefined);
  if (known !== undefined && known !== "") return known;
  const secret = randomBytes(24).toString("hex");
  await writeFileAtomically(file, secret, 0o600);
  return secret;
}

export interface TokenServiceOptions {
  readonly keys: TokenKeys;
  readonly secret: string;
  /** The emulator's own ARM address. The vendor's SDKs ask for a token for whatever endpoint they were given. */
  readonly armAddress: string;
}

/**
 * The managed-identity endpoint of Azure App Service, protocol 2019-08-01
 * (learn.microsoft.com/azure/app-service/overview-managed-identity, REST endpoint reference).
 */
export function createTokenServer(options: TokenServiceOptions): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const [status, body] =
      request.method === "GET"
        ? answer(url, request.headers["x-identity-header"], options)
        : refused(405, "Only GET is allowed.");
    const text = JSON.stringify(body);
    response.writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      "cache-control": "no-store",
    });
    response.end(text);
  });
}

function answer(url: URL, secret: string | string[] | undefined, options: TokenServiceOptions): [number, unknown] {
  if (url.pathname !== "/msi/token")
    return refused(404, `There is nothing at '${url.pathname}'. Tokens are at /msi/token.`);
  if (typeof secret !== "string" || !same(secret, options.secret))
    return refused(401, "The header X-IDENTITY-HEADER is missing or wrong. Send the value of IDENTITY_HEADER.");
  if (url.searchParams.get("api-version") !== "2019-08-01")
    return refused(400, "The parameter api-version must be 2019-08-01.");
  const asked = url.searchParams.get("resource") ?? url.searchParams.get("scope");
  const audience = asked === null ? undefined : audienceOf(asked, options.armAddress);
  if (asked === null) return refused(400, "The parameter resource is missing.");
  if (audience === undefined)
    return refused(
      400,
      `AADSTS500011: The resource principal named ${asked} was not found in the tenant. The emulator offers ${ARM_AUDIENCE}, ${STORAGE_AUDIENCE} and ${ML_AUDIENCE}.`,
    );
  const { token, expiresOn, clientId } = issueToken(options.keys, audience);
  return [
    200,
    { access_token: token, expires_on: String(expiresOn), resource: asked, token_type: "Bearer", client_id: clientId },
  ];
}

/** The audience that a resource or a scope stands for; undefined where the emulator has no such resource. */
export function audienceOf(asked: string, armAddress: string): string | undefined {
  const plain = asked.replace(/\/\.default$/, "").replace(/\/+$/, "");
  if ([ARM_AUDIENCE, "https://management.core.windows.net", armAddress].includes(plain)) return ARM_AUDIENCE;
  return [STORAGE_AUDIENCE, ML_AUDIENCE].find((audience) => audience === plain);
}

function refused(status: number, message: string): [number, unknown] {
  return [status, { statusCode: status, message }];
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
