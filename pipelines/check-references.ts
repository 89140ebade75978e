import { ancestorsOf, flatten } from "./graph.ts";
import type { Argument, Condition, Env, Job, Pipeline, RunStep, SetUpStep, Step, Value } from "./model.ts";

/** Letters, digits, `-` and `_`, a letter first: what every CI system takes as an id. */
export const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_-]*$/;
/** What bash and every CI system take as a variable's name. */
export const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What a value may refer to: the steps before it, the job's needs and matrix, the pipeline's inputs. */
export interface Context {
  readonly job: Job;
  readonly jobs: ReadonlyMap<string, Job>;
  readonly pipeline: Pipeline;
  readonly steps: readonly string[];
}

export function isRunStep(step: Step): step is RunStep {
  return "run" in step;
}

/** Names, back-quoted and in their order, or `(none)`. */
export function list(names: Iterable<string>): string {
  return [...names].map((name) => `\`${name}\``).join(", ") || "(none)";
}

export function checkStep(step: Step, context: Context): string[] {
  if (!isRunStep(step)) return checkSetUp(step, context);
  const problems = [...checkEnv(step.env, context), ...checkCondition(step.if, context)];
  if (step.id !== undefined && !IDENTIFIER.test(step.id))
    problems.push(`id \`${step.id}\` must start with a letter and hold letters, digits, \`-\` and \`_\` only.`);
  if (step.pushes && (context.job.permissions.contents ?? "read") === "read") {
    problems.push("it pushes commits, which its job may not; give the job `contents: { write: … }`.");
  }
  const known = Object.keys({ ...context.job.env, ...step.env });
  for (const name of step.run.flatMap(referencesOf)) {
    if (!known.includes(name))
      problems.push(`an argument reads \`${name}\`, which is not in its env; env: ${list(known)}.`);
  }
  if (step.run.flatMap(textsOf).some((text) => text.includes("\0")))
    problems.push("an argument holds a NUL character, which no command can take.");
  return problems;
}

function checkSetUp({ setUp }: SetUpStep, context: Context): string[] {
  if (setUp.tool === "artifact") {
    const kept = ancestorsOf(context.job, context.pipeline).flatMap((job) =>
      job.steps.filter(isRunStep).flatMap(({ artifacts }) => artifacts?.name ?? []),
    );
    return kept.includes(setUp.name)
      ? []
      : [`no job before this one keeps an artifact \`${setUp.name}\`; kept: ${list(kept)}.`];
  }
  return Object.values(setUp)
    .filter((part): part is Value => typeof part === "object")
    .flatMap((value) => checkValue(value, context));
}

export function checkEnv(env: Env | undefined, context: Context): string[] {
  return Object.entries(env ?? {}).flatMap(([name, value]) => {
    const problems = checkValue(value, context);
    if (!ENV_NAME.test(name))
      problems.push("an environment variable's name holds letters, digits and `_` only, and starts with no digit.");
    return problems.map((problem) => `env \`${name}\`: ${problem}`);
  });
}

export function checkValue(value: Value, { job, jobs, pipeline, steps }: Context): string[] {
  switch (value.from) {
    case "step":
      return steps.includes(value.step)
        ? []
        : [`no earlier step has the id \`${value.step}\`; earlier ids: ${list(steps)}.`];
    case "job": {
      if (!job.needs?.includes(value.job))
        return [`reads job \`${value.job}\`, which it does not need; needs: ${list(job.needs ?? [])}.`];
      const outputs = Object.keys(jobs.get(value.job)?.outputs ?? {});
      return outputs.includes(value.name)
        ? []
        : [`job \`${value.job}\` has no output \`${value.name}\`; outputs: ${list(outputs)}.`];
    }
    case "input": {
      const inputs = Object.keys(pipeline.on.manual?.inputs ?? {});
      return inputs.includes(value.name) ? [] : [`there is no input \`${value.name}\`; inputs: ${list(inputs)}.`];
    }
    case "matrix": {
      const names = Object.keys(job.matrix ?? {});
      return names.includes(value.name) ? [] : [`its matrix has no \`${value.name}\`; it has ${list(names)}.`];
    }
    case "variable":
    case "secret":
      return ENV_NAME.test(value.name)
        ? []
        : [`\`${value.name}\` is no name for a ${value.from}: letters, digits and \`_\`, no digit first.`];
    case "literal":
    case "jobToken":
      return [];
  }
}

export function checkCondition(condition: Condition | undefined, context: Context): string[] {
  return flatten(condition).flatMap((part) =>
    part.when === "equals" ? checkValue(part.value, context).map((problem) => `condition: ${problem}`) : [],
  );
}

function referencesOf(argument: Argument): string[] {
  return typeof argument === "string" ? [] : argument.flatMap((part) => (typeof part === "string" ? [] : part.env));
}

function textsOf(argument: Argument): string[] {
  return typeof argument === "string" ? [argument] : argument.filter((part) => typeof part === "string");
}
