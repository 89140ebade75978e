import * as pulumi from "@pulumi/pulumi";
import { azureNames, imageVersionOf } from "./components/names.ts";
import { criticalCount, readRules } from "./delivery/canary/rules.ts";
import { canaryShape } from "./delivery/canary/shape.ts";
import { gateShape } from "./delivery/gate/shape.ts";
import type { Findings } from "./delivery/preflight/findings.ts";
import { freezeWindow } from "./delivery/rollout/freeze.ts";
import {
  choice,
  describe,
  flag,
  list,
  map,
  nearest,
  number,
  object,
  optional,
  type Problem,
  type Shape,
  type Shaped,
  text,
  whole,
  worded,
} from "./delivery/shape.ts";
import { keyProblem } from "./delivery/signing/key.ts";
import { signingShape } from "./delivery/signing/shape.ts";
import { checkTraffic, type Shares } from "./delivery/traffic.ts";
import { CI_SYSTEMS } from "./pipelines/render/files.ts";

/** Azure ML's rule for endpoints and deployments. */
const azureName = text(
  /^(?=.{3,32}$)[a-zA-Z](-?[a-zA-Z0-9])*$/,
  "3 to 32 letters, digits and single dashes, a letter first, no dash last",
);
/** Short enough for the bucket and group names made of it. */
const projectName = text(
  /^(?=.{3,24}$)[a-z](-?[a-z0-9])*$/,
  "3 to 24 lower-case letters, digits and single dashes, a letter first, no dash last",
);
const vmSize = text(/^Standard_[A-Za-z0-9_]+$/, "the name of an Azure VM size, as Standard_D4as_v4");
const image = text(
  /^[a-z0-9][a-z0-9.:/_-]*(:(?!latest$)[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})$/,
  "a container image with a version or a digest, not latest",
  "pin it, as ghcr.io/owner/image:1.0.0",
);
/** Judged by checkTraffic, with the deployments in view. */
const shares: Shape<Shares> = worded(
  (value) => (value ?? {}) as Shares,
  "percent by the name of a deployment: traffic adds up to 100, a mirror is one deployment without traffic, at most 50",
);
const model = text(
  /^s3:\/\/[a-z0-9.-]+\/models\/[0-9a-f]{16}\/$/,
  "a model package of this environment, s3://<project>-<stack>-models/models/<version>/",
  "let `deploy` write it",
);

/** What Azure takes as an alert's window, in minutes. */
const windows = [5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440, 2880];
const silentMinutes = worded((value, key, report) => {
  const minutes = whole(1, 2880)(value, key, report);
  if (windows.includes(minutes)) return minutes;
  if (minutes !== 0) report({ key, got: value, allowed: windows.join(", "), remedy: "choose one of them" });
  return minutes;
}, windows.join(", "));
const email = text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "an e-mail address");

/** A number that GitHub gave: of a user, a team, an App. */
const id = whole(1, Number.MAX_SAFE_INTEGER);
/** An object's or application's id in Entra ID. */
const entraId = text(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "an id of Entra ID, 8-4-4-4-12 hex digits");
const issuer = text(
  /^https:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(\/[\w.~-]+)*$/,
  "an https address in lower case, without port, query or slash at its end, as https://gitlab.com",
  "take it from `iss` of one of its tokens",
);
/** Neither cloud reads a wildcard in it, but IAM would read `${`. */
const subject = text(
  /^[^\s*?$"\\]{1,600}$/,
  "a whole subject without wildcards, as project_path:team/plant:ref_type:branch:ref:main",
  "take it from `sub` of one of its tokens",
);
const kmsKey = text(/^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/, "the ARN of a KMS key");
const refPattern = text(
  /^(?![/.])(?!.*(\.\.|\/\/|@\{))[^\s~^:?[\\]+(?<![/.])$/,
  "the name of a branch, or a pattern, as release/*",
);
const codeOwner = text(
  /^@[\w-]+(\/[\w.-]+)?$/,
  "a user or a team of GitHub, as @octocat or @example-org/platform",
  "write it with its @",
);
const actionPattern = text(
  /^[\w-]+\/[\w.*-]+(\/[\w.*/-]+)?@\S+$/,
  "an action or a pattern of actions, as owner/name@*",
);

const percent = number(1, 99);
const principal = text(
  /^arn:aws:iam::\d{12}:(role|user)\/[\w+=,.@/-]+$/,
  "the ARN of an IAM role or user",
  "as arn:aws:iam::123456789012:role/break-glass",
);

/** Every key of `ml-delivery:`, and what it may hold. Defaults and descriptions stand in Pulumi.yaml, and only there. */
export const shape = {
  project: projectName,
  protect: flag,
  network: choice("public", "private"),
  addressSpace: text(
    /^(10|172\.(1[6-9]|2\d|3[01])|192\.168)(\.\d{1,3}){1,3}\/(1[6-9]|2[0-7])$/,
    "a private IPv4 range of /16 to /27, as 10.40.0.0/24",
  ),
  storage: object({ encryption: choice("kms", "s3"), breakGlass: list(principal) }),
  purgeProtection: flag,
  cluster: object({ vmSize, minNodes: whole(0, 100), maxNodes: whole(1, 100), idleMinutes: whole(1, 1440) }),
  gate: gateShape,
  signing: signingShape,
  endpoint: object({
    name: azureName,
    authMode: choice("Key", "AMLToken", "AADToken"),
    instanceType: vmSize,
    instances: optional(whole(1, 50)),
    deployments: map(
      azureName,
      object({ model, instances: whole(1, 50), image: optional(image), instanceType: optional(vmSize) }),
    ),
    traffic: shares,
    mirror: shares,
    requests: optional(
      object({
        timeoutSeconds: optional(whole(1, 180)),
        perInstance: optional(whole(1, 1000)),
        queueSeconds: optional(number(0.1, 180)),
      }),
    ),
    autoscale: optional(
      object({ min: whole(1, 50), max: whole(1, 50), addAbove: optional(percent), removeBelow: optional(percent) }),
    ),
  }),
  rollout: object({
    steps: list(whole(1, 100)),
    // A share that nobody watches is no canary.
    bakeMinutes: number(1, 1440),
    keepPrevious: whole(0, 5),
    freeze: optional(list(freezeWindow)),
  }),
  canary: canaryShape,
  monitoring: object({
    emails: list(email),
    monthlyBudget: number(1, 10_000_000),
    maxFailuresPerMinute: number(0, 1_000_000),
    maxFailureShare: number(0.0001, 1),
    maxLatencyMs: number(1, 180_000),
    maxBusyPercent: number(1, 100),
    silentMinutes: optional(silentMinutes),
  }),
  repository: object({
    name: text(/^[\w.-]{1,100}$/, "the name of a repository of github:owner, without the owner"),
    reviewers: object({ teams: list(id), users: list(id) }),
    waitMinutes: optional(whole(0, 43_200)),
    branches: optional(list(refPattern)),
    requiredReviews: optional(whole(0, 10)),
    requiredChecks: optional(list(text(/\S/, "the name of a check, as a pull request shows it"))),
    linearHistory: optional(flag),
    codeOwners: optional(list(codeOwner)),
    allowedActions: optional(list(actionPattern)),
    releaser: optional(id),
    ci: optional(choice(...CI_SYSTEMS)),
    oidc: optional(object({ issuer, subject })),
    oidcSubject: choice("classic", "immutable"),
    ownerId: optional(id),
    repositoryId: optional(id),
  }),
  identity: object({
    auth: choice("oidc", "keys"),
    principal: optional(object({ clientId: entraId, principalId: entraId })),
    readsFrom: optional(list(text(/^(?=.{3,16}$)[a-z](-?[a-z0-9])*$/, "the name of another stack"))),
    sourceKeys: optional(list(kmsKey)),
    state: optional(
      object({ bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "the name of a bucket"), kmsKey: optional(kmsKey) }),
    ),
    callers: optional(list(entraId)),
  }),
  singletons: choice("here", "elsewhere"),
  images: object({ scoring: image, training: image }),
};

const namespace = "ml-delivery";

/** The stack's config, checked. */
export type Config = { readonly [K in keyof typeof shape]: Shaped<(typeof shape)[K]> } & {
  /** The environment: `staging`, `production`. */
  readonly stack: string;
  /** Where AWS resources live (`aws:region`). */
  readonly region: string;
  /** Where Azure resources live (`azure-native:location`). */
  readonly location: string;
  /** Whose repository it is (`github:owner`). */
  readonly owner: string;
};

/**
 * Checks raw config: full keys (`ml-delivery:cluster`, `aws:region`) to values, as a stack file has them or as Pulumi hands
 * them over. Reports everything at once; what it returns is only good without problems.
 */
export function checkConfig(raw: Readonly<Record<string, unknown>>, stack: string): [Config, Problem[]] {
  const values = Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, plain(key, value)]));
  const problems: Problem[] = [];
  const report = (problem: Problem) => problems.push(problem);
  const allowed = "3 to 16 lower-case letters, digits and single dashes, a letter first, no dash last";
  text(/^(?=.{3,16}$)[a-z](-?[a-z0-9])*$/, allowed, "name the stack so")(stack, "the stack's name", report);

  const own = Object.entries(values).filter(([key]) => key.startsWith(`${namespace}:`));
  const known = Object.keys(shape).map((key) => `${namespace}:${key}`);
  for (const [key, got] of own.filter(([key]) => !known.includes(key))) {
    const near = nearest(key, known);
    report({ key, got, allowed: known.join(", "), remedy: near ? `did you mean ${near}?` : "remove it" });
  }
  const checked = Object.fromEntries(
    Object.entries(shape).map(([key, field]) => {
      const full = `${namespace}:${key}`;
      return [key, (field as Shape<unknown>)(values[full], full, report)];
    }),
  );
  const region = text(/^[a-z]{2}(-[a-z]+)+-\d$/, "an AWS region, as us-east-1");
  const location = text(/^[a-z0-9]+$/, "an Azure location in its short form, as eastus");
  const owner = text(/^[a-zA-Z\d](-?[a-zA-Z\d]){0,38}$/, "a user or an organization of GitHub, as example-org");
  const config = {
    ...checked,
    stack,
    region: region(values["aws:region"], "aws:region", report),
    location: location(values["azure-native:location"], "azure-native:location", report),
    owner: owner(values["github:owner"], "github:owner", report),
  } as Config;
  problems.push(...checkTogether(config, problems));
  return [config, problems];
}

type Key = keyof typeof shape;

/** What no single value tells, with the keys that each rule reads: it runs where nothing is wrong with those. */
const TOGETHER: readonly { readonly reads: readonly Key[]; readonly check: (config: Config) => readonly Problem[] }[] =
  [
    { reads: ["cluster", "endpoint"], check: checkSizes },
    { reads: ["project", "network", "images", "endpoint"], check: checkImages },
    { reads: ["rollout", "canary"], check: checkRollout },
    { reads: ["project", "endpoint"], check: checkModels },
    { reads: ["signing"], check: checkSigning },
    { reads: ["repository", "identity"], check: checkIdentity },
  ];

function checkTogether(config: Config, found: readonly Problem[]): readonly Problem[] {
  const sound = (key: Key) => !found.some((problem) => new RegExp(`^${namespace}:${key}(\\W|$)`).test(problem.key));
  return TOGETHER.filter(({ reads }) => reads.every(sound)).flatMap(({ check }) => check(config));
}

function problem(key: string, got: unknown, allowed: string, remedy: string): Problem {
  return { key: `${namespace}:${key}`, got, allowed, remedy };
}

function checkSizes({ cluster, endpoint: { autoscale } }: Config): Problem[] {
  const problems: Problem[] = [];
  if (cluster.minNodes > cluster.maxNodes) {
    const allowed = `at most maxNodes, ${cluster.maxNodes}`;
    problems.push(problem("cluster.minNodes", cluster.minNodes, allowed, "lower it or raise maxNodes"));
  }
  if (autoscale === undefined) return problems;
  const { min, max, addAbove = 70, removeBelow = 30 } = autoscale;
  if (min > max) problems.push(problem("endpoint.autoscale.min", min, `at most max, ${max}`, "lower it or raise max"));
  if (removeBelow >= addAbove) {
    const allowed = `less than addAbove, ${addAbove}`;
    problems.push(problem("endpoint.autoscale.removeBelow", removeBelow, allowed, "lower it or raise addAbove"));
  }
  return problems;
}

function checkImages({ project, stack, network, images, endpoint }: Config): Problem[] {
  // Nothing in a private network reaches another registry, and Azure ML pulls from no private one but its own.
  const registry = `${azureNames({ project, stack }).registry}.azurecr.io/`;
  const foreign = Object.entries(network === "private" ? images : {})
    .filter(([, image]) => !image.startsWith(registry))
    .map(([use, image]) =>
      problem(`images.${use}`, image, `an image in ${registry}`, "copy it there with `az acr import`"),
    );
  // Azure ML keeps an image under its version, which deployments are told apart by.
  const scoring = new Set([images.scoring, ...Object.values(endpoint.deployments).flatMap(({ image }) => image ?? [])]);
  const alike = [...Map.groupBy(scoring, imageVersionOf)].flatMap(([version, [one, another]]) => {
    if (another === undefined) return [];
    const allowed = `an image with a version of its own: ${one} is ${version} too`;
    return [problem("endpoint.deployments", another, allowed, "tag it anew")];
  });
  return [...foreign, ...alike];
}

function checkRollout({ rollout: { steps }, canary }: Config): Problem[] {
  const problems: Problem[] = [];
  const rising = steps.every((step, i) => step > (steps[i - 1] ?? 0));
  if (!rising || steps.at(-1) !== 100) {
    problems.push(problem("rollout.steps", steps, "rising percentages that end in 100", "as [10, 25, 50, 100]"));
  }
  if (criticalCount(readRules(canary, `${namespace}:canary`)) === 0) {
    const remedy = "a canary judged by nothing never passes; give failures mode: critical";
    problems.push(problem("canary", canary, "at least one critical metric", remedy));
  }
  return problems;
}

function checkModels({ project, stack, endpoint: { deployments, traffic, mirror } }: Config): Problem[] {
  // A package is copied into the environment's own bucket, so that production never depends on staging.
  const home = `s3://${project}-${stack}-models/`;
  const foreign = Object.entries(deployments)
    .filter(([, { model }]) => !model.startsWith(home))
    .map(([name, { model }]) =>
      problem(`endpoint.deployments.${name}.model`, model, `a package in ${home}`, "let `deploy` copy it there"),
    );
  return [...foreign, ...checkTraffic(traffic, mirror, Object.keys(deployments), `${namespace}:endpoint.`)];
}

function checkSigning({ signing: { required, publicKey } }: Config): Problem[] {
  if (publicKey === undefined) {
    const allowed = "the key that signatures are checked with, as required is true";
    return required ? [problem("signing.publicKey", undefined, allowed, "add it, or set required to false")] : [];
  }
  const wrong = keyProblem(publicKey, "public");
  return wrong === undefined ? [] : [problem("signing.publicKey", publicKey, "an EC public key on P-256", wrong)];
}

/** A subject that lacks an id, or a sign-in that lacks its account, would be found out by the first job that fails. */
function checkIdentity({ repository, identity, stack }: Config): Problem[] {
  const missing = repository.oidcSubject === "immutable" ? (["ownerId", "repositoryId"] as const) : [];
  const problems: Problem[] = missing
    .filter((key) => repository[key] === undefined)
    .map((key) => ({
      key: `${namespace}:repository.${key}`,
      got: undefined,
      allowed: "the number that GitHub's API gives, as oidcSubject is immutable",
      remedy: "look it up with `gh api repos/OWNER/REPO --jq '.owner.id, .id'`",
    }));
  const { auth, principal, readsFrom = [] } = identity;
  const { ci = "github", oidc } = repository;
  const told = auth === "oidc" && ci !== "github";
  if (told !== (oidc !== undefined)) {
    const allowed =
      "issuer and subject of the CI system's tokens where auth is oidc and ci is not github; else nothing";
    const remedy = told ? `add what ${ci} writes into \`iss\` and \`sub\`` : "remove it, or set ci";
    problems.push(problem("repository.oidc", oidc, allowed, remedy));
  }
  if ((auth === "keys") !== (principal !== undefined)) {
    const allowed = "the service principal of CI where auth is keys, and nothing where it is oidc";
    const remedy = auth === "keys" ? "add clientId and principalId" : "remove it";
    problems.push({ key: `${namespace}:identity.principal`, got: principal, allowed, remedy });
  }
  if (readsFrom.includes(stack)) {
    const remedy = "remove it: a stack reads its own packages";
    problems.push({ key: `${namespace}:identity.readsFrom`, got: readsFrom, allowed: "other stacks", remedy });
  }
  return problems;
}

/** Reads and checks the stack's config. The only place that asks Pulumi for it. */
export function readConfig(): Config {
  const [config, problems] = checkConfig(pulumi.runtime.allConfig(), pulumi.getStack());
  refuse(
    problems.map(describe),
    `Pulumi.${pulumi.getStack()}.yaml cannot be used. What each key means stands in Pulumi.yaml.`,
  );
  return config;
}

/**
 * Pulumi hands every value over as text; objects, numbers and flags as JSON. Whenever it writes a stack file (`config set`,
 * `stack init`), it puts flags in quotes, so that they mean the same with and without.
 */
function plain(key: string, value: unknown): unknown {
  if (typeof value !== "string" || key === `${namespace}:project` || !key.startsWith(`${namespace}:`)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Shows what was found before anything is registered, and goes on only where nothing was refused. */
export function admit({ refusals, warnings }: Findings): void {
  for (const warning of warnings) void pulumi.log.warn(warning);
  refuse(refusals, "This must not be deployed:");
}

/** Ends the program with all that is wrong, before anything is registered. Does nothing where nothing is wrong. */
export function refuse(problems: readonly string[], title: string): void {
  if (problems.length === 0) return;
  throw new pulumi.RunError([title, ...problems.map((problem) => `  - ${problem}`)].join("\n"));
}
