import { mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { isRunStep } from "../../../pipelines/check.ts";
import { mlTraining } from "../../../pipelines/definitions/ml-training.ts";
import { git } from "../stacks.ts";
import type { CiEngine } from "./engine.ts";
import { push } from "./github/events.ts";
import { runWorkflow } from "./github/run.ts";
import { openRunner } from "./github/runner.ts";
import { showSteps } from "./github/show.ts";
import { catchUp } from "./runner.ts";

/**
 * GitHub's `ml-training` by act, as it lies in the rehearsal's repository, for the newest commit on main. Nobody is asked
 * before production: act knows no environments.
 */
export const github: CiEngine = async (context) => {
  const { root, home, place, repository, stages, screen, options } = context;
  await catchUp(context);
  const commit = (await git(place, ["rev-parse", "HEAD"], screen.note)).stdout.trim();
  const message = (await git(place, ["log", "-1", "--format=%B"], screen.note)).stdout;
  const commands = mlTraining(options).jobs.flatMap((job) => job.steps.filter(isRunStep));
  const show = showSteps(
    commands.map(({ name }) => name),
    stages,
    screen,
  );
  const runner = await openRunner(root, place, repository);
  const run = await runWorkflow(runner, "ml-training.yml", push("main", commit, message), nextFolder(home), show.take);
  await catchUp(context);
  if (run.result === "failure") throw show.failure();
};

/** `ci/github/run-N` of the home. */
function nextFolder(home: string): string {
  const folder = path.join(home, "ci", "github");
  mkdirSync(folder, { recursive: true });
  return path.join(folder, `run-${readdirSync(folder).length + 1}`);
}
