import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createTokenSource, type TokenSource } from "../../../delivery/azure-credential.ts";

const SCOPE = "https://management.azure.com/.default";
const folder = mkdtempSync(join(tmpdir(), "credential-"));
const file = join(folder, "token");
const servers: ReturnType<typeof createServer>[] = [];
after(() => {
  for (const server of servers) server.close().closeAllConnections();
  rmSync(folder, { recursive: true });
});

type Reply = { status?: number; body: object };

/** A token service that gives the replies in turn, the last one for ever, and remembers what it was asked. */
async function tokenService(...replies: [Reply, ...Reply[]]) {
  const asked: { path: string; form: Record<string, string>; header: unknown }[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const form = Object.fromEntries(new URLSearchParams(text));
    asked.push({ path: request.url ?? "", form, header: request.headers["x-identity-header"] });
    const { status = 200, body } = (replies.length > 1 ? replies.shift() : undefined) ?? replies[0];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const none: TokenSource = async () => {
  throw new Error("the SDK was asked");
};
const workload = (url: string) => ({
  AZURE_CLIENT_ID: "client-1",
  AZURE_TENANT_ID: "tenant-1",
  AZURE_FEDERATED_TOKEN_FILE: file,
  AZURE_AUTHORITY_HOST: `${url}/`,
});
const token = (name: string, seconds: number): Reply => ({
  body: { token_type: "Bearer", expires_in: seconds, access_token: name },
});

describe("a job's own token, exchanged at Entra ID", () => {
  it("is sent as the assertion of a client that has no secret", async () => {
    const { url, asked } = await tokenService(token("first", 3600));
    writeFileSync(file, "job-token\n");
    const before = Date.now();
    const got = await createTokenSource(workload(url), none)(SCOPE);
    assert.equal(got.token, "first");
    assert.ok(got.expiresOnTimestamp >= before + 3_600_000 && got.expiresOnTimestamp <= Date.now() + 3_600_000);
    assert.deepEqual(asked, [
      {
        path: "/tenant-1/oauth2/v2.0/token",
        form: {
          grant_type: "client_credentials",
          client_id: "client-1",
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: "job-token",
          scope: SCOPE,
        },
        header: undefined,
      },
    ]);
  });

  it("is read anew for each exchange", async () => {
    const { url, asked } = await tokenService(token("first", 299), token("second", 3600));
    const source = createTokenSource(workload(url), none);
    writeFileSync(file, "one");
    await source(SCOPE);
    writeFileSync(file, "two");
    await source(SCOPE);
    assert.deepEqual(
      asked.map(({ form }) => form["client_assertion"]),
      ["one", "two"],
    );
  });

  it("gives one access token a scope, kept until five minutes before its end", async () => {
    const { url, asked } = await tokenService(token("first", 310), token("second", 290), token("third", 3600));
    const source = createTokenSource(workload(url), none);
    assert.deepEqual((await Promise.all([source(SCOPE), source(SCOPE)])).map((got) => got.token).sort(), [
      "first",
      "first",
    ]);
    assert.equal((await source("https://ml.azure.com/.default")).token, "second");
    assert.equal((await source("https://ml.azure.com/.default")).token, "third");
    assert.equal((await source(SCOPE)).token, "first");
    assert.equal(asked.length, 3);
  });

  it("is refused in Entra's own words, and asked for again the next time", async () => {
    const error_description = "AADSTS700213: No matching federated identity record found.\r\nTrace ID: 1";
    const { url, asked } = await tokenService(
      { status: 401, body: { error: "invalid_client", error_description } },
      token("later", 3600),
    );
    const source = createTokenSource(workload(url), none);
    await assert.rejects(source(SCOPE), {
      kind: "surroundings",
      message: `Entra ID gave client-1 for ${SCOPE} no token: AADSTS700213: No matching federated identity record found.`,
    });
    assert.equal(asked.length, 1);
    assert.equal((await source(SCOPE)).token, "later");
  });

  it("is sent again where Entra ID is too busy", async () => {
    const { url, asked } = await tokenService({ status: 503, body: {} }, token("second try", 3600));
    assert.equal((await createTokenSource(workload(url), none)(SCOPE)).token, "second try");
    assert.equal(asked.length, 2);
  });

  const bad: [string, Record<string, string>, RegExp][] = [
    [
      "over plain http",
      { AZURE_AUTHORITY_HOST: "http://login.example.org" },
      /`AZURE_AUTHORITY_HOST` is `http:.*https/,
    ],
    ["to no address", { AZURE_AUTHORITY_HOST: "login" }, /`AZURE_AUTHORITY_HOST` is `login`/],
    ["from a file that is not there", { AZURE_FEDERATED_TOKEN_FILE: "/nowhere" }, /cannot be read .*\/nowhere/],
    ["where it is empty", { AZURE_FEDERATED_TOKEN_FILE: "/dev/null" }, /is empty; the job got no ID token/],
  ];
  for (const [what, env, message] of bad) {
    it(`is not sent ${what}`, async () => {
      await assert.rejects(createTokenSource({ ...workload("https://127.0.0.1:9"), ...env }, none)(SCOPE), message);
    });
  }
});

describe("whom the surroundings sign in as", () => {
  const sdk: TokenSource = async (scope) => ({ token: `sdk ${scope}`, expiresOnTimestamp: Date.now() + 3_600_000 });
  const expires_on = String(Math.floor(Date.now() / 1000) + 3600);

  it("is the managed identity, where nothing else is named", async () => {
    const { url, asked } = await tokenService({ body: { access_token: "managed", expires_on } });
    const env = { IDENTITY_ENDPOINT: `${url}/msi/token`, IDENTITY_HEADER: "secret" };
    const got = await createTokenSource(env, none)(SCOPE);
    assert.deepEqual(got, { token: "managed", expiresOnTimestamp: Number(expires_on) * 1000 });
    const path = "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com";
    assert.deepEqual(asked, [{ path, form: {}, header: "secret" }]);
  });

  it("is the job, where it has brought a token onto a machine with an identity", async () => {
    const { url } = await tokenService(token("job", 3600));
    writeFileSync(file, "job-token");
    const env = { ...workload(url), IDENTITY_ENDPOINT: `${url}/msi/token`, IDENTITY_HEADER: "secret" };
    assert.equal((await createTokenSource(env, none)(SCOPE)).token, "job");
  });

  for (const [what, env] of [
    ["nothing is set", {}],
    ["a part of the job's sign-in is missing", { ...workload("https://127.0.0.1:9"), AZURE_TENANT_ID: "" }],
    ["a secret is set", { ...workload("https://127.0.0.1:9"), AZURE_CLIENT_SECRET: "s" }],
    ["one of its credentials is named", { ...workload("https://127.0.0.1:9"), AZURE_TOKEN_CREDENTIALS: "dev" }],
  ] as const) {
    it(`is left to the SDK where ${what}`, async () => {
      assert.equal((await createTokenSource(env, sdk)(SCOPE)).token, `sdk ${SCOPE}`);
    });
  }
});
