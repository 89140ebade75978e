import { rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { gitLabPipeline } from "../../../../pipelines/render/files.ts";
import { createMask } from "../../../../pipelines/run/mask.ts";
import { runCommand } from "../../process.ts";
import { STACKS } from "../../stacks.ts";
import { Refused } from "../../stages.ts";
import type { CiContext } from "../engine.ts";
import { bareRepository, catchUp, fileOnMain, runnerEnv, settingsOf } from "../runner.ts";
import { mintTokens } from "../tokens.ts";
import { readLine } from "./log.ts";

/** The job that waits for a person. */
const PRODUCTION = "deploy-production";
const TAIL_LINES = 15;

/**
 * Runs the repository's `.gitlab-ci.yml` by gitlab-ci-local with its shell executor: everything up to the job that waits
 * for a person, and that one where the answer is yes. What GitLab keeps of the finished jobs, it reads again.
 */
export async function runGitLab(context: CiContext): Promise<void> {
  await fileOnMain(context, ".gitlab-ci.yml", "gitlab");
  const project = await prepareProject(context);
  await runJobs(context, project, []);
  const approval = gitLabPipeline(context.options).jobs.find(({ id }) => id === PRODUCTION)?.approval?.question ?? "";
  const approved = context.approve ?? true;
  context.stages.add({ name: approval, status: approved ? "passed" : "refused", seconds: 0 }, approved ? "yes" : "no");
  if (!approved) throw new Refused(`${PRODUCTION} was not started`);
  await runJobs(context, project, [PRODUCTION]);
}

interface Project {
  readonly folder: string;
  readonly checkout: string;
  readonly hide: (text: string) => string;
}

/** A fresh checkout, and the project's CI/CD variables as gitlab-ci-local reads them. */
async function prepareProject(context: CiContext): Promise<Project> {
  const folder = path.join(context.home, "ci", "gitlab");
  const checkout = path.join(folder, "checkout");
  rmSync(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const clone = ["git", "clone", "--quiet", "--branch", "main", bareRepository(context), checkout];
  const { code, tail } = await runCommand(clone, { cwd: folder, env: context.place.env, note: () => {} });
  if (code !== 0) throw new Error(tail);
  const mask = createMask();
  const values: Record<string, Record<string, string>> = {};
  for (const stack of STACKS) {
    const { variables, secrets } = await settingsOf(context, stack);
    const hidden = { ...secrets, ...mintTokens("gitlab", context.repository) };
    for (const secret of Object.values(hidden)) mask.add(secret);
    for (const [name, value] of Object.entries({ ...variables, ...hidden })) {
      values[name] = { ...values[name], [stack]: value };
    }
  }
  const named = Object.fromEntries(Object.entries(values).map(([name, by]) => [name, { values: by }]));
  // JSON is YAML.
  writeFileSync(path.join(folder, "variables.yml"), JSON.stringify(named), { mode: 0o600 });
  return { folder, checkout, hide: mask.hide };
}

async function runJobs(
  context: CiContext,
  { folder, checkout, hide }: Project,
  jobs: readonly string[],
): Promise<void> {
  const show = createStages(context, hide);
  const env = runnerEnv(context);
  const command = [
    "gitlab-ci-local",
    "--force-shell-executor",
    // Each job in a copy of its own, as on a runner.
    "--shell-isolation",
    "--no-artifacts-to-source",
    "--no-color",
    // It would compare with the remote's main, which is what runs here.
    "--no-evaluate-rule-changes",
    "--concurrency=1",
    "--variables-file=../variables.yml",
    "--home=../home",
    ...jobs,
  ];
  const { code, tail } = await runCommand(command, {
    cwd: checkout,
    // Where the machine has an rsync, that one is taken.
    env: { ...env, HOME: folder, PATH: [env["PATH"], path.join(import.meta.dirname, "bin")].join(path.delimiter) },
    note: show.take,
  });
  await catchUp(context);
  const failure = show.failure();
  if (failure !== undefined) throw failure;
  if (code !== 0) throw new Error(`gitlab-ci-local ended with ${code}:\n${hide(tail)}`);
}

/** Jobs as stages of the rehearsal. */
function createStages({ screen, stages, options }: CiContext, hide: (text: string) => string) {
  const names = new Map(gitLabPipeline(options).jobs.map(({ id, name }) => [id, name]));
  const nameOf = (job: string) => names.get(job) ?? job;
  const since = new Map<string, number>();
  const tails = new Map<string, string[]>();
  let failed: { job: string; code: number } | undefined;

  const end = (job: string, code: number) => {
    if (code !== 0) failed ??= { job, code };
    const seconds = (performance.now() - (since.get(job) ?? performance.now())) / 1000;
    stages.add({ name: nameOf(job), status: statusOf(code), seconds }, job);
  };
  const take = (line: string) => {
    const event = readLine(line, [...names.keys()]);
    if (event?.type === "begin") {
      since.set(event.job, performance.now());
      screen.begin(nameOf(event.job));
    } else if (event?.type === "line") {
      const text = hide(event.text);
      tails.set(event.job, [...(tails.get(event.job) ?? []), text].slice(-TAIL_LINES));
      screen.note(text);
    } else if (event?.type === "end") end(event.job, event.code);
  };
  const failure = () => {
    if (failed === undefined) return undefined;
    const words = (tails.get(failed.job) ?? []).join("\n");
    return statusOf(failed.code) === "refused" ? new Refused(words) : new Error(words);
  };
  return { take, failure };
}

/** 1 is a step's "no"; any other code but 0 says that something broke. */
function statusOf(code: number): "passed" | "refused" | "failed" {
  if (code === 0) return "passed";
  return code === 1 ? "refused" : "failed";
}
