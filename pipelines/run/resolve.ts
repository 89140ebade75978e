import { isRunStep, list } from "../check.ts";
import type { Argument, Command, Condition, Env, Job, Pipeline, Step, Value } from "../model.ts";
import { describe } from "../values.ts";

/** What values and conditions are read from while a job runs. */
export interface Scope {
  readonly branch: string;
  readonly environment: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, string>>;
  /** Outputs of the job's own steps so far, and of the jobs before it. */
  readonly steps: Readonly<Record<string, Outputs>>;
  readonly jobs: Readonly<Record<string, Outputs>>;
}

export type Outputs = Readonly<Record<string, string>>;

/** The value's text; undefined where nobody has set it. */
export function resolveValue(value: Value, scope: Scope): string | undefined {
  switch (value.from) {
    case "literal":
      return value.text;
    case "variable":
      return scope.variables[value.name];
    case "secret":
      return scope.secrets[value.name];
    case "input":
      return scope.inputs[value.name] || value.otherwise;
    case "step":
      return scope.steps[value.step]?.[value.name];
    case "job":
      return scope.jobs[value.job]?.[value.name];
    case "jobToken":
    case "matrix":
      // This machine is one combination, and has no token of its own: the surroundings' variable stays in place.
      return undefined;
  }
}

/**
 * The variables a step gets for its `env`. A name whose value nobody set is left out, so that the surroundings' own
 * variable of that name stays: a machine with a session in the cloud needs no role to assume.
 */
export function resolveEnv(env: Env, scope: Scope): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => {
      const text = resolveValue(value, scope);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/**
 * Program and arguments with the variables filled in.
 *
 * @throws naming the variable and where it should have come from, where it is unset or empty
 */
export function resolveCommand(
  command: Command,
  env: Env,
  values: NodeJS.ProcessEnv,
  scope: Scope,
): [string, ...string[]] {
  const fill = (argument: Argument): string => {
    if (typeof argument === "string") return argument;
    return argument.map((part) => (typeof part === "string" ? part : take(part.env))).join("");
  };
  const take = (name: string): string => {
    const text = values[name];
    if (text) return text;
    const source = env[name];
    const place = scope.environment === undefined ? "" : `, in environment \`${scope.environment}\``;
    throw new Error(
      `An argument reads \`${name}\`, which is empty. It comes from ${source ? describe(source) : "nowhere"}${place}; set it there.`,
    );
  };
  const [program, ...args] = command;
  return [program, ...args.map(fill)];
}

/** Undefined where the condition holds; otherwise what is not as it asks. */
export function unmet(condition: Condition | undefined, scope: Scope): string | undefined {
  switch (condition?.when) {
    case undefined:
      return undefined;
    case "onBranch":
      return scope.branch === condition.branch
        ? undefined
        : `only on branch \`${condition.branch}\`, this is \`${scope.branch}\``;
    case "equals": {
      const text = resolveValue(condition.value, scope) ?? "";
      return text === condition.text
        ? undefined
        : `${describe(condition.value)} is \`${text}\`, not \`${condition.text}\``;
    }
    case "ownPullRequest":
      return "only for a pull request, this is a branch";
    case "changed":
      // Nothing was pushed: whoever runs a pipeline here wants its jobs run.
      return undefined;
    case "all":
      return condition.of.map((part) => unmet(part, scope)).find((reason) => reason !== undefined);
  }
}

/**
 * The inputs of a run: what was given, with the pipeline's defaults for the rest. Undefined stands for a run that nobody
 * started by hand, which has no inputs.
 */
export function resolveInputs(
  pipeline: Pipeline,
  given: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  if (given === undefined) return {};
  const inputs = pipeline.on.manual?.inputs ?? {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(inputs, name)) {
      throw new Error(`Pipeline \`${pipeline.name}\` has no input \`${name}\`; inputs: ${list(Object.keys(inputs))}.`);
    }
  }
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { required, default: otherwise, options }]) => {
      const text = given[name] || otherwise || "";
      if (required && text === "")
        throw new Error(`Pipeline \`${pipeline.name}\` needs input \`${name}\`, which is empty; give it a text.`);
      if (options && text !== "" && !options.includes(text))
        throw new Error(
          `Input \`${name}\` of pipeline \`${pipeline.name}\` is \`${text}\`; it may be ${list(options)}.`,
        );
      return [name, text];
    }),
  );
}

/** Which steps of which jobs to run: a job's id takes all of its steps, `job/step` the one with that id or name. */
export type Selection = readonly string[];

/**
 * Tells whether a step belongs to a selection.
 *
 * @throws where the selection names what the pipeline does not have, listing what it has
 */
export function createSelector(pipeline: Pipeline, only: Selection | undefined): (job: Job, step?: Step) => boolean {
  if (only === undefined) return () => true;
  const namesOf = (job: Job) => job.steps.filter(isRunStep).map((step) => `${job.id}/${step.id ?? step.name}`);
  const known = pipeline.jobs.flatMap((job) => [job.id, ...namesOf(job)]);
  const unknown = only.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`Pipeline \`${pipeline.name}\` has no ${list(unknown)}; it has ${list(known)}.`);
  return (job, step) => {
    if (only.includes(job.id)) return true;
    if (step === undefined) return only.some((name) => name.startsWith(`${job.id}/`));
    return isRunStep(step) && only.includes(`${job.id}/${step.id ?? step.name}`);
  };
}
