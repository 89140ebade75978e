import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ListBucketsCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { createAwsService } from "../../../emulator/aws/service.ts";
import { createGithubService } from "../../../emulator/github/service.ts";
import { createProvidersService } from "../../../emulator/providers/service.ts";
import { createServiceHome, type ServiceHome } from "../../support/services.ts";
import { changedLines } from "./support/changes.ts";
import { createWorkbench, findPulumi, type Workbench } from "./support/workbench.ts";

const pulumi = findPulumi();
const hasMoto = (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, "moto_server")));
const missing = [...(pulumi === undefined ? ["Pulumi CLI"] : []), ...(hasMoto ? [] : ["moto_server on PATH"])];

/** One resource of every type of three providers. `text` stands in one of each provider, a secret included. */
const program = (text: string) => `
import * as aws from "@pulumi/aws";
import * as command from "@pulumi/command";
import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
const bucket = new aws.s3.Bucket("data", { bucket: "plants-data", forceDestroy: true, tags: { purpose: "${text}" } });
const of = { bucket: bucket.id };
new aws.s3.BucketVersioning("versioning", { ...of, versioningConfiguration: { status: "Enabled" } });
new aws.s3.BucketPublicAccessBlock("block", { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true });
new aws.s3.BucketOwnershipControls("ownership", { ...of, rule: { objectOwnership: "BucketOwnerEnforced" } });
new aws.s3.BucketServerSideEncryptionConfiguration("encryption", { ...of, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" }, bucketKeyEnabled: true }] });
new aws.s3.BucketLifecycleConfiguration("lifecycle", { ...of, rules: [{ id: "old", status: "Enabled", filter: {}, noncurrentVersionExpiration: { noncurrentDays: 30 } }] });
new aws.s3.BucketPolicy("policy", { ...of, policy: pulumi.jsonStringify({ Version: "2012-10-17", Statement: [{ Sid: "TlsOnly", Effect: "Deny", Principal: "*", Action: "s3:*", Resource: [bucket.arn], Condition: { Bool: { "aws:SecureTransport": "false" } } }] }) });
const logs = new aws.s3.Bucket("logs", { bucketPrefix: "logs-", forceDestroy: true });
const delivery = new aws.s3.BucketPolicy("delivery", { bucket: logs.id, policy: pulumi.jsonStringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "logging.s3.amazonaws.com" }, Action: "s3:PutObject", Resource: pulumi.interpolate\`\${logs.arn}/*\` }] }) });
new aws.s3.BucketLogging("logging", { ...of, targetBucket: logs.id, targetPrefix: "log/" }, { dependsOn: delivery });
const repository = "plants";
const environment = new github.RepositoryEnvironment("environment", { repository, environment: "production", deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true } });
new github.ActionsEnvironmentSecret("env-secret", { repository, environment: environment.environment, secretName: "KEY", value: "hidden-${text}" });
new github.ActionsEnvironmentVariable("env-variable", { repository, environment: environment.environment, variableName: "REGION", value: "${text}" });
new github.ActionsSecret("secret", { repository, secretName: "TOKEN", plaintextValue: "hidden-too" });
new github.ActionsVariable("variable", { repository, variableName: "PROJECT", value: "plants" });
new github.RepositoryFile("file", { repository, file: "workflow.yml", content: "name: ${text}\\n", branch: "main", commitMessage: "Write the workflow" });
const check = new command.local.Command("check", { create: "echo $WHO in $AWS_REGION", update: "echo was $PULUMI_COMMAND_STDOUT", environment: { WHO: "${text}" }, dir: process.cwd() });
export const said = check.stdout;
export const account = aws.getCallerIdentityOutput({}).accountId;
export const place = pulumi.all([aws.getRegionOutput({}).region, aws.getPartitionOutput({}).partition]).apply((parts) => parts.join("/"));
`;

describe("aws, github and command under the engine", {
  skip: missing.length > 0 && `not found: ${missing.join(", ")}`,
}, () => {
  let home: ServiceHome;
  let bench: Workbench;
  let s3: S3Client;

  const gitHub = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${home.env["GITHUB_TOKEN"]}`, "content-type": "application/json" };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${home.env["GITHUB_API_URL"]}${path}`, init);
    return { status: response.status, body: await response.text() };
  };

  before(async () => {
    home = await createServiceHome();
    await home.start([createAwsService(), createGithubService(), createProvidersService()]);
    s3 = new S3Client({
      region: "us-east-1",
      endpoint: home.env["AWS_ENDPOINT_URL"] ?? "",
      forcePathStyle: true,
      credentials: { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" },
    });
    const made = await gitHub("POST", "/orgs/example-org/repos", { name: "plants", auto_init: true });
    assert.equal(made.status, 201, made.body);
    bench = await createWorkbench(pulumi ?? "", home.env, { "github:owner": "example-org", "aws:region": "us-east-1" });
    bench.write(program("one"));
  });
  after(async () => {
    bench?.remove();
    s3?.destroy();
    await home.remove();
  });

  it("preview every type and create nothing", async () => {
    assert.match(await bench.succeeds("preview"), /\+ 18 to create/);
    assert.deepEqual((await s3.send(new ListBucketsCommand({}))).Buckets ?? [], []);
    assert.equal((await gitHub("GET", "/repos/example-org/plants/environments/production")).status, 404);
  });

  it("create every type, with outputs, and keep secrets encrypted in state", async () => {
    await bench.succeeds("up", "--yes", "--skip-preview");
    const outputs: unknown = JSON.parse(await bench.succeeds("stack", "output", "--json"));
    assert.deepEqual(outputs, { said: "one in us-east-1", account: "123456789012", place: "us-east-1/aws" });
    const state = await bench.succeeds("stack", "export");
    assert.deepEqual(
      ["hidden-one", "hidden-too"].filter((words) => state.includes(words)),
      [],
    );
  });

  it("find nothing to do the second time, in state and in the clouds", async () => {
    await bench.succeeds("preview", "--refresh", "--expect-no-changes");
  });

  it("show exactly what changed, and update in place", async () => {
    bench.write(program("two"));
    const lines = changedLines(await bench.succeeds("preview", "--diff"));
    assert.deepEqual(
      lines.filter((line) => line.includes("(update)") || line.includes("=>")).toSorted(),
      [
        "~ aws:s3/bucket:Bucket: (update)",
        '~ purpose: "one" => "two"',
        "~ github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret: (update)",
        "~ value: [secret] => [secret]",
        "~ github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable: (update)",
        '~ value: "one" => "two"',
        "~ github:index/repositoryFile:RepositoryFile: (update)",
        "~ command:local:Command: (update)",
        '~ WHO: "one" => "two"',
      ].toSorted(),
    );
    const output = await bench.succeeds("up", "--yes", "--skip-preview");
    assert.match(output, /~ 5 updated/);
    assert.match(output, /was one in us-east-1/);
  });

  it("show what somebody changed behind the engine's back", async () => {
    await s3.send(
      new PutBucketVersioningCommand({ Bucket: "plants-data", VersioningConfiguration: { Status: "Suspended" } }),
    );
    await gitHub("PATCH", "/repos/example-org/plants/environments/production/variables/REGION", {
      name: "REGION",
      value: "three",
    });
    await gitHub("DELETE", "/repos/example-org/plants/actions/secrets/TOKEN");
    const lines = changedLines(await bench.succeeds("preview", "--refresh", "--diff"));
    const expected = [
      '~ status: "Suspended" => "Enabled"',
      '~ value: "three" => "two"',
      "+ github:index/actionsSecret:ActionsSecret: (create)",
    ];
    assert.deepEqual(
      expected.filter((line) => !lines.includes(line)),
      [],
      lines.join("\n"),
    );
  });

  it("destroy everything, with what is in a bucket that says so", async () => {
    await s3.send(new PutObjectCommand({ Bucket: "plants-data", Key: "a/b", Body: "x" }));
    await s3.send(new PutObjectCommand({ Bucket: "plants-data", Key: "a/b", Body: "y" }));
    await bench.succeeds("destroy", "--yes", "--skip-preview");
    assert.deepEqual((await s3.send(new ListBucketsCommand({}))).Buckets ?? [], []);
    const left = [
      "environments/production",
      "actions/variables/PROJECT",
      "actions/secrets/TOKEN",
      "contents/workflow.yml",
    ];
    const statuses = await Promise.all(
      left.map(async (path) => (await gitHub("GET", `/repos/example-org/plants/${path}`)).status),
    );
    assert.deepEqual(statuses, [404, 404, 404, 404]);
  });
});
