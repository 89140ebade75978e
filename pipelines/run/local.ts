import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { assertPipeline } from "../check.ts";
import type { Job, Pipeline } from "../model.ts";
import { type JobResult, runJob } from "./job.ts";
import { createMask } from "./mask.ts";
import type { RunningProcess } from "./process.ts";
import type { RunEvent, RunReport, StageReport } from "./report.ts";
import { createSelector, type Outputs, resolveInputs, type Scope, type Selection, unmet } from "./resolve.ts";

export type { RunEvent, RunReport, StageReport, StepReport } from "./report.ts";

type Values = Readonly<Record<string, string>>;

/**
 * Variables or secrets: the same for every job, or asked for when a job starts, with the name of its environment. Ask
 * where an earlier job sets what a later one reads.
 */
export type ValuesOf = Values | ((environment: string | undefined) => Values | Promise<Values>);

export interface RunOptions {
  /** The working copy that commands run in. */
  readonly cwd: string;
  /** The surroundings' environment variables. Nothing else is inherited. */
  readonly env: NodeJS.ProcessEnv;
  readonly variables?: ValuesOf;
  readonly secrets?: ValuesOf;
  /** What was typed, for a run started by hand. @default - a run that a push started */
  readonly inputs?: Values;
  readonly branch: string;
  /** Jobs (`deploy-staging`) or steps (`train-model/gate`) to run. What they need and is left out counts as done. @default - all */
  readonly only?: Selection;
  /** Outputs of jobs that `only` leaves out, by job. */
  readonly given?: Readonly<Record<string, Outputs>>;
  /** Jobs at a time. @default - one for each processor */
  readonly parallel?: number;
  /** How long a step may take over ending once asked to, in seconds, before it is killed. @default 120 */
  readonly graceSeconds?: number;
  readonly on?: (event: RunEvent) => void;
}

/**
 * Runs a pipeline on this machine: jobs in the order of their needs, independent ones side by side. A job whose need
 * failed or was skipped is skipped. SIGINT and SIGTERM to this process are passed on to the running steps, which are
 * waited for; nothing is started after them.
 *
 * @throws before anything runs, where the pipeline, its inputs or the selection are wrong; at the end, where variables or
 *   secrets could not be read. A failing step is a report.
 */
export async function runPipeline(pipeline: Pipeline, options: RunOptions): Promise<RunReport> {
  assertPipeline(pipeline);
  const started = performance.now();
  const inputs = resolveInputs(pipeline, options.inputs);
  const isSelected = createSelector(pipeline, options.only);
  const folder = await mkdtemp(join(tmpdir(), "pipeline-"));
  const mask = createMask();
  const interruption = forwardSignals();
  const slot = createLimit(options.parallel ?? availableParallelism());
  const exitCodes: number[] = [];
  const on = options.on ?? (() => {});
  const results = new Map<string, Promise<JobResult>>();

  const run = async (job: Job): Promise<JobResult> => {
    const needs = await Promise.all((job.needs ?? []).map(resultOf));
    return slot(async () => {
      if (!isSelected(job)) return { ...skipped(job, "not asked for"), outputs: options.given?.[job.id] ?? {} };
      const blocked = needs.find(({ stage }) => stage.status !== "success" && isSelected(jobOf(stage.name)));
      if (blocked) return skip(job, whyBlocked(blocked.stage));
      const outputs = Object.fromEntries(needs.map(({ stage, outputs }) => [stage.name, outputs]));
      const scope = await scopeOf(job, options, inputs, outputs);
      for (const secret of Object.values(scope.secrets)) mask.add(secret);
      const signal = interruption.signal();
      const reason = signal === undefined ? unmet(job.if, scope) : `interrupted by ${signal}`;
      if (reason !== undefined) return skip(job, mask.hide(reason));
      return start(job, scope);
    });
  };
  const start = async (job: Job, scope: Scope): Promise<JobResult> => {
    const result = await runJob(job, {
      cwd: options.cwd,
      env: options.env,
      scope,
      mask,
      graceSeconds: options.graceSeconds ?? 120,
      folder,
      isSelected: (step) => isSelected(job, step),
      on,
      running: interruption.running,
      interrupted: interruption.signal,
    });
    if (result.exitCode !== 0) exitCodes.push(result.exitCode);
    return result;
  };
  const skip = (job: Job, reason: string): JobResult => {
    const result = skipped(job, reason);
    on({ type: "jobEnded", job: job.id, stage: result.stage });
    return result;
  };
  const jobOf = (id: string): Job => {
    const job = pipeline.jobs.find((candidate) => candidate.id === id);
    if (!job) throw new Error(`Pipeline \`${pipeline.name}\` has no job \`${id}\`.`);
    return job;
  };
  const resultOf = (id: string): Promise<JobResult> => {
    const result = results.get(id) ?? run(jobOf(id));
    results.set(id, result);
    return result;
  };

  try {
    const ended = await Promise.allSettled(pipeline.jobs.map((job) => resultOf(job.id)));
    const stages: StageReport[] = ended.map((job) => {
      // Values could not be had, say. Thrown only here, so that no step of another job is left behind.
      if (job.status === "rejected") throw job.reason;
      return job.value.stage;
    });
    const failed = stages.some(({ status }) => status === "failure") || interruption.signal() !== undefined;
    return {
      pipeline: pipeline.name,
      status: failed ? "failure" : "success",
      exitCode: exitCodes[0] ?? (failed ? 130 : 0),
      seconds: Math.round(performance.now() - started) / 1000,
      stages,
    };
  } finally {
    interruption.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function skipped(job: Job, reason: string): JobResult {
  return {
    stage: { name: job.id, status: "skipped", seconds: 0, outputs: {}, reason, steps: [] },
    outputs: {},
    exitCode: 0,
  };
}

function whyBlocked({ name, status }: StageReport): string {
  return `job \`${name}\` ${status === "failure" ? "failed" : "was skipped"}`;
}

async function scopeOf(job: Job, options: RunOptions, inputs: Values, jobs: Scope["jobs"]): Promise<Scope> {
  return {
    branch: options.branch,
    environment: job.environment,
    variables: await valuesOf(options.variables, job.environment),
    secrets: await valuesOf(options.secrets, job.environment),
    inputs,
    steps: {},
    jobs,
  };
}

async function valuesOf(values: ValuesOf | undefined, environment: string | undefined): Promise<Values> {
  return typeof values === "function" ? values(environment) : (values ?? {});
}

function forwardSignals() {
  const running = new Set<RunningProcess>();
  let received: NodeJS.Signals | undefined;
  const forward = (signal: NodeJS.Signals) => {
    received ??= signal;
    for (const process of running) process.signal(signal);
  };
  const signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"];
  for (const signal of signals) process.on(signal, forward);
  return {
    running,
    signal: () => received,
    stop: () => {
      for (const signal of signals) process.off(signal, forward);
    },
  };
}

/** Runs at most `limit` tasks at a time, in the order they were given. */
function createLimit(limit: number): <Result>(task: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let free = limit;
  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
