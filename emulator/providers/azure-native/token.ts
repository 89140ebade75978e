import { type Dispatcher, fetch } from "undici";
import { isObject, toProperties, type Value } from "../values.ts";

/** The audience of tokens for Azure Resource Manager. */
const resource = "https://management.azure.com/";
/** Tokens are renewed this long before they end. */
const marginSeconds = 120;

/** Where tokens come from: App Service's managed-identity protocol (`IDENTITY_ENDPOINT`, version 2019-08-01). */
export interface TokenSource {
  get(): Promise<string>;
}

export function createTokenSource(
  settings: { readonly identityEndpoint: string; readonly identityHeader: string },
  dispatcher: Dispatcher,
): TokenSource {
  let current: Promise<string> | undefined;
  let renewAt = Number.POSITIVE_INFINITY;

  const request = async () => {
    const url = new URL(settings.identityEndpoint);
    url.searchParams.set("api-version", "2019-08-01");
    url.searchParams.set("resource", resource);
    const response = await fetch(url, { headers: { "x-identity-header": settings.identityHeader }, dispatcher });
    if (!response.ok) throw new Error(`no token from ${url.origin}: HTTP ${response.status} ${await response.text()}`);
    const answer = toProperties(await response.json());
    const { access_token: token, expires_on: expires } = answer;
    if (typeof token !== "string") throw new Error(`no access_token in the answer of ${url.origin}`);
    const expiresAt = Number(expires);
    if (!Number.isFinite(expiresAt))
      throw new Error(`expires_on of ${url.origin} is not a number: ${JSON.stringify(expires)}`);
    renewAt = (expiresAt - marginSeconds) * 1000;
    return token;
  };

  return {
    get() {
      if (current === undefined || Date.now() >= renewAt) {
        renewAt = Number.POSITIVE_INFINITY;
        current = request();
        // A failure is told to those who wait for it, and the next one to ask tries again.
        current.catch(() => {
          current = undefined;
        });
      }
      return current;
    },
  };
}

/** The claims of a JSON web token, unverified: it is our own. */
export function claims(token: string): Readonly<Record<string, Value>> {
  const [, payload = ""] = token.split(".");
  const parsed: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  if (!isObject(parsed)) throw new Error("the token's payload is not a JSON object");
  return parsed;
}
