import { createHash, timingSafeEqual } from "node:crypto";
import { verifyToken } from "../jwt.ts";
import type { EndpointRoute } from "./front-door.ts";

/** The audience of tokens for scoring, with and without the slash that some clients add. */
export const SCORING_AUDIENCES = ["https://ml.azure.com", "https://ml.azure.com/"];

/** The claim that ties a token of an `AMLToken` endpoint to that endpoint. */
export const ENDPOINT_CLAIM = "endpoint";

/** Why a caller is refused, or undefined where it may call. */
export function refusal(route: EndpointRoute, authorization: string | undefined, tokenKey: string): string | undefined {
  const credential = /^Bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
  if (credential === undefined) return "The request has no Authorization header of the form 'Bearer <key or token>'.";
  if (route.auth.mode === "Key") {
    return route.auth.keys.some((key) => same(key, credential)) ? undefined : "The key is not one of this endpoint's.";
  }
  const claims = verifyToken(credential, tokenKey, SCORING_AUDIENCES);
  if (typeof claims === "string") return claims;
  const own = claims[ENDPOINT_CLAIM] === route.id.toLowerCase();
  if (route.auth.mode === "AMLToken" && !own) return "The token was not issued for this endpoint.";
  return undefined;
}

function same(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
