import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { only, type Registered, record, root, secretIn, stackConfig, tenant } from "./mocks.ts";

/** The whole program, run anew, under the config of its stack file. */
async function run(stack: string, preview = false): Promise<Registered[]> {
  const texts = Object.entries(stackConfig(stack)).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  pulumi.runtime.setAllConfig(Object.fromEntries(texts));
  return record(() => import(`../../index.ts?${randomUUID()}`), { stack, preview });
}

const names = (seen: readonly Registered[]) => seen.map(({ name }) => name);

for (const stack of ["staging", "production"]) {
  describe(`the ${stack} stack`, () => {
    it("registers the same resources in a preview as in an update", async () => {
      assert.deepEqual(names(await run(stack, true)), names(await run(stack)));
    });

    it("gives every resource a name of its own that begins with its component's", async () => {
      const seen = await run(stack);
      assert.equal(new Set(names(seen)).size, seen.length);
      const components = names(seen.filter(({ type }) => /^(ml-delivery|pulumi:providers):/.test(type)));
      const strays = names(seen).filter(
        (name) => !components.some((one) => name === one || name.startsWith(`${one}-`)),
      );
      assert.deepEqual(strays, []);
    });

    it("puts the stack into every name that others could take", async () => {
      const seen = await run(stack);
      const keys = ["bucket", "resourceGroupName", "environment"];
      const fixed = seen.flatMap(({ inputs }) => keys.map((key) => inputs[key]).filter((name) => name !== undefined));
      assert.ok(fixed.length > 20, `only ${fixed.length} names were found`);
      assert.deepEqual(
        fixed.filter((name) => !String(name).includes(stack)),
        [],
      );
    });

    it("writes no output into a text", async () => {
      const text = JSON.stringify(await run(stack));
      assert.equal(text.includes("Calling [to"), false);
    });

    it("tells the repository's environment where everything is", async () => {
      const variables = (await run(stack)).filter(({ type }) => type.endsWith(":ActionsEnvironmentVariable"));
      const of = (environment: string) =>
        Object.fromEntries(
          variables
            .filter(({ inputs }) => inputs.environment === environment)
            .map(({ inputs }) => [inputs.variableName, inputs.value]),
        );
      const role = (job: string) => `arn:aws:iam::123456789012:role/plant-phenotyping-${stack}-${job}`;
      const client = (job: string) => `client-of-identity-azure-${job}`;
      assert.deepEqual(of(`${stack}-preview`), {
        AWS_REGION: "us-east-1",
        AWS_ROLE_PREVIEW: role("preview"),
        AZURE_CLIENT_ID_PREVIEW: client("preview"),
        AZURE_SUBSCRIPTION_ID: "00000000-0000-0000-0000-000000000001",
        AZURE_TENANT_ID: tenant,
      });
      assert.deepEqual(of(stack), {
        AWS_REGION: "us-east-1",
        AWS_ROLE_DEPLOY: role("deploy"),
        AWS_ROLE_GATE: role("gate"),
        AWS_ROLE_PROMOTE: role("promote"),
        AWS_ROLE_ROLLBACK: role("rollback"),
        AWS_ROLE_TRAIN: role("train"),
        AWS_ROLE_VALIDATE: role("validate"),
        AZURE_CLIENT_ID_DEPLOY: client("deploy"),
        AZURE_CLIENT_ID_PROMOTE: client("promote"),
        AZURE_CLIENT_ID_ROLLBACK: client("rollback"),
        AZURE_CLIENT_ID_TRAIN: client("train"),
        AZURE_ML_COMPUTE: "gpu-cluster",
        AZURE_ML_WORKSPACE: `mlw-plant-phenotyping-${stack}`,
        AZURE_RESOURCE_GROUP: `rg-plant-phenotyping-${stack}`,
        AZURE_SUBSCRIPTION_ID: "00000000-0000-0000-0000-000000000001",
        AZURE_TENANT_ID: tenant,
        DATA_BUCKET: `plant-phenotyping-${stack}-data`,
        MODELS_BUCKET: `plant-phenotyping-${stack}-models`,
      });
    });
  });
}

describe("the two stacks", () => {
  it("differ in what one of them alone may own, and in how they are called", async () => {
    const [staging, production] = [names(await run("staging")), names(await run("production"))];
    assert.deepEqual(
      production.filter((name) => !staging.includes(name)),
      [
        "identity-aws-github",
        "identity-azure-deploy-environment-production",
        "identity-azure-preview-environment-production-preview",
        "identity-azure-promote-environment-production",
        "identity-azure-rollback-environment-production",
        "identity-azure-train-environment-production",
        "monitoring-silence",
        "repository-rules",
        "repository-rules-actions",
        "repository-rules-alerts",
        "repository-rules-files",
        "repository-rules-history",
        "repository-rules-review",
        "repository-rules-subject",
        "repository-rules-tags",
        "repository-rules-token",
        "repository-rules-updates",
        "storage-key",
      ],
    );
    assert.deepEqual(
      staging.filter((name) => !production.includes(name)),
      [
        "identity-azure-deploy-environment-staging",
        "identity-azure-preview-environment-staging-preview",
        "identity-azure-promote-environment-staging",
        "identity-azure-rollback-environment-staging",
        "identity-azure-train-environment-staging",
        "repository-staging-api-key",
        "repository-staging-endpoint-url",
      ],
    );
  });

  it("keep staging's key secret from the endpoint to the repository", async () => {
    const seen = await run("staging");
    assert.equal(secretIn(only(seen, "repository-staging-api-key").inputs.value), "key-of-plant-classifier-staging");
  });

  it("keep the workflows that this project carries, all in one resource", async () => {
    const { files } = only(await run("production"), "repository-rules-files").inputs;
    const carried = readdirSync(join(root, "ci/github")).map((file) => [
      `.github/workflows/${file}`,
      readFileSync(join(root, "ci/github", file), "utf8"),
    ]);
    const { ".github/CODEOWNERS": owners, ".github/dependabot.yml": updates, ...workflows } = files;
    assert.deepEqual(workflows, Object.fromEntries(carried));
    assert.match(owners, /@example-org\/ml-platform/);
    assert.match(updates, /github-actions/);
  });
});

describe("the types of components", () => {
  const files = readdirSync(join(root, "components"), { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && /extends pulumi\.ComponentResource/.test(source(file)),
  );
  function source(file: string): string {
    return readFileSync(join(root, "components", file), "utf8");
  }

  it("are found in this many files", () => assert.equal(files.length, 13));

  for (const file of files) {
    it(`say where they are: ${file}`, () => {
      const [, name] = /export class (\w+) extends/.exec(source(file)) ?? [];
      const [, type] = /static readonly type = "([^"]+)"/.exec(source(file)) ?? [];
      assert.equal(type, `ml-delivery:${file.replace(".ts", "")}:${name}`);
    });
  }
});
