import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createTokenSource } from "../../../delivery/azure-credential.ts";
import { decodeToken } from "../../../emulator/jwt.ts";
import { type AzureHome, createAzureHome } from "../../support/azure.ts";

const V = "?api-version=2023-01-31";
const issuer = "https://gitlab.example.org";
const subject = "project_path:team/plant:ref_type:branch:ref:main";
const aud = "api://AzureADTokenExchange";
const ARM_SCOPE = "https://management.azure.com/.default";
const now = () => Math.floor(Date.now() / 1000);

/** A CI system's token, signed by nobody. */
function jobToken(claims: object = {}): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const whole = { iss: issuer, sub: subject, aud, exp: now() + 300, ...claims };
  return `${encode({ alg: "RS256", kid: "1" })}.${encode(whole)}.c2lnbmF0dXJl`;
}

describe("Entra ID, asked by a job with a token of its CI system", () => {
  let azure: AzureHome;
  let authority = "";
  let tenant = "";
  const identities: Record<string, { id: string; clientId: string; principalId: string }> = {};
  const folder = mkdtempSync(join(tmpdir(), "federation-"));

  before(async () => {
    azure = await createAzureHome();
    authority = azure.home.env["AZURE_AUTHORITY_HOST"] ?? "";
    tenant = azure.home.env["ARM_TENANT_ID"] ?? "";
    const group = `/subscriptions/${azure.subscription}/resourceGroups/federation`;
    await azure.arm("PUT", `${group}${V}`, { location: "eastus" });
    for (const name of ["deploy", "lonely"]) {
      const id = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
      const { body } = await azure.arm("PUT", `${id}${V}`, { location: "eastus" });
      identities[name] = { id, ...body.properties };
    }
    const properties = { issuer, subject, audiences: [aud] };
    const credential = `${identities["deploy"]?.id}/federatedIdentityCredentials/gitlab${V}`;
    assert.equal((await azure.arm("PUT", credential, { properties })).status, 201);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await azure.home.remove();
  });

  const form = (parts: Record<string, string | undefined> = {}): [string, string][] =>
    Object.entries({
      grant_type: "client_credentials",
      client_id: identities["deploy"]?.clientId,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: jobToken(),
      scope: ARM_SCOPE,
      ...parts,
    }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const ask = async (parts: Record<string, string | undefined> = {}, path = `${tenant}/oauth2/v2.0/token`) => {
    const body = new URLSearchParams(form(parts));
    const answer = await fetch(`${authority}${path}`, { method: "POST", body });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  it("lets it sign in as the identity that trusts it, at all three audiences", async () => {
    const file = join(folder, "token");
    writeFileSync(file, jobToken());
    const { clientId = "", principalId = "", id } = identities["deploy"] ?? {};
    const env = { AZURE_CLIENT_ID: clientId, AZURE_TENANT_ID: tenant, AZURE_FEDERATED_TOKEN_FILE: file };
    const source = createTokenSource({ ...env, AZURE_AUTHORITY_HOST: authority });
    for (const audience of ["https://management.azure.com", "https://storage.azure.com", "https://ml.azure.com"]) {
      const { token, expiresOnTimestamp } = await source(`${audience}/.default`);
      const claims = decodeToken(token);
      assert.deepEqual(
        [claims?.["aud"], claims?.["oid"], claims?.["sub"], claims?.["appid"], claims?.["tid"], claims?.["xms_mirid"]],
        [audience, principalId, principalId, clientId, tenant, id],
      );
      assert.ok(Math.abs(expiresOnTimestamp / 1000 - Number(claims?.["exp"])) <= 2);
    }
    const { token } = await source(ARM_SCOPE);
    assert.equal((await azure.arm("GET", `${id}${V}`, undefined, { authorization: `Bearer ${token}` })).status, 200);
  });

  it("takes one of several audiences, and tells nothing of the casing of the client's id", async () => {
    const client_assertion = jobToken({ aud: ["other", aud] });
    const client_id = identities["deploy"]?.clientId.toUpperCase();
    assert.equal((await ask({ client_assertion, client_id })).status, 200);
  });

  const refusals: [string, () => Record<string, string | undefined>, number, string, RegExp][] = [
    [
      "an unknown client",
      () => ({ client_id: tenant }),
      400,
      "unauthorized_client",
      /^AADSTS700016: Application .* '0a1b/,
    ],
    [
      "an identity that trusts nobody",
      () => ({ client_id: identities["lonely"]?.clientId }),
      401,
      "invalid_client",
      /^AADSTS70021: .*presented assertion\. Assertion Issuer: 'https:\/\/gitlab/,
    ],
    [
      "another issuer",
      () => ({ client_assertion: jobToken({ iss: `${issuer}/` }) }),
      401,
      "invalid_client",
      /^AADSTS700211: .*issuer 'https:\/\/gitlab\.example\.org\/'/,
    ],
    [
      "another subject, be it by its casing alone",
      () => ({ client_assertion: jobToken({ sub: subject.replace("main", "Main") }) }),
      401,
      "invalid_client",
      /^AADSTS700213: .*subject 'project_path:team\/plant:ref_type:branch:ref:Main'/,
    ],
    [
      "another audience",
      () => ({ client_assertion: jobToken({ aud: "sts.amazonaws.com" }) }),
      401,
      "invalid_client",
      /^AADSTS700212: .*audience 'sts\.amazonaws\.com'/,
    ],
    ["what is no token", () => ({ client_assertion: "words" }), 400, "invalid_request", /^AADSTS50027: JWT token/],
    [
      "a token without a subject",
      () => ({ client_assertion: jobToken({ sub: undefined }) }),
      400,
      "invalid_request",
      /^AADSTS50027: JWT token/,
    ],
    [
      "a token that has ended",
      () => ({ client_assertion: jobToken({ exp: now() - 1 }) }),
      401,
      "invalid_client",
      /^AADSTS700024: .*valid time range/,
    ],
    [
      "a token that has not begun",
      () => ({ client_assertion: jobToken({ nbf: now() + 100 }) }),
      401,
      "invalid_client",
      /^AADSTS700024: /,
    ],
    ["another grant", () => ({ grant_type: "password" }), 400, "unsupported_grant_type", /^AADSTS70003: /],
    ["another kind of assertion", () => ({ client_assertion_type: "saml" }), 400, "invalid_request", /^AADSTS50027: /],
    [
      "no assertion",
      () => ({ client_assertion: undefined }),
      400,
      "invalid_request",
      /^AADSTS900144: .*'client_asserti/,
    ],
    [
      "a field it does not know",
      () => ({ claims: "{}" }),
      501,
      "invalid_request",
      /The emulator does not know 'claims'/,
    ],
    ["a scope of one right", () => ({ scope: "openid" }), 400, "invalid_scope", /^AADSTS1002012: .*scope openid is/],
    [
      "a resource it does not have",
      () => ({ scope: "https://graph.microsoft.com/.default" }),
      400,
      "invalid_resource",
      /^AADSTS500011: The resource principal named https:\/\/graph\.microsoft\.com was not found/,
    ],
  ];
  for (const [what, parts, status, error, description] of refusals) {
    it(`refuses ${what}`, async () => {
      const answer = await ask(parts());
      assert.deepEqual([answer.status, answer.body["error"]], [status, error]);
      assert.match(String(answer.body["error_description"]), description);
      assert.match(String(answer.body["error_description"]), new RegExp(`^AADSTS${answer.body["error_codes"]}: `));
      assert.equal(answer.body["access_token"], undefined);
    });
  }

  it("knows one tenant, and one address in it", async () => {
    const other = await ask({}, "common/oauth2/v2.0/token");
    assert.match(String(other.body["error_description"]), /^AADSTS90002: Tenant 'common' not found/);
    assert.equal((await ask({}, `${tenant}/oauth2/token`)).status, 404);
    assert.equal((await fetch(`${authority}${tenant}/oauth2/v2.0/token`)).status, 400);
  });
});
