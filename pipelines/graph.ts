import type { Condition, Job, Pipeline } from "./model.ts";

/** The jobs that a job needs, and those that they need, in the pipeline's order. */
export function ancestorsOf(job: Job, pipeline: Pipeline): readonly Job[] {
  const ids = new Set<string>();
  const visit = (id: string) => {
    if (ids.has(id)) return;
    ids.add(id);
    for (const next of pipeline.jobs.find((candidate) => candidate.id === id)?.needs ?? []) visit(next);
  };
  for (const id of job.needs ?? []) visit(id);
  return pipeline.jobs.filter(({ id }) => ids.has(id));
}

/**
 * The jobs of a pipeline without circles in waves: each wave needs only what is in waves before it, and every job is in the earliest that it can be.
 * For systems that know stages one after another, and not a graph.
 */
export function wavesOf(pipeline: Pipeline): readonly (readonly Job[])[] {
  const depth = (job: Job): number =>
    Math.max(-1, ...pipeline.jobs.filter(({ id }) => job.needs?.includes(id)).map(depth)) + 1;
  const waves: Job[][] = [];
  for (const job of pipeline.jobs) {
    const wave = depth(job);
    waves[wave] ??= [];
    waves[wave].push(job);
  }
  return waves;
}

/**
 * The parts that must all hold for a job to run, those of the jobs it needs included: a job that was skipped has not
 * succeeded. For systems that run what follows a skipped job.
 */
export function conditionsOf(job: Job, pipeline: Pipeline): readonly Condition[] {
  const parts = [...ancestorsOf(job, pipeline), job].flatMap((each) => flatten(each.if));
  const seen = new Set<string>();
  return parts.filter((part) => {
    const text = JSON.stringify(part);
    return !seen.has(text) && seen.add(text);
  });
}

/** The condition without `all`. */
export function flatten(condition: Condition | undefined): readonly Condition[] {
  if (condition === undefined) return [];
  return condition.when === "all" ? condition.of.flatMap(flatten) : [condition];
}
