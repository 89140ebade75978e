import {
  type Context,
  checkCondition,
  checkEnv,
  checkStep,
  checkValue,
  ENV_NAME,
  IDENTIFIER,
  isRunStep,
  list,
} from "./check-references.ts";
import { type Input, type Job, MACHINES, type Pipeline, STAGES } from "./model.ts";

export { isRunStep, list } from "./check-references.ts";

/**
 * Everything that is wrong with a pipeline, in the order of its jobs; empty when nothing is. Renderers and the runner
 * refuse a pipeline with a problem, so that a reference to nothing never becomes an empty text in a command.
 */
export function checkPipeline(pipeline: Pipeline): string[] {
  const problems: string[] = [];
  const ids = pipeline.jobs.map((job) => job.id);
  const jobs = new Map(pipeline.jobs.map((job) => [job.id, job]));
  if (Object.keys(pipeline.on).length === 0)
    problems.push(`Nothing starts pipeline \`${pipeline.name}\`; give it a trigger.`);
  const environments = pipeline.jobs.filter(({ environment }) => environment !== undefined).map(({ id }) => id);
  if (pipeline.whenBusy === "cancelRunning" && environments.length > 0) {
    problems.push(`A new run would cancel ${list(environments)} in the middle; use \`whenBusy: "wait"\`.`);
  }
  for (const [name, input] of Object.entries(pipeline.on.manual?.inputs ?? {}))
    problems.push(...checkInput(name, input));
  if (pipeline.notify && !ENV_NAME.test(pipeline.notify.to.name))
    problems.push(`\`notify.to\` names the variable \`${pipeline.notify.to.name}\`, which no variable can be called.`);
  for (const id of duplicates(ids)) problems.push(`Two jobs are called \`${id}\`; give each its own id.`);
  for (const job of pipeline.jobs)
    problems.push(...checkJob(job, jobs, pipeline).map((problem) => `Job \`${job.id}\`: ${problem}`));
  const cycle = findCycle(jobs);
  if (cycle) problems.push(`Jobs need each other in a circle: ${cycle.map((id) => `\`${id}\``).join(" → ")}.`);
  return problems;
}

/** Throws one error with every problem of the pipeline. */
export function assertPipeline(pipeline: Pipeline): void {
  const problems = checkPipeline(pipeline);
  if (problems.length > 0)
    throw new Error(
      `Pipeline \`${pipeline.name}\` cannot be used:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
}

function checkJob(job: Job, jobs: ReadonlyMap<string, Job>, pipeline: Pipeline): string[] {
  const problems: string[] = [];
  if (!IDENTIFIER.test(job.id))
    problems.push("the id must start with a letter and hold letters, digits, `-` and `_` only.");
  if (!(job.timeoutMinutes > 0 && job.timeoutMinutes <= 360)) {
    problems.push(`\`timeoutMinutes\` is ${job.timeoutMinutes}; it must be above 0 and at most 360.`);
  }
  if (job.environment !== undefined && job.concurrency?.whenBusy === "cancelRunning") {
    problems.push('it has an environment and would be cancelled while it changes it; use `whenBusy: "wait"`.');
  }
  if (job.permissions.idToken !== undefined && job.environment === undefined) {
    problems.push("it may ask for cloud tokens and has no environment to hold approvals; give it one.");
  }
  problems.push(
    ...checkNeeds(job, jobs),
    ...checkApproval(job, { job, jobs, pipeline, steps: [] }),
    ...checkMatrix(job),
  );
  const stepIds = job.steps.filter(isRunStep).flatMap((step) => step.id ?? []);
  for (const id of duplicates(stepIds)) problems.push(`two steps are called \`${id}\`; give each its own id.`);
  const context = { job, jobs, pipeline };
  if (typeof job.machine === "object") problems.push(...checkValue(job.machine, { ...context, steps: [] }));
  problems.push(...checkEnv(job.env, { ...context, steps: [] }), ...checkCondition(job.if, { ...context, steps: [] }));
  const seen: string[] = [];
  for (const step of job.steps) {
    problems.push(
      ...checkStep(step, { ...context, steps: [...seen] }).map((problem) => `step \`${step.name}\`: ${problem}`),
    );
    if (isRunStep(step) && step.id !== undefined) seen.push(step.id);
  }
  for (const [name, output] of Object.entries(job.outputs ?? {})) {
    problems.push(
      ...checkValue(output, { ...context, steps: seen }).map((problem) => `output \`${name}\`: ${problem}`),
    );
  }
  return problems;
}

function checkNeeds(job: Job, jobs: ReadonlyMap<string, Job>): string[] {
  return (job.needs ?? []).flatMap((id) => {
    const need = jobs.get(id);
    if (!need) return [`needs job \`${id}\`, which does not exist; jobs: ${list(jobs.keys())}.`];
    const late = job.stage && need.stage && STAGES.indexOf(need.stage) > STAGES.indexOf(job.stage);
    return late
      ? [
          `is in stage \`${job.stage}\` and needs job \`${id}\` of the later stage \`${need.stage}\`; stages: ${list(STAGES)}.`,
        ]
      : [];
  });
}

function checkApproval(job: Job, context: Context): string[] {
  if (!job.approval) return [];
  const problems = Object.values(job.approval.shows ?? {}).flatMap((value) => checkValue(value, context));
  if (job.environment === undefined)
    problems.push("it waits for an approval and has no environment to say whose; give it one.");
  return problems;
}

function checkMatrix({ matrix, machine, outputs }: Job): string[] {
  if (!matrix) return [];
  const problems: string[] = [];
  for (const [name, values] of Object.entries(matrix)) {
    if (!ENV_NAME.test(name)) problems.push(`\`${name}\` of its matrix must hold letters, digits and \`_\` only.`);
    if (values.length === 0) problems.push(`\`${name}\` of its matrix has no values; the job would never run.`);
  }
  const machines: readonly string[] = (typeof machine === "object" && matrix[machine.name]) || [];
  for (const name of machines) {
    if (!MACHINES.some((known) => known === name))
      problems.push(`its matrix asks for machine \`${name}\`; machines: ${list(MACHINES)}.`);
  }
  if (outputs) problems.push("it has a matrix and outputs, and each combination would overwrite them; give up one.");
  return problems;
}

function checkInput(name: string, { options, default: text }: Input): string[] {
  const problems: string[] = [];
  if (!ENV_NAME.test(name))
    problems.push(`Input \`${name}\` must hold letters, digits and \`_\` only, no digit first.`);
  if (options && text !== undefined && !options.includes(text))
    problems.push(`Input \`${name}\` has the default \`${text}\`, which is none of its options: ${list(options)}.`);
  return problems;
}

function duplicates(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function findCycle(jobs: ReadonlyMap<string, Job>): string[] | undefined {
  const done = new Set<string>();
  const visit = (id: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id];
    if (done.has(id)) return undefined;
    for (const need of jobs.get(id)?.needs ?? []) {
      const cycle = visit(need, [...path, id]);
      if (cycle) return cycle;
    }
    done.add(id);
    return undefined;
  };
  for (const id of jobs.keys()) {
    const cycle = visit(id, []);
    if (cycle) return cycle;
  }
  return undefined;
}
