import { Document, isScalar, Scalar, visit } from "yaml";
import { type Action, actions } from "../actions.ts";
import { assertPipeline, isRunStep } from "../check.ts";
import { flatten } from "../graph.ts";
import type {
  Env,
  GitFilter,
  Job,
  Machine,
  Permissions,
  Pipeline,
  Right,
  RunStep,
  SetUpStep,
  Step,
  Triggers,
} from "../model.ts";
import { encodeCondition, encodeValue, PIPELINE_AND_BRANCH, PUSH_TOKEN, REF_NAME, scriptWord } from "./github-text.ts";
import { KEEP_DAYS, marker } from "./marker.ts";
import { acceptNo, encodeCommand } from "./shell.ts";

/** Fixed, so that a run next year meets the machine that this year's tests met. */
const RUNNERS: Record<Machine, string> = { linux: "ubuntu-24.04", windows: "windows-2025" };

/**
 * Lets git ask this step's environment for a token when GitHub wants one. Nothing is written to a file, where
 * other steps would find it.
 */
const PUSH_CREDENTIALS = {
  PUSH_TOKEN,
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "credential.https://github.com.helper",
  GIT_CONFIG_VALUE_0: '!f() { echo username=x-access-token; echo "password=$PUSH_TOKEN"; }; f',
};

/**
 * The text of a GitHub Actions workflow file that runs the pipeline. The same pipeline always gives the same text.
 *
 * @throws naming job and feature, where GitHub has no way to say what the pipeline asks for
 */
export function renderGitHub(pipeline: Pipeline): string {
  assertPipeline(pipeline);
  if (pipeline.notify) {
    throw new Error(
      `Pipeline \`${pipeline.name}\` mails how it ended; GitHub Actions does so itself, to whoever started the run or watches the repository. Leave \`notify\` out.`,
    );
  }
  for (const job of pipeline.jobs) refuseInexpressible(job);
  const document = new Document(
    {
      name: pipeline.name,
      on: renderTriggers(pipeline.on),
      // What a job may do is said at the job; GitHub's default is whatever the repository's settings say that day.
      permissions: {},
      concurrency: { group: PIPELINE_AND_BRANCH, "cancel-in-progress": pipeline.whenBusy === "cancelRunning" },
      defaults: { run: { shell: "bash" } },
      jobs: Object.fromEntries(pipeline.jobs.map((job) => [job.id, renderJob(job)])),
    },
    { aliasDuplicateObjects: false },
  );
  document.commentBefore = ` ${marker(pipeline)}`;
  finish(document);
  return document.toString({ lineWidth: 0, blockQuote: "literal" });
}

function renderTriggers(on: Triggers): object {
  return defined({
    push: on.push && renderFilter(on.push),
    pull_request: on.pullRequest && renderFilter(on.pullRequest),
    schedule: on.schedule?.map((cron) => ({ cron })),
    workflow_dispatch: on.manual && {
      inputs: Object.fromEntries(
        Object.entries(on.manual.inputs).map(([name, { description, required, default: value, options }]) => [
          name,
          defined({ description, required, default: value, type: options ? "choice" : "string", options }),
        ]),
      ),
    },
  });
}

function renderFilter({ branches, paths }: GitFilter): object {
  return defined({ branches, paths });
}

function renderJob(job: Job): object {
  return defined({
    name: job.name,
    needs: job.needs?.length ? job.needs : undefined,
    if: job.if && encodeCondition(job.if),
    "runs-on": renderMachine(job.machine ?? "linux"),
    // One combination's failure says nothing about the others.
    strategy: job.matrix && { "fail-fast": false, matrix: renderMatrix(job) },
    environment: job.environment,
    permissions: renderPermissions(job.permissions),
    "timeout-minutes": job.timeoutMinutes,
    concurrency: job.concurrency && {
      group: job.concurrency.group,
      "cancel-in-progress": job.concurrency.whenBusy === "cancelRunning",
    },
    env: job.env && renderEnv(job.env),
    outputs: job.outputs && renderEnv(job.outputs),
    steps: job.steps.flatMap(renderStep),
  });
}

function renderMachine(machine: NonNullable<Job["machine"]>): string {
  return typeof machine === "string" ? RUNNERS[machine] : encodeValue(machine);
}

/** The machines by GitHub's labels; everything else as it is. */
function renderMatrix({ matrix, machine }: Job): object {
  const labels: Record<string, string> = RUNNERS;
  return Object.fromEntries(
    Object.entries(matrix ?? {}).map(([name, values]) => {
      const machines = typeof machine === "object" && machine.name === name;
      return [name, machines ? values.map((value) => labels[value]) : values];
    }),
  );
}

function renderPermissions(permissions: Permissions): object {
  return defined({
    actions: renderRight(permissions.actions),
    contents: renderRight(permissions.contents),
    "id-token": renderRight(permissions.idToken),
    "pull-requests": renderRight(permissions.pullRequests),
  });
}

/** A right to write carries its reason into the file, for whoever reviews it there. */
function renderRight(right: Right | undefined): Scalar | undefined {
  if (right === undefined) return undefined;
  const scalar = new Scalar(right === "read" ? "read" : "write");
  if (right !== "read") scalar.comment = ` ${right.write}`;
  return scalar;
}

function renderEnv(env: Env): object {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, encodeValue(value)]));
}

function renderStep(step: Step): object[] {
  return isRunStep(step) ? renderRun(step) : [renderSetUp(step)];
}

function renderRun(step: RunStep): object[] {
  const run = defined({
    name: step.name,
    id: step.id,
    if: step.if && encodeCondition(step.if),
    env: (step.env || step.pushes) && { ...renderEnv(step.env ?? {}), ...(step.pushes && PUSH_CREDENTIALS) },
    run: script(step),
  });
  if (!step.artifacts) return [run];
  const { name, paths } = step.artifacts;
  const keep = {
    name: `Keep ${name}`,
    if: "!cancelled()",
    ...uses(actions.uploadArtifact, { name, path: paths.join("\n"), "retention-days": KEEP_DAYS }),
  };
  return [run, keep];
}

function script({ run, answers }: RunStep): string {
  const text = encodeCommand(run, { word: scriptWord });
  return answers ? acceptNo(text) : text;
}

function renderSetUp({ name, setUp }: SetUpStep): object {
  switch (setUp.tool) {
    case "code":
      // The token stays out of `.git/config`, where any later command could read it.
      return {
        name,
        ...uses(actions.checkout, {
          ...(setUp.latest && { ref: REF_NAME }),
          "persist-credentials": false,
        }),
      };
    case "node":
      // No cache: a pull request could plant something in it for a job that deploys.
      return {
        name,
        ...uses(actions.setupNode, { "node-version": encodeValue(setUp.version), "package-manager-cache": false }),
      };
    case "dependencies":
      return { name, run: "npm ci --ignore-scripts" };
    case "pulumi":
      return { name, ...uses(actions.pulumi, { "pulumi-version": setUp.version }) };
    case "artifact":
      // Of this run: another run's artifact may be a stranger's.
      return { name, ...uses(actions.downloadArtifact, { name: setUp.name }) };
    case "aws":
      return {
        name,
        ...uses(actions.awsCredentials, {
          "role-to-assume": encodeValue(setUp.role),
          "aws-region": encodeValue(setUp.region),
        }),
      };
    case "azure":
      return {
        name,
        ...uses(actions.azureLogin, {
          "client-id": encodeValue(setUp.client),
          "tenant-id": encodeValue(setUp.tenant),
          "subscription-id": encodeValue(setUp.subscription),
        }),
      };
  }
}

function uses(action: Action, inputs: object): object {
  return { uses: `${action.repository}@${action.commit}`, with: inputs };
}

/** Writes each action's version beside its commit, as GitHub's updater expects it, and keeps carriage returns. */
function finish(document: Document): void {
  const versions = new Map(
    Object.values(actions).map(({ repository, commit, version }) => [`${repository}@${commit}`, version]),
  );
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || key.value !== "uses" || !isScalar(value)) return;
      const version = versions.get(String(value.value));
      if (version) value.comment = ` ${version}`;
    },
    Scalar(_, scalar) {
      // YAML turns the line ends of block text into plain newlines; quotes keep them as they are.
      if (typeof scalar.value === "string" && scalar.value.includes("\r")) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
}

function refuseInexpressible(job: Job): void {
  if (flatten(job.if).some(({ when }) => when === "changed")) {
    throw new Error(
      `Job \`${job.id}\` asks which files changed; GitHub Actions can ask that of a whole workflow only. Put the paths on the pipeline's trigger.`,
    );
  }
  const reserved = [
    ...Object.keys(job.env ?? {}),
    ...job.steps.filter(isRunStep).flatMap(({ env }) => Object.keys(env ?? {})),
  ];
  for (const name of reserved) {
    if (/^(GITHUB|RUNNER)_/.test(name) && name !== "GITHUB_TOKEN") {
      throw new Error(
        `Job \`${job.id}\` sets \`${name}\` in an env, which GitHub Actions ignores: names that start with GITHUB_ or RUNNER_ are its own. Choose another name.`,
      );
    }
  }
  if (!Number.isInteger(job.timeoutMinutes)) {
    throw new Error(
      `Job \`${job.id}\` has a timeout of ${job.timeoutMinutes} minutes; GitHub Actions takes whole minutes. Round it up.`,
    );
  }
  const values = [job.env, job.outputs, ...job.steps.filter(isRunStep).map(({ env }) => env)].flatMap((env) =>
    Object.values(env ?? {}),
  );
  for (const value of values) {
    if (value.from === "secret" && value.name.toUpperCase().startsWith("GITHUB_")) {
      throw new Error(
        `Job \`${job.id}\` reads secret \`${value.name}\`; GitHub allows no secret whose name starts with GITHUB_. Rename it.`,
      );
    }
  }
}

/** The object without the keys whose value is undefined, so that defaults do not litter the file. */
function defined(object: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
