import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeFileAtomically } from "./atomic-file.ts";

/** What a token says. Times are seconds since 1970. */
export interface TokenClaims {
  readonly aud: string;
  readonly iss: string;
  readonly exp: number;
  readonly [claim: string]: unknown;
}

/** A pair of keys for RS256. */
export interface TokenKeys {
  readonly privateKey: KeyObject;
  /** Public key (PEM, SPKI), for those who only verify. */
  readonly publicPem: string;
}

/** Loads the key kept in `file`, or makes it (RSA 2048, mode 0600). */
export async function loadTokenKeys(file: string): Promise<TokenKeys> {
  let pem: string;
  try {
    pem = await readFile(file, "utf8");
  } catch {
    pem = generateKeyPairSync("rsa", { modulusLength: 2048 })
      .privateKey.export({ type: "pkcs8", format: "pem" })
      .toString();
    await writeFileAtomically(file, pem, 0o600);
  }
  const privateKey = createPrivateKey(pem);
  const publicPem = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
  return { privateKey, publicPem };
}

/** A signed JSON Web Token (RFC 7519) with algorithm RS256. */
export function signToken(claims: TokenClaims, privateKey: KeyObject): string {
  const head = `${encode({ typ: "JWT", alg: "RS256" })}.${encode(claims)}`;
  return `${head}.${sign("RSA-SHA256", Buffer.from(head), privateKey).toString("base64url")}`;
}

/**
 * The claims of a token that is whole, signed by the key, in date and for one of the audiences.
 *
 * @returns the claims, or a sentence that says why the token is refused.
 */
export function verifyToken(
  token: string,
  publicPem: string,
  audiences: readonly string[],
  now = Date.now(),
): TokenClaims | string {
  const [head, body, signature, ...rest] = token.split(".");
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0)
    return "The token is not a JSON Web Token.";
  const header = decode(head);
  if (header?.["alg"] !== "RS256") return "The token is not signed with RS256.";
  if (!verify("RSA-SHA256", Buffer.from(`${head}.${body}`), publicPem, Buffer.from(signature, "base64url")))
    return "The token's signature is not valid.";
  const claims = decode(body);
  if (!isTokenClaims(claims)) return "The token lacks `aud`, `iss` or `exp`.";
  if (claims.exp * 1000 <= now) return "The token has expired.";
  if (!audiences.includes(claims.aud))
    return `The token is for the audience '${claims.aud}', not for '${audiences.join("' or '")}'.`;
  return claims;
}

/** The claims of a token, whoever signed it; undefined where it is none. */
export function decodeToken(token: string): Record<string, unknown> | undefined {
  const [head, body, signature, ...rest] = token.split(".");
  if (!head || !body || !signature || rest.length > 0 || decode(head) === undefined) return undefined;
  return decode(body);
}

function isTokenClaims(claims: Record<string, unknown> | undefined): claims is TokenClaims {
  return typeof claims?.["aud"] === "string" && typeof claims["iss"] === "string" && typeof claims["exp"] === "number";
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
