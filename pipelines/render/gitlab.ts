import { Document, Scalar, visit } from "yaml";
import { assertPipeline, isRunStep } from "../check.ts";
import { conditionsOf } from "../graph.ts";
import { type Condition, type GitFilter, type Job, type Pipeline, STAGES, type Triggers } from "../model.ts";
import { DOTENV, ID_TOKENS, inputVariable, matrixVariable, scriptOf } from "./gitlab-script.ts";
import { imageOf } from "./images.ts";
import { refuseCancelling, refuseOtherMachines } from "./inexpressible.ts";
import { KEEP_DAYS, marker } from "./marker.ts";

/**
 * The text of a `.gitlab-ci.yml` that runs the pipeline. The same pipeline always gives the same text.
 *
 * Variables and secrets are CI/CD variables of the job's environment. Jobs that push need "Allow Git push requests to
 * the repository" in the project's settings, where GitLab keeps what a job's token may do; approvals hold for those whom
 * the protected environment names.
 *
 * @throws naming job and feature, where GitLab has no way to say what the pipeline asks for
 */
export function renderGitLab(pipeline: Pipeline): string {
  assertPipeline(pipeline);
  if (pipeline.notify) {
    throw new Error(
      `Pipeline \`${pipeline.name}\` mails how it ended; GitLab keeps that in the project's settings, under integrations. Leave \`notify\` out.`,
    );
  }
  const interruptible = pipeline.whenBusy === "cancelRunning";
  const document = new Document(
    {
      workflow: {
        name: pipeline.name,
        auto_cancel: { on_new_commit: interruptible ? "interruptible" : "none" },
        rules: renderTriggers(pipeline),
      },
      stages: STAGES.filter((stage) => pipeline.jobs.some((job) => job.stage === stage)),
      ...renderInputs(pipeline.on),
      default: { interruptible },
      ...Object.fromEntries(pipeline.jobs.map((job) => [job.id, renderJob(job, pipeline)])),
    },
    { aliasDuplicateObjects: false },
  );
  document.commentBefore = ` ${marker(pipeline)}`;
  keepReturns(document);
  return document.toString({ lineWidth: 0, blockQuote: "literal" });
}

function renderTriggers({ name, on }: Pipeline): object[] {
  if (on.schedule) {
    throw new Error(
      `Pipeline \`${name}\` starts at set times, which GitLab keeps in the project and not in a file. Leave \`schedule\` out, and create the schedule in the project.`,
    );
  }
  const branches = (variable: string, { branches }: GitFilter) => {
    const tests = branches.map((branch) => `${variable} == ${quote(branch)}`);
    return tests.length > 1 ? `(${tests.join(" || ")})` : tests.join("");
  };
  const rule = (condition: string, paths?: readonly string[]) =>
    defined({ if: condition, changes: paths && { paths } });
  return [
    ...(on.push
      ? [rule(`$CI_PIPELINE_SOURCE == "push" && ${branches("$CI_COMMIT_BRANCH", on.push)}`, on.push.paths)]
      : []),
    ...(on.pullRequest
      ? [
          rule(
            `$CI_PIPELINE_SOURCE == "merge_request_event" && ${branches("$CI_MERGE_REQUEST_TARGET_BRANCH_NAME", on.pullRequest)}`,
            on.pullRequest.paths,
          ),
        ]
      : []),
    ...(on.manual ? [rule('$CI_PIPELINE_SOURCE == "web" || $CI_PIPELINE_SOURCE == "api"')] : []),
  ];
}

/** Fields of the form that starts a pipeline. Not `spec:inputs`, whose texts GitLab pastes into the file. */
function renderInputs({ manual }: Triggers): object {
  const inputs = Object.entries(manual?.inputs ?? {});
  if (inputs.length === 0) return {};
  const variables = inputs.map(([name, { description, default: value = "", options }]) => [
    inputVariable(name),
    defined({ description, value, options, expand: false }),
  ]);
  return { variables: Object.fromEntries(variables) };
}

function renderJob(job: Job, pipeline: Pipeline): object {
  refuseInexpressible(job);
  const steps = job.steps.filter(isRunStep);
  return defined({
    stage: job.stage,
    image: imageOf(job, (version) => (version.from === "literal" ? version.text : `$${matrixVariable(version.name)}`)),
    // Without this line a job waits for everything in the stages before it.
    needs: job.needs ?? [],
    rules: [renderRule(job, pipeline)],
    environment: job.environment && renderEnvironment(job),
    timeout: `${job.timeoutMinutes} minutes`,
    resource_group: job.concurrency?.group,
    parallel: job.matrix && { matrix: [renderMatrix(job.matrix)] },
    id_tokens: job.permissions.idToken && renderIdTokens(job),
    script: scriptOf(job),
    coverage: job.coverage && `/${job.coverage}/`,
    artifacts: renderArtifacts(
      steps.flatMap(({ artifacts }) => artifacts ?? []),
      job.outputs !== undefined,
    ),
  });
}

/** A deployment is a job that may commit one; others look at the environment's variables alone. */
function renderEnvironment(job: Job): object {
  const deploys = typeof job.permissions.contents === "object";
  return deploys ? { name: job.environment } : { name: job.environment, action: "access" };
}

function renderIdTokens(job: Job): object {
  const tools = job.steps.flatMap((step) => (isRunStep(step) ? [] : step.setUp.tool));
  const tokens = [tools.includes("aws") && ID_TOKENS.aws, tools.includes("azure") && ID_TOKENS.azure];
  return Object.fromEntries(tokens.flatMap((token) => (token ? [[token.name, { aud: token.audience }] as const] : [])));
}

function renderMatrix(matrix: NonNullable<Job["matrix"]>): object {
  return Object.fromEntries(Object.entries(matrix).map(([name, values]) => [matrixVariable(name), values]));
}

function renderArtifacts(
  kept: readonly { readonly name: string; readonly paths: readonly string[] }[],
  handsOn: boolean,
): object | undefined {
  if (kept.length === 0 && !handsOn) return undefined;
  return defined({
    name: kept.map(({ name }) => name).join("-") || undefined,
    when: kept.length > 0 ? "always" : undefined,
    expire_in: `${KEEP_DAYS} days`,
    paths: kept.length > 0 ? kept.flatMap(({ paths }) => paths) : undefined,
    reports: handsOn ? { dotenv: DOTENV } : undefined,
  });
}

/** One rule: the job runs where all of it holds. What it needs may be missing, and then it must be too. */
function renderRule(job: Job, pipeline: Pipeline): object {
  const conditions = conditionsOf(job, pipeline);
  const paths = conditions.flatMap((part) => (part.when === "changed" ? [part.paths] : []));
  if (paths.length > 1) {
    throw new Error(
      `Job \`${job.id}\` asks for changes in two sets of paths at once; GitLab has one set a rule. Ask for one set.`,
    );
  }
  const texts = conditions.flatMap((part) => (part.when === "changed" ? [] : [expression(part, job)]));
  const when = job.approval ? { when: "manual", allow_failure: false } : {};
  const rule = defined({ if: texts.join(" && ") || undefined, changes: paths[0] && { paths: paths[0] }, ...when });
  return Object.keys(rule).length > 0 ? rule : { when: "on_success" };
}

function expression(condition: Condition, job: Job): string {
  switch (condition.when) {
    case "onBranch":
      return `$CI_COMMIT_BRANCH == ${quote(condition.branch)}`;
    case "ownPullRequest":
      return "$CI_MERGE_REQUEST_SOURCE_PROJECT_PATH == $CI_PROJECT_PATH";
    case "equals":
      if (condition.value.from === "input")
        return `$${inputVariable(condition.value.name)} == ${quote(condition.text)}`;
      throw new Error(
        `Job \`${job.id}\` depends on an output; GitLab decides which jobs run before any of them has run. Put the condition on its steps.`,
      );
    case "changed":
    case "all":
      throw new Error(`\`${condition.when}\` is no expression; this is a defect of the renderer.`);
  }
}

/** A string in GitLab's expression language, which knows no escapes. */
function quote(text: string): string {
  if (!/["\\\n\r]/.test(text)) return `"${text}"`;
  throw new Error(
    `GitLab's rules cannot hold the text ${JSON.stringify(text)}: no quotes, backslashes or line breaks.`,
  );
}

function refuseInexpressible(job: Job): void {
  if (job.stage === undefined)
    throw new Error(`Job \`${job.id}\` has no stage, and GitLab has no jobs without one. Give it a \`stage\`.`);
  refuseCancelling(job, "in GitLab a group only waits");
  refuseOtherMachines(job, "the images of GitLab's jobs");
}

/** YAML turns the line ends of block text into plain newlines; quotes keep them as they are. */
function keepReturns(document: Document): void {
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === "string" && scalar.value.includes("\r")) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
}

function defined(object: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
