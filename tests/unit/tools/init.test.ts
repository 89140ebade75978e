import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { parse } from "yaml";
import { unifiedDiff } from "../../../delivery/diff.ts";
import { stackFiles } from "../../support/stack-files.ts";

const root = join(import.meta.dirname, "../../..");
const enough = ["--project", "leaves", "--owner", "acme", "--reviewer-teams", "12, 34", "--emails", "ml@acme.example"];
const flags = [...enough, "--code-owners", "@acme/platform"];

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ml-delivery-init-"));
  copyFileSync(join(root, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  cpSync(stackFiles, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (stack: string, where = folder) => readFileSync(join(where, `Pulumi.${stack}.yaml`), "utf8");
const config = (stack: string) => parse(text(stack)).config as Record<string, Record<string, unknown>>;
const untouched = () => ["staging", "production"].every((stack) => text(stack) === text(stack, stackFiles));

/** Runs it as a person does, who types `lines`. */
async function init(args: readonly string[], lines: readonly string[] = [], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(root, "tools/init.ts"), "--folder", folder, ...args], {
    env: { ...process.env, GITHUB_TOKEN: "", GH_TOKEN: "", ...env },
    timeout: 120_000,
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(lines.map((line) => `${line}\n`).join(""));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

describe("init", () => {
  it("asks, takes defaults for empty lines, asks again what is wrong, and writes both files", async () => {
    const answers = [
      "Leaves",
      "leaves",
      "acme",
      "",
      "westeurope",
      "eu-west-1",
      "",
      "",
      "x",
      "12",
      "",
      "@acme/platform",
    ];
    const { code, stdout, stderr } = await init([], [...answers, "", "ml@acme.example", "", "", "", ""]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /ml-delivery:project is "Leaves"; allowed: 3 to 24 lower-case letters/);
    assert.match(stderr, /"x" is no id: it is a whole number/);
    assert.match(stdout, /^Written: Pulumi\.staging\.yaml, Pulumi\.production\.yaml\n/);
    assert.match(stdout, /PULUMI_BACKEND_URL="s3:\/\/leaves-pulumi-state\?region=eu-west-1"/);
    const [staging, production] = [config("staging"), config("production")];
    for (const one of [staging, production]) {
      assert.deepEqual(
        [one["github:owner"], one["azure-native:location"], one["aws:region"], one["ml-delivery:project"]],
        ["acme", "westeurope", "eu-west-1", "leaves"],
      );
      assert.deepEqual(one["ml-delivery:monitoring"]?.["emails"], ["ml@acme.example"]);
      assert.deepEqual(one["ml-delivery:identity"]?.["state"], { bucket: "leaves-pulumi-state" });
    }
    assert.equal(staging["ml-delivery:endpoint"]?.["name"], "leaves-staging");
    assert.equal(production["ml-delivery:endpoint"]?.["name"], "leaves-prod");
    assert.deepEqual(production["ml-delivery:repository"]?.["reviewers"], { teams: [12], users: [] });
    assert.equal("releaser" in (production["ml-delivery:repository"] ?? {}), false);
    const lines = (stack: string) => unifiedDiff(text(stack, stackFiles), text(stack), stack).split("\n");
    const gone = ["staging", "production"].flatMap(lines).filter((line) => /^-\s+#/.test(line));
    // What is said of the releaser goes with it, and no other comment.
    assert.deepEqual(gone, [
      "-    # The GitHub App that commits releases to main: the id of yours (docs/decisions/repository.md).",
    ]);
    assert.match(text("production"), /requiredChecks: \[Lint and check types, /);
  });

  it("says so where the answers end too soon, and writes nothing", async () => {
    const { code, stderr } = await init([], ["leaves"]);
    assert.equal(code, 2);
    assert.match(stderr, /The input ended before --owner was answered\.\n$/);
    assert.ok(untouched());
  });

  it("takes flags, shows what it would write, and writes nothing then", async () => {
    const { code, stdout, stderr } = await init([...flags, "--yes", "--dry-run"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^-\s+github:owner: example-org\n-.*\n\+\s+github:owner: acme\n/m);
    assert.ok(untouched());
  });

  it("ends at a flag or a default that cannot be", async () => {
    const { code, stderr } = await init([...flags, "--aws-region", "Ohio", "--yes"]);
    assert.deepEqual(
      [code, stderr],
      [2, '--aws-region: aws:region is "Ohio"; allowed: an AWS region, as us-east-1; change it\n'],
    );
    const nobody = await init([...flags, "--emails", "", "--yes"]);
    assert.deepEqual([nobody.code, nobody.stderr], [2, "--emails: somebody must be told: give an e-mail address\n"]);
    assert.equal((await init(["--colour", "red"])).code, 2);
    assert.ok(untouched());
  });

  it("does not go over files that are somebody's, unless told to; then all else stays", async () => {
    assert.equal((await init([...flags, "--yes"])).code, 0);
    const { code, stderr } = await init([...flags, "--yes"]);
    assert.equal(code, 1);
    assert.match(stderr, /^Nothing was written: Pulumi\.staging\.yaml belongs to acme already; .* use --force\.\n$/);
    const before = text("production");
    assert.equal((await init([...flags, "--releaser", "77", "--yes", "--force"])).code, 0);
    const added = unifiedDiff(before, text("production"), "x")
      .split("\n")
      .filter((line) => /^[+-] /.test(line));
    assert.deepEqual(added, ["+    releaser: 77"]);
  });

  it("looks the subject's ids up where there is a token", async () => {
    const server = createServer((request, response) => {
      const known = request.url === "/repos/acme/leaves" && request.headers.authorization === "Bearer secret-token";
      response
        .writeHead(known ? 200 : 404)
        .end(JSON.stringify({ id: 5, owner: { id: 7 }, created_at: "2026-08-01T00:00:00Z" }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { code, stderr } = await init([...flags, "--yes"], [], {
        GITHUB_TOKEN: "secret-token",
        GITHUB_API_URL: url,
      });
      assert.equal(code, 0, stderr);
      for (const stack of ["staging", "production"]) {
        const { oidcSubject, ownerId, repositoryId } = config(stack)["ml-delivery:repository"] ?? {};
        assert.deepEqual(
          { oidcSubject, ownerId, repositoryId },
          { oidcSubject: "immutable", ownerId: 7, repositoryId: 5 },
        );
      }
    } finally {
      server.close();
    }
  });

  it("asks for the tokens of another CI system, and knows what GitLab's look like", async () => {
    const args = [...flags, "--state", "pulumi-cloud", "--yes"];
    const silent = await init([...args, "--ci", "jenkins"]);
    assert.equal(silent.code, 2);
    assert.match(
      silent.stderr,
      /^--token-issuer: ml-delivery:repository\.oidc\.issuer is ""; allowed: an https address/,
    );
    const { code, stdout, stderr } = await init([...args, "--ci", "gitlab"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /PULUMI_BACKEND_URL="https:\/\/api\.pulumi\.com"/);
    for (const stack of ["staging", "production"] as const) {
      assert.deepEqual(config(stack)["ml-delivery:repository"]?.["oidc"], {
        issuer: "https://gitlab.com",
        subject: "project_path:acme/leaves:ref_type:branch:ref:main",
      });
    }
    assert.equal(config("production")["ml-delivery:repository"]?.["ci"], "gitlab");
  });
});
