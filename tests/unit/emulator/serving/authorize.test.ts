import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { signToken } from "../../../../emulator/jwt.ts";
import { refusal } from "../../../../emulator/serving/authorize.ts";
import type { EndpointAuth, EndpointRoute } from "../../../../emulator/serving/front-door.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
const token = (claims: object) =>
  signToken({ aud: "https://ml.azure.com", iss: "i", exp: Date.now() / 1000 + 60, ...claims }, privateKey);
const route = (auth: EndpointAuth): EndpointRoute => ({
  id: "/Endpoints/E",
  port: 1,
  scoringPath: "/",
  auth,
  traffic: {},
  mirror: {},
  deployments: [],
});
const keyed = route({ mode: "Key", keys: ["first", "second"] });

describe("a caller of an endpoint", () => {
  const CASES: readonly [string, EndpointRoute, string | undefined, RegExp | undefined][] = [
    ["with the first key", keyed, "Bearer first", undefined],
    ["with the second key", keyed, "bearer second", undefined],
    ["with another key", keyed, "Bearer third", /not one of this endpoint's/],
    ["with a part of a key", keyed, "Bearer fir", /not one of this endpoint's/],
    ["with nothing", keyed, undefined, /no Authorization header/],
    ["with Basic", keyed, "Basic first", /no Authorization header/],
    ["with a token at a key endpoint", keyed, `Bearer ${token({})}`, /not one of this endpoint's/],
    ["with a token", route({ mode: "AADToken" }), `Bearer ${token({})}`, undefined],
    ["with a key at a token endpoint", route({ mode: "AADToken" }), "Bearer first", /not a JSON Web Token/],
    [
      "with a token for storage",
      route({ mode: "AADToken" }),
      `Bearer ${token({ aud: "https://storage.azure.com" })}`,
      /audience/,
    ],
    [
      "with this endpoint's token",
      route({ mode: "AMLToken" }),
      `Bearer ${token({ endpoint: "/endpoints/e" })}`,
      undefined,
    ],
    [
      "with another endpoint's token",
      route({ mode: "AMLToken" }),
      `Bearer ${token({ endpoint: "/endpoints/f" })}`,
      /not issued for this endpoint/,
    ],
  ];
  for (const [who, at, header, why] of CASES) {
    it(`${who} is ${why === undefined ? "let in" : "refused"}`, () => {
      const result = refusal(at, header, pem);
      if (why === undefined) assert.equal(result, undefined);
      else assert.match(result ?? "", why);
    });
  }
});
