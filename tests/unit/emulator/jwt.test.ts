import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { loadTokenKeys, signToken, verifyToken } from "../../../emulator/jwt.ts";

describe("a token", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ml-delivery-jwt-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "key.pem");
  const keys = await loadTokenKeys(file);
  const now = 1_700_000_000_000;
  const claims = { aud: "https://ml.azure.com", iss: "https://sts.windows.net/t/", exp: now / 1000 + 60 };
  const token = signToken(claims, keys.privateKey);
  const [head = "", body = "", signature = ""] = token.split(".");
  const unsigned = Buffer.from('{"alg":"none"}').toString("base64url");
  const verify = (text: string, audience = claims.aud, at = now) => verifyToken(text, keys.publicPem, [audience], at);

  it("gives its claims when it is whole, in date and meant for us", () => {
    assert.deepEqual(verify(token), claims);
  });

  const REFUSED: readonly [string, () => unknown, RegExp][] = [
    ["is no token", () => verify("abc"), /not a JSON Web Token/],
    ["has four parts", () => verify(`${token}.x`), /not a JSON Web Token/],
    ["names another algorithm", () => verify(`${unsigned}.${body}.${signature}`), /not signed with RS256/],
    [
      "has another's signature",
      () => verify(`${head}.${body}.${Buffer.from("x").toString("base64url")}`),
      /signature is not valid/,
    ],
    ["has expired", () => verify(token, claims.aud, now + 60_000), /has expired/],
    [
      "is for another audience",
      () => verify(token, "https://storage.azure.com"),
      /audience 'https:\/\/ml\.azure\.com'/,
    ],
  ];
  for (const [fault, result, why] of REFUSED) {
    it(`is refused when it ${fault}`, () => assert.match(String(result()), why));
  }

  it("is refused when it was signed with another key", async () => {
    const others = await loadTokenKeys(join(folder, "other.pem"));
    assert.match(String(verify(signToken(claims, others.privateKey))), /signature is not valid/);
  });

  it("is good after a restart: the key is kept, for its owner alone", async () => {
    assert.equal((await loadTokenKeys(file)).publicPem, keys.publicPem);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });
});
