import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jobPolicy, type Reach, tokenTrust, userTrust } from "../../components/aws-policies.ts";
import { type CiJob, ciJobs } from "../../components/ci-jobs.ts";
import { allowed, type IamRequest } from "../support/iam.ts";

const key = "arn:aws:kms:us-east-1:123456789012:key/own";
const stateKey = "arn:aws:kms:us-east-1:123456789012:key/state";
const role = "arn:aws:iam::123456789012:role/plants-production-deploy";
const reach: Reach = {
  data: "plants-production-data",
  models: "plants-production-models",
  others: ["plants-production-logs"],
  sources: ["plants-staging-models"],
  sourceKeys: [],
  state: { bucket: "state", project: "ml-delivery", stack: "production" },
  stateKey,
  bucketKeys: [key],
  identities: [role],
};

const object = (action: string, bucket: string, name: string, context?: Record<string, string>): IamRequest => ({
  action: `s3:${action}`,
  resource: `arn:aws:s3:::${bucket}/${name}`,
  ...(context === undefined ? {} : { context }),
});
const get = (name: string, bucket = reach.models) => object("GetObject", bucket, name);
const data = (name: string) => get(name, reach.data);
const put = (name: string, bucket = reach.models) => object("PutObject", bucket, name);
/** A write that S3 refuses where something is there already. */
const create = (name: string) => object("PutObject", reach.models, name, { "s3:if-none-match": "*" });
const list = (bucket: string, prefix: string): IamRequest => ({
  action: "s3:ListBucket",
  resource: `arn:aws:s3:::${bucket}`,
  context: { "s3:prefix": prefix },
});
/** What S3 asks before it says that an object is not there. */
const look = (bucket: string): IamRequest => ({ action: "s3:ListBucket", resource: `arn:aws:s3:::${bucket}` });
const remove = (name: string, bucket = reach.models) => object("DeleteObject", bucket, name);
const state = (action: string, name: string) => object(action, "state", `.pulumi/${name}`);
const decrypt = (resource: string): IamRequest => ({ action: "kms:Decrypt", resource });

const version = "models/3f2a9c01d4e5b678";
const packageFiles = ["model.onnx", "labels.json", "golden.json", "manifest.json", "metrics.json", "model.sig"].map(
  (name) => `${version}/${name}`,
);
const stack = "stacks/ml-delivery/production.json";
const lock = "locks/organization/ml-delivery/production/1.json";

/** What an update of the stack asks of S3, and the log of releases. */
const update = [
  get(`${version}/manifest.json`),
  get(`${version}/metrics.json`),
  get(`${version}/model.onnx`),
  look(reach.models),
  list(reach.models, "releases/"),
  get("releases/2026-11-24T12-00-00.000Z-0a1b2c3d.json"),
  create("releases/2026-11-24T12-00-00.000Z-0a1b2c3d.json"),
  state("GetObject", stack),
  state("PutObject", stack),
  state("PutObject", lock),
  state("DeleteObject", lock),
  state("GetObject", "meta.yaml"),
  list("state", ".pulumi/locks/"),
  decrypt(stateKey),
  decrypt(key),
  { action: "s3:GetBucketVersioning", resource: `arn:aws:s3:::${reach.data}` },
  { action: "s3:GetLifecycleConfiguration", resource: "arn:aws:s3:::plants-production-logs" },
  { action: "iam:GetRolePolicy", resource: role },
  { action: "kms:DescribeKey", resource: key },
];

/** The calls that the commands of each job make. */
const needed: Readonly<Record<CiJob, readonly IamRequest[]>> = {
  // validate-data, check-new-data
  validate: [
    list(reach.data, "data/raw/"),
    look(reach.data),
    data("data/raw/rust/1.jpg"),
    data("metadata/last-check.json"),
  ],
  // prepare-data, train, check-new-data --commit-mark
  train: [
    list(reach.data, "data/raw/"),
    list(reach.data, "data/processed/"),
    look(reach.data),
    data("data/raw/rust/1.jpg"),
    put("data/processed/rust/1.jpg", reach.data),
    put("data/test/rust/1.jpg", reach.data),
    remove("data/processed/rust/1.jpg", reach.data),
    remove("data/test/rust/1.jpg", reach.data),
    put("metadata/last-check.json", reach.data),
    look(reach.models),
    get("models/latest/alias.json"),
    ...packageFiles.slice(0, 3).flatMap((name) => [create(name), get(name)]),
    put("models/latest/alias.json"),
    put("models/new/alias.json"),
    { action: "kms:GenerateDataKey", resource: key },
  ],
  // evaluate, model-card, validate-model, compare-models, get-model-metrics
  gate: [
    list(reach.data, "data/test/"),
    data("data/test/rust/1.jpg"),
    look(reach.models),
    get("models/new/alias.json"),
    ...packageFiles.map((name) => get(name)),
    create(`${version}/metrics.json`),
    create(`${version}/model.sig`),
    put(`${version}/reports/model-card.html`),
  ],
  // promote, analyze-canary
  promote: update,
  // deploy, with the package from where it was trained
  deploy: [
    ...update,
    look("plants-staging-models"),
    get("models/latest/alias.json", "plants-staging-models"),
    ...packageFiles.flatMap((name) => [get(name, "plants-staging-models"), create(name)]),
  ],
  rollback: update,
  // pulumi preview, drift
  preview: [
    get(`${version}/manifest.json`),
    get(`${version}/metrics.json`),
    look(reach.models),
    get("releases/2026-11-24T12-00-00.000Z-0a1b2c3d.json"),
    state("GetObject", stack),
    list("state", ".pulumi/stacks/"),
    decrypt(stateKey),
    { action: "s3:GetBucketPolicy", resource: `arn:aws:s3:::${reach.models}` },
  ],
};

/** What no job may, whatever else it may. */
const forbidden: readonly IamRequest[] = [
  remove(`${version}/model.onnx`),
  remove("releases/2026-11-24T12-00-00.000Z-0a1b2c3d.json"),
  object("DeleteObjectVersion", reach.models, `${version}/model.onnx`),
  object("DeleteObjectVersion", reach.data, "data/raw/rust/1.jpg"),
  remove("data/raw/rust/1.jpg", reach.data),
  put("data/raw/rust/1.jpg", reach.data),
  put(`${version}/model.onnx`),
  put(`${version}/metrics.json`),
  put("releases/2026-11-24T12-00-00.000Z-0a1b2c3d.json"),
  create(`${version}/other.sh`),
  put("models/latest/alias.json", "plants-staging-models"),
  object("PutObject", "plants-staging-models", `${version}/model.onnx`, { "s3:if-none-match": "*" }),
  { action: "s3:PutBucketPolicy", resource: `arn:aws:s3:::${reach.models}` },
  { action: "s3:PutBucketVersioning", resource: `arn:aws:s3:::${reach.data}` },
  { action: "s3:PutLifecycleConfiguration", resource: `arn:aws:s3:::${reach.models}` },
  { action: "s3:DeleteBucket", resource: `arn:aws:s3:::${reach.data}` },
  { action: "s3:DeleteBucketPolicy", resource: `arn:aws:s3:::${reach.models}` },
  { action: "s3:ListAllMyBuckets", resource: "*" },
  ...["CreateRole", "PutRolePolicy", "AttachRolePolicy", "UpdateAssumeRolePolicy", "PassRole", "CreateAccessKey"].map(
    (verb) => ({ action: `iam:${verb}`, resource: role }),
  ),
  { action: "sts:AssumeRole", resource: role },
  { action: "kms:ScheduleKeyDeletion", resource: key },
  { action: "kms:PutKeyPolicy", resource: key },
  state("GetObject", "stacks/ml-delivery/staging.json"),
  state("PutObject", "stacks/ml-delivery/staging.json"),
  state("DeleteObject", "meta.yaml"),
];

/** Of these, what is denied in so many words. */
const denied = forbidden.filter(
  ({ action, resource }) =>
    /^(iam:|s3:(DeleteObjectVersion|DeleteBucket|PutBucket|PutLifecycle))/.test(action) ||
    (action === "s3:DeleteObject" && resource.startsWith(`arn:aws:s3:::${reach.models}/`)),
);

/** What a job may not though another one may. */
const others: Readonly<Record<CiJob, readonly IamRequest[]>> = {
  validate: [put("metadata/last-check.json", reach.data), get(`${version}/model.onnx`), state("GetObject", stack)],
  train: [
    create(`${version}/metrics.json`),
    put(`${version}/reports/model-card.html`),
    create("releases/1.json"),
    put("models/live/alias.json"),
    state("GetObject", stack),
  ],
  gate: [
    create(`${version}/model.onnx`),
    put("models/latest/alias.json"),
    data("data/raw/rust/1.jpg"),
    put("data/test/rust/1.jpg", reach.data),
  ],
  promote: [
    create(`${version}/model.onnx`),
    get(`${version}/model.onnx`, "plants-staging-models"),
    data("data/test/rust/1.jpg"),
  ],
  deploy: [data("data/processed/rust/1.jpg"), put("models/latest/alias.json"), put("data/test/rust/1.jpg", reach.data)],
  rollback: [
    create(`${version}/model.onnx`),
    data("data/raw/rust/1.jpg"),
    get(`${version}/model.onnx`, "plants-staging-models"),
  ],
  preview: [
    state("PutObject", stack),
    state("PutObject", lock),
    create("releases/1.json"),
    create(`${version}/model.onnx`),
    data("data/raw/rust/1.jpg"),
    { action: "kms:GenerateDataKey", resource: key },
  ],
};

const told = ({ action, resource, context }: IamRequest) =>
  [action, resource, ...Object.entries(context ?? {}).map((pair) => pair.join(" "))].join(" ");

for (const job of ciJobs) {
  describe(`the AWS role for ${job}`, () => {
    const policy = jobPolicy(job, reach);
    const refused = (requests: readonly IamRequest[]) => requests.filter((one) => !allowed(policy, one)).map(told);
    const granted = (requests: readonly IamRequest[]) => requests.filter((one) => allowed(policy, one)).map(told);

    it("lets through every call that its commands make", () => assert.deepEqual(refused(needed[job]), []));
    it("lets through nothing that no job may", () => assert.deepEqual(granted(forbidden), []));
    it("lets through nothing that is another job's", () => assert.deepEqual(granted(others[job]), []));

    it("keeps models, records, versions, buckets and IAM from it whatever else is granted", () => {
      const everything = { Sid: "All", Effect: "Allow", Action: ["*"], Resource: ["*"] } as const;
      const mightier = { ...policy, Statement: [...policy.Statement, everything] };
      const reads = job === "validate" || job === "train" || job === "gate";
      const kept = [...denied, ...(reads ? [] : [data("data/raw/rust/1.jpg")])];
      assert.deepEqual(kept.filter((one) => allowed(mightier, one)).map(told), []);
      assert.equal(allowed(mightier, get(`${version}/model.onnx`)), true);
    });

    it("names every action and every resource that it allows", () => {
      for (const { Effect, Action, Resource } of policy.Statement) {
        if (Effect !== "Allow") continue;
        assert.deepEqual(
          Action.filter((action) => action.includes("*")),
          [],
        );
        assert.deepEqual(
          Resource.filter((resource) => !/^arn:aws:(s3|iam|kms):.*[a-z]/.test(resource)),
          [],
        );
      }
    });

    it("fits into IAM's 10,240 characters for a role", () => {
      assert.ok(JSON.stringify(policy).length < 10_240, String(JSON.stringify(policy).length));
    });

    it("gives each statement a name of its own, as IAM wants it", () => {
      const names = policy.Statement.map(({ Sid }) => Sid);
      assert.deepEqual(
        names.filter((name, at) => !/^[A-Za-z0-9]+$/.test(name) || names.indexOf(name) !== at),
        [],
      );
    });
  });
}

describe("a role without state in S3, keys and sources", () => {
  it("says nothing of them", () => {
    const bare = { ...reach, sources: [], bucketKeys: [], state: undefined, stateKey: undefined };
    const text = JSON.stringify(ciJobs.map((job) => jobPolicy(job, bare)));
    assert.deepEqual(
      ["kms:", ".pulumi", "staging"].filter((word) => text.includes(word)),
      [],
    );
  });
});

describe("who may take a role on", () => {
  const issuer = "token.actions.githubusercontent.com";
  const provider = `arn:aws:iam::123456789012:oidc-provider/${issuer}`;
  const subject = "repo:example-org/plants:environment:production";
  const assume = (aud: string, sub: string): IamRequest => ({
    action: "sts:AssumeRoleWithWebIdentity",
    resource: "*",
    context: { [`${issuer}:aud`]: aud, [`${issuer}:sub`]: sub },
  });

  it("is a job whose token has the subject, whole, and AWS as audience", () => {
    const trust = tokenTrust(issuer, provider, [subject]) as Parameters<typeof allowed>[0];
    const asked: [string, string, boolean][] = [
      ["sts.amazonaws.com", subject, true],
      ["api://AzureADTokenExchange", subject, false],
      ["sts.amazonaws.com", "repo:example-org/plants:environment:staging", false],
      ["sts.amazonaws.com", "repo:example-org/plants:pull_request", false],
      ["sts.amazonaws.com", "repo:example-org/plants:ref:refs/heads/main", false],
      ["sts.amazonaws.com", "repo:example-org/plants-2:environment:production", false],
      ["sts.amazonaws.com", "repo:Example-Org/plants:environment:production", false],
    ];
    for (const [aud, sub, right] of asked) assert.equal(allowed(trust, assume(aud, sub)), right, sub);
  });

  it("is with keys the one user, and nobody with a token", () => {
    assert.deepEqual(userTrust("arn:aws:iam::123456789012:user/ci"), {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { AWS: "arn:aws:iam::123456789012:user/ci" }, Action: "sts:AssumeRole" },
      ],
    });
  });
});
