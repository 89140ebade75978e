import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret, unknownCheckingProxy } from "@pulumi/policy";
import { withSecretsMarked } from "../../../policy/inputs.ts";
import { UNKNOWN } from "../../../policy/rule.ts";
import { Hidden, plainSecrets } from "../../../policy/rules/secrets.ts";

const any = "command:local:Command";

/** Put together here, so that this file holds nothing that looks like a secret. */
const awsKey = ["AKIA", "QYLPMN5HHHFPZAM2"].join("");
const gitHubToken = ["ghp", "_", "x1".repeat(18)].join("");
const header = ["-----BEGIN RSA ", "PRIVATE KEY-----"].join("");

describe("plain secrets (CFG-08)", () => {
  const caught: [string, string, unknown, string][] = [
    [
      "a password by its name",
      any,
      { environment: { DB_PASSWORD: "hunter2" } },
      "environment.DB_PASSWORD is not marked as secret",
    ],
    ["camel case", any, { clientSecret: "x" }, "clientSecret is not marked as secret"],
    ["a provider's token", "pulumi:providers:github", { token: "x" }, "token is not marked as secret"],
    ["a provider's key", "pulumi:providers:aws", { secretKey: "x" }, "secretKey is not marked as secret"],
    ["a variable of a list", any, { env: [{ name: "API_TOKEN", value: "x" }] }, "env.0.value is not marked as secret"],
    [
      "a GitHub variable that should be a secret",
      "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable",
      { variableName: "DEPLOY_TOKEN", value: "x" },
      "value is not marked as secret",
    ],
    [
      "a GitHub secret, whatever it is called",
      "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
      { secretName: "STAGING_ENDPOINT_URL", value: "http://x" },
      "value is not marked as secret",
    ],
    [
      "an AWS key by its looks",
      any,
      { create: `run --key ${awsKey}` },
      "create holds an AWS access key that is not marked as secret",
    ],
    ["a GitHub token by its looks", any, { a: [gitHubToken] }, "a.0 holds a GitHub token that is not marked as secret"],
    [
      "a private key by its looks",
      any,
      { a: { b: `${header}\nx` } },
      "a.b holds a private key that is not marked as secret",
    ],
  ];
  for (const [what, type, inputs, says] of caught) {
    it(`catches ${what}, and does not show it`, () => assert.deepEqual(plainSecrets(type, inputs), [says]));
  }

  const passed: [string, unknown][] = [
    ["a marked secret", { password: new Hidden("x") }],
    ["a value that is not known yet", { password: UNKNOWN }],
    ["the name of a secret", { secretName: "STAGING_API_KEY", keyVaultId: "/x", primaryUserAssignedIdentity: "/y" }],
    ["a switch about keys", { allowSharedKeyAccess: false, disableLocalAuth: true }],
    ["an empty text", { token: "" }],
    ["a reference in a workflow", { content: "env: { TOKEN: $" + "{{ secrets.TOKEN }} }" }],
  ];
  for (const [what, inputs] of passed) it(`passes ${what}`, () => assert.deepEqual(plainSecrets(any, inputs), []));
});

it("inputs tell what is secret and what is unknown, through both of the SDK's views", () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  const raw = { plain: "a", list: [new Secret("b")], deep: { secret: new Secret({ c: 1 }), later: unknown } };
  const marked = withSecretsMarked(unknownCheckingProxy(raw));
  assert.deepEqual(marked, {
    plain: "a",
    list: [new Hidden("b")],
    deep: { secret: new Hidden({ c: 1 }), later: UNKNOWN },
  });
});
