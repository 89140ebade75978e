import { isRunStep } from "../check.ts";
import { flatten } from "../graph.ts";
import type { Condition, Env, InputValue, Job, JobOutput, RunStep, SetUp, StepOutput, Value } from "../model.ts";
import { acceptNo, encodeCommand, shellWord } from "./shell.ts";

/**
 * The one place where values become text in a GitLab job's script. Everything is a variable that bash expands inside
 * quotes, so nothing that somebody typed is ever read as code; `variables:` would be expanded by GitLab before.
 */

/** Where a job writes what later jobs read, as GitLab's `dotenv` report. */
export const DOTENV = "outputs.env";

/** What the clouds trust a job's token for, by the variable that holds it. */
export const ID_TOKENS = {
  aws: { name: "AWS_ID_TOKEN", audience: "sts.amazonaws.com" },
  azure: { name: "AZURE_ID_TOKEN", audience: "api://AzureADTokenExchange" },
} as const;

export const inputVariable = (name: string): string => `INPUT_${upper(name)}`;
export const matrixVariable = (name: string): string => `MATRIX_${upper(name)}`;
const jobVariable = (job: string, name: string): string => `${upper(job)}_${upper(name)}`;
const outputsFile = (step: string): string => `OUTPUTS_${upper(step)}`;

/** The script of a job: one entry a step, then what it hands on. */
export function scriptOf(job: Job): string[] {
  return [
    ...exportEntry(job.env),
    ...job.steps.flatMap((step) => (isRunStep(step) ? [run(step, job)] : setUp(step.setUp, step.name))),
    ...handOn(job),
  ];
}

function setUp(tool: SetUp, name: string): string[] {
  switch (tool.tool) {
    case "code":
      return tool.latest ? [titled(name, LATEST)] : [];
    case "node":
    case "pulumi":
    case "artifact":
      // The image has the tools, and GitLab brings what needed jobs kept.
      return [];
    case "dependencies":
      return ["npm ci --ignore-scripts"];
    case "aws":
      return [
        titled(name, [
          ...tokenFile("AWS_WEB_IDENTITY_TOKEN_FILE", ID_TOKENS.aws.name),
          ...exported("AWS_ROLE_ARN", tool.role),
          ...exported("AWS_REGION", tool.region),
        ]),
      ];
    case "azure":
      return [
        titled(name, [
          ...tokenFile("AZURE_FEDERATED_TOKEN_FILE", ID_TOKENS.azure.name),
          ...exported("AZURE_CLIENT_ID", tool.client),
          ...exported("AZURE_TENANT_ID", tool.tenant),
          ...exported("AZURE_SUBSCRIPTION_ID", tool.subscription),
          'export ARM_USE_OIDC=true ARM_OIDC_TOKEN_FILE_PATH="$AZURE_FEDERATED_TOKEN_FILE" ARM_CLIENT_ID="$AZURE_CLIENT_ID"',
        ]),
      ];
  }
}

/** The branch by its name and with its upstream: GitLab checks out a commit, from where nothing can be pushed. */
const LATEST = [
  'git fetch --quiet origin "+refs/heads/$CI_COMMIT_BRANCH:refs/remotes/origin/$CI_COMMIT_BRANCH"',
  'git checkout --quiet --force -B "$CI_COMMIT_BRANCH" "refs/remotes/origin/$CI_COMMIT_BRANCH"',
];

/** The vendors' SDKs take a session from a token in a file. */
function tokenFile(variable: string, token: string): string[] {
  return [`${variable}=$(mktemp)`, `printf %s "\${${token}:?is not set}" > "$${variable}"`, `export ${variable}`];
}

function run(step: RunStep, job: Job): string {
  const outputs = step.id !== undefined && (step.answers || isRead(step.id, job)) ? outputsFile(step.id) : undefined;
  const own = [
    ...Object.entries(step.env ?? {}).flatMap(([name, value]) => exported(name, value)),
    ...(outputs ? [`export GITHUB_OUTPUT="$${outputs}"`] : []),
  ];
  const depth = (own.length > 0 ? 1 : 0) + (step.if ? 1 : 0);
  const margin = "  ".repeat(depth + 1);
  const command = encodeCommand(step.run, { indent: margin });
  const lines = [...own, step.answers ? acceptNo(command, margin) : command];
  // Its variables are its own: a subshell takes them along when it ends.
  const body = own.length > 0 ? ["(", ...indent(lines), ")"] : lines;
  const guarded = step.if ? [`if ${conditionText(step.if)}; then`, ...indent(body), "fi"] : body;
  return titled(step.name, [...(outputs ? [`${outputs}=$(mktemp)`] : []), ...guarded]);
}

/** Whether the job has a use for a step's outputs. */
function isRead(id: string, job: Job): boolean {
  const conditions = job.steps.filter(isRunStep).flatMap((step) => flatten(step.if));
  const values = [
    ...Object.values(job.outputs ?? {}),
    ...job.steps.filter(isRunStep).flatMap((step) => Object.values(step.env ?? {})),
    ...conditions.flatMap((condition) => (condition.when === "equals" ? condition.value : [])),
  ];
  return values.some((value) => value.from === "step" && value.step === id);
}

function handOn({ id, outputs = {} }: Job): string[] {
  const lines = Object.entries(outputs).flatMap(([name, value]) => [
    // By way of a variable: bash would go on where it fails inside printf's arguments.
    `VALUE=${valueText(value)}`,
    `printf '%s=%s\\n' ${jobVariable(id, name)} "$VALUE" >> ${DOTENV}`,
  ]);
  return lines.length > 0 ? [titled("Hand on to later jobs", lines)] : [];
}

function exportEntry(env: Env | undefined): string[] {
  const lines = Object.entries(env ?? {}).flatMap(([name, value]) => exported(name, value));
  return lines.length > 0 ? [lines.join("\n")] : [];
}

function exported(name: string, value: Value): string[] {
  // It is there already, under this very name.
  if ((value.from === "variable" || value.from === "secret") && value.name === name) return [];
  // Not `${NAME:-text}`, where bash reads quotes in the text.
  const otherwise = value.from === "input" && value.otherwise !== "" ? value.otherwise : undefined;
  return [
    `${name}=${valueText(value)}`,
    ...(otherwise === undefined ? [] : [`[ -n "$${name}" ] || ${name}=${shellWord(otherwise)}`]),
    `export ${name}`,
  ];
}

/** The value as the right side of an assignment, where bash splits nothing. */
function valueText(value: Value): string {
  switch (value.from) {
    case "literal":
      return value.text === "" ? "''" : shellWord(value.text);
    case "variable":
    case "secret":
      return `"\${${value.name}-}"`;
    case "jobToken":
      return '"$CI_JOB_TOKEN"';
    case "input":
      return `"\${${inputVariable(value.name)}-}"`;
    case "step":
      return `$(node pipelines/tools/output.ts "$${outputsFile(value.step)}" ${shellWord(value.name)})`;
    case "job":
      return `"\${${jobVariable(value.job, value.name)}-}"`;
    case "matrix":
      return `"$${matrixVariable(value.name)}"`;
  }
}

function conditionText(condition: Condition): string {
  const tests = flatten(condition).map((part) => {
    switch (part.when) {
      case "onBranch":
        return `[ "\${CI_COMMIT_BRANCH-}" = ${shellWord(part.branch)} ]`;
      case "equals":
        return equalsText(part.value, part.text);
      default:
        throw new Error(
          `A step's condition is \`${part.when}\`, which GitLab can ask of a whole job only; put it on the job.`,
        );
    }
  });
  return tests.join(" && ") || "true";
}

function equalsText(value: StepOutput | JobOutput | InputValue, text: string): string {
  // A command's output is no word of its own without quotes; everything else has them.
  const actual = value.from === "step" ? `"${valueText(value)}"` : valueText(value);
  const test = `[ ${actual} = ${shellWord(text)} ]`;
  if (value.from !== "input" || value.otherwise === "") return test;
  return value.otherwise === text ? `{ [ -z ${actual} ] || ${test}; }` : `{ [ -n ${actual} ] && ${test}; }`;
}

const titled = (name: string, lines: readonly string[]): string => [`# ${oneLine(name)}`, ...lines].join("\n");
const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ");
const upper = (name: string): string => name.toUpperCase().replaceAll("-", "_");
