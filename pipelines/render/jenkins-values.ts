import { flatten } from "../graph.ts";
import type { Condition, Job, Pipeline, StepOutput, Value } from "../model.ts";
import { groovyString } from "./groovy.ts";

/** The job that a value stands in, and where its parts come from. */
export interface Place {
  readonly job: Job;
  readonly pipeline: Pipeline;
  /** This stage's values of the job's matrix. */
  readonly combination: Readonly<Record<string, string>>;
}

/** Groovy that gives a value's text. */
export function valueExpression(value: Value, place: Place): string {
  switch (value.from) {
    case "literal":
      return groovyString(value.text);
    case "variable":
      return orEmpty(`env.${environmentName(value.name, place.job)}`);
    case "secret":
      // `withCredentials` has bound it under the name it has in the environment: see `secretsOf`.
      throw new Error(
        `Job \`${place.job.id}\` uses secret \`${value.name}\` for more than a step's env; in Jenkins a secret is bound to a variable of a step. Move it there.`,
      );
    case "jobToken":
      throw new Error(
        `Job \`${place.job.id}\` uses the job's own token, which Jenkins does not have. Use a secret with just the rights it needs.`,
      );
    case "input":
      return value.otherwise === ""
        ? orEmpty(`params.${value.name}`)
        : `(params.${value.name} ?: ${groovyString(value.otherwise)})`;
    case "step":
      return orEmpty(`env.${outputVariable(place.job.id, value)}`);
    case "job":
      return jobOutputExpression(value.job, value.name, place);
    case "matrix":
      return groovyString(place.combination[value.name] ?? "");
  }
}

/** Outputs are kept for the whole run, so a job's output is read where its step put it. */
function jobOutputExpression(id: string, name: string, place: Place): string {
  const job = place.pipeline.jobs.find((candidate) => candidate.id === id);
  const output = job?.outputs?.[name];
  // `check.ts` has refused references to what is not there.
  return job && output ? valueExpression(output, { ...place, job }) : "''";
}

const orEmpty = (expression: string): string => `(${expression} ?: '')`;

/** Jenkins keeps variables and credentials without environments: there they carry its name, as `STAGING_DATA_BUCKET`. */
export function environmentName(name: string, { environment }: Pick<Job, "environment">): string {
  if (environment === undefined) return name;
  const prefix = `${upper(environment)}_`;
  return name.startsWith(prefix) ? name : `${prefix}${name}`;
}

/** Where a step's output is kept for the rest of the run. */
export function outputVariable(job: string, { step, name }: Pick<StepOutput, "step" | "name">): string {
  return `OUTPUT_${upper(job)}_${upper(step)}_${upper(name)}`;
}

/** The outputs of a job's steps that somebody reads, in this job or in another. */
export function outputsRead(job: Job, pipeline: Pipeline): readonly StepOutput[] {
  const values = pipeline.jobs.flatMap((reader) => {
    const own = valuesOf(reader).filter((value): value is StepOutput => reader === job && value.from === "step");
    const handedOn = valuesOf(reader).flatMap((value) => {
      const output = value.from === "job" && value.job === job.id ? job.outputs?.[value.name] : undefined;
      return output?.from === "step" ? output : [];
    });
    return [...own, ...handedOn];
  });
  return [...new Map(values.map((value) => [outputVariable(job.id, value), value])).values()];
}

function valuesOf(job: Job): readonly Value[] {
  const conditions = [job.if, ...job.steps.map((step) => ("run" in step ? step.if : undefined))].flatMap(flatten);
  return [
    ...Object.values(job.env ?? {}),
    ...Object.values(job.approval?.shows ?? {}),
    ...job.steps.flatMap((step) => ("run" in step ? Object.values(step.env ?? {}) : [])),
    ...conditions.flatMap((condition) => (condition.when === "equals" ? condition.value : [])),
  ];
}

/** A condition as Groovy that is true where it holds. `changed` is a directive and has no expression. */
export function conditionExpression(condition: Condition, place: Place): string {
  switch (condition.when) {
    case "onBranch":
      return `env.BRANCH_NAME == ${groovyString(condition.branch)}`;
    case "equals":
      return `${valueExpression(condition.value, place)} == ${groovyString(condition.text)}`;
    case "ownPullRequest":
      return "env.CHANGE_ID != null && env.CHANGE_FORK == null";
    case "all":
      return condition.of.map((part) => conditionExpression(part, place)).join(" && ") || "true";
    case "changed":
      throw new Error(
        `Job \`${place.job.id}\` asks in a step which files changed; Jenkins can ask that of a whole stage only. Put it on the job.`,
      );
  }
}

export const upper = (name: string): string => name.toUpperCase().replaceAll("-", "_");
