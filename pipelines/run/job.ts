import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRunStep } from "../check.ts";
import type { Env, Job, RunStep, SetUp, Step } from "../model.ts";
import type { Mask } from "./mask.ts";
import { parseOutputs } from "./outputs.ts";
import { type RunningProcess, startProcess } from "./process.ts";
import type { RunEvent, StageReport, StepReport } from "./report.ts";
import { type Outputs, resolveCommand, resolveEnv, resolveValue, type Scope, unmet } from "./resolve.ts";

/** What a job gets from the run it belongs to. */
export interface JobContext {
  readonly cwd: string;
  /** The surroundings' variables; those of the job and its steps come on top. */
  readonly env: NodeJS.ProcessEnv;
  readonly scope: Scope;
  readonly mask: Mask;
  readonly graceSeconds: number;
  /** For the files that steps write their outputs and summaries to. */
  readonly folder: string;
  readonly isSelected: (step: Step) => boolean;
  readonly on: (event: RunEvent) => void;
  /** Processes of this run; a signal to the run reaches them all. */
  readonly running: Set<RunningProcess>;
  /** The signal that ended the run, once there was one. */
  readonly interrupted: () => string | undefined;
}

export interface JobResult {
  readonly stage: StageReport;
  /** Unmasked, for the jobs that need it. */
  readonly outputs: Outputs;
  readonly exitCode: number;
}

/** A preparation that this machine does not need, in words. */
const PREPARED: Record<SetUp["tool"], string> = {
  code: "the working copy is here",
  node: "this machine's Node.js is used",
  dependencies: "they are installed",
  pulumi: "this machine's Pulumi CLI is used",
  artifact: "the working copy has it",
  aws: "this machine's AWS credentials are used",
  azure: "this machine's Azure credentials are used",
};

/** Runs a job's steps, one after another, until one fails. */
export async function runJob(job: Job, context: JobContext): Promise<JobResult> {
  const started = performance.now();
  const deadline = started + job.timeoutMinutes * 60_000;
  const { mask, on } = context;
  const stepOutputs: Record<string, Outputs> = {};
  const scope: Scope = { ...context.scope, steps: stepOutputs };
  const steps: StepReport[] = [];
  let failed: StepReport | undefined;
  on({ type: "jobStarted", job: job.id });
  for (const step of job.steps) {
    const why = failed ? `step \`${failed.name}\` failed` : skipReason(step, scope, context);
    const { report, outputs } =
      why === undefined && isRunStep(step)
        ? await runStep(job, step, { ...context, scope, deadline })
        : skip(step, why);
    if (isRunStep(step) && step.id !== undefined) stepOutputs[step.id] = outputs;
    if (report.status === "failure") failed ??= report;
    const shown = maskReport(report, mask);
    steps.push(shown);
    on({ type: "stepEnded", job: job.id, report: shown });
  }
  const outputs = collectOutputs(job, scope);
  const stage: StageReport = {
    name: job.id,
    status: failed ? "failure" : "success",
    seconds: secondsSince(started),
    outputs: maskAll(outputs, mask),
    ...(failed && { reason: mask.hide(`step \`${failed.name}\`: ${failed.reason}`) }),
    steps,
  };
  on({ type: "jobEnded", job: job.id, stage });
  return { stage, outputs, exitCode: failed?.exitCode ?? 0 };
}

/** Why a step does not run; undefined where it does. */
function skipReason(step: Step, scope: Scope, context: JobContext): string | undefined {
  if (!context.isSelected(step)) return "not asked for";
  return isRunStep(step) ? unmet(step.if, scope) : PREPARED[step.setUp.tool];
}

function skip(step: Step, reason = "not asked for"): { report: StepReport; outputs: Outputs } {
  const id = isRunStep(step) && step.id !== undefined ? { id: step.id } : {};
  return { report: { name: step.name, ...id, status: "skipped", seconds: 0, outputs: {}, reason }, outputs: {} };
}

type StepContext = JobContext & { readonly deadline: number };

async function runStep(
  job: Job,
  step: RunStep,
  context: StepContext,
): Promise<{ report: StepReport; outputs: Outputs }> {
  const started = performance.now();
  const show = (text: string) =>
    context.on({ type: "line", job: job.id, step: step.name, text: context.mask.hide(text) });
  context.on({ type: "stepStarted", job: job.id, step: step.name });
  const { exitCode, outputs, summary, reason } = await execute(job, step, context, show);
  // Whoever reads the output alone must find there what the command itself could not say.
  if (reason !== undefined) show(reason);
  const report: StepReport = {
    name: step.name,
    ...(step.id !== undefined && { id: step.id }),
    status: exitCode === 0 ? "success" : "failure",
    seconds: secondsSince(started),
    outputs,
    exitCode,
    ...(exitCode !== 0 && { reason: reason ?? `exit code ${exitCode}` }),
    ...(summary && { summary }),
  };
  return { report, outputs };
}

interface Execution {
  readonly exitCode: number;
  readonly outputs: Outputs;
  readonly summary?: string;
  /** Why it failed, where that is more than its exit code. */
  readonly reason?: string;
}

async function execute(
  job: Job,
  step: RunStep,
  context: StepContext,
  show: (line: string) => void,
): Promise<Execution> {
  const interrupted = context.interrupted();
  if (interrupted !== undefined) return { exitCode: 130, outputs: {}, reason: `interrupted by ${interrupted}` };
  const files = {
    outputs: join(context.folder, `${randomUUID()}.outputs`),
    summary: join(context.folder, `${randomUUID()}.md`),
  };
  let exitCode = 0;
  let reason: string | undefined;
  try {
    await Promise.all(Object.values(files).map((file) => writeFile(file, "", { mode: 0o600 })));
    const declared = { ...job.env, ...step.env };
    const env = commandEnv(declared, files, context);
    const process = startProcess({
      command: resolveCommand(step.run, declared, env, context.scope),
      cwd: context.cwd,
      env,
      timeout: {
        seconds: Math.max(0, (context.deadline - performance.now()) / 1000),
        reason: `the ${job.timeoutMinutes} min of its job are over`,
      },
      graceSeconds: context.graceSeconds,
      onLine: show,
    });
    context.running.add(process);
    ({ exitCode, reason } = await process.done.finally(() => context.running.delete(process)));
    const outputs = parseOutputs(await readFile(files.outputs, "utf8"));
    // A program that cannot even be loaded ends with 1 too; an answer is in the outputs.
    const answered = step.answers && exitCode === 1 && reason === undefined && Object.keys(outputs).length > 0;
    if (answered) exitCode = 0;
    return {
      // A step that was asked to end has not done its work, whatever it exits with.
      exitCode: reason !== undefined && exitCode === 0 ? 130 : exitCode,
      outputs,
      summary: await readFile(files.summary, "utf8"),
      ...(reason !== undefined && { reason: `${reason}, exit code ${exitCode}` }),
    };
  } catch (error) {
    return { exitCode: exitCode || 2, outputs: {}, reason: error instanceof Error ? error.message : String(error) };
  }
}

function commandEnv(
  env: Env,
  files: { outputs: string; summary: string },
  { env: surroundings, scope }: JobContext,
): NodeJS.ProcessEnv {
  return {
    ...surroundings,
    ...resolveEnv(env, scope),
    GITHUB_OUTPUT: files.outputs,
    GITHUB_STEP_SUMMARY: files.summary,
  };
}

function collectOutputs(job: Job, scope: Scope): Outputs {
  return Object.fromEntries(
    Object.entries(job.outputs ?? {}).flatMap(([name, value]) => {
      const text = resolveValue(value, scope);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

function maskReport(report: StepReport, mask: Mask): StepReport {
  return {
    ...report,
    outputs: maskAll(report.outputs, mask),
    ...(report.reason !== undefined && { reason: mask.hide(report.reason) }),
    ...(report.summary !== undefined && { summary: mask.hide(report.summary) }),
  };
}

function maskAll(outputs: Outputs, mask: Mask): Outputs {
  return Object.fromEntries(Object.entries(outputs).map(([name, text]) => [name, mask.hide(text)]));
}

function secondsSince(started: number): number {
  return Math.round(performance.now() - started) / 1000;
}
