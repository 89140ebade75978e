import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { downloadPrefix, openContainer } from "./blobs.ts";
import { finishJob, newJobName, sendCode } from "./cluster-run.ts";
import { storeData } from "./data-store.ts";
import { inputError } from "./errors.ts";
import type { LocalData } from "./evaluation.ts";
import { ensureEnvironment, submitJob } from "./jobs.ts";
import { parseJson } from "./json.ts";
import { describe } from "./manifest.ts";
import type { Workspace } from "./workspace.ts";

/** What Azure ML replaces by the folder of the data, and by the folder that the model is written to. */
export const DATA_PLACEHOLDER = `\${{inputs.data}}`;
export const MODEL_PLACEHOLDER = `\${{outputs.model}}`;

/** How a model is trained. */
export type TrainingPlan = {
  readonly experiment: string;
  /** Names `${{inputs.data}}` and `${{outputs.model}}`. */
  readonly command: string;
  readonly image: string;
  readonly compute: string;
  /** Files and folders of the current folder that the command needs. */
  readonly code: readonly string[];
};

export type TrainingListener = {
  readonly say: (line: string) => void;
  /** How many files of the data are in place, of how many that were missing. */
  readonly onSent?: (done: number, total: number) => void;
  /** Stops the job when it fires. */
  readonly signal?: AbortSignal;
};

/** Letters, digits, `-` and `_`, as Azure ML has it for experiments; also safe inside the job's command. */
export function checkExperimentName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/.test(name)) return name;
  throw inputError(
    `experiment name \`${name}\` must have 1 to 255 letters, digits, \`-\` and \`_\`, a letter or digit first`,
  );
}

/**
 * Trains on the workspace's cluster: sends data and code, each once for its content, runs the job, and brings the
 * finished model to `into`. Gives the job's name.
 */
export async function trainOnCluster(
  workspace: Workspace,
  plan: TrainingPlan,
  data: LocalData,
  into: string,
  { say, onSent, signal }: TrainingListener,
): Promise<string> {
  for (const placeholder of [DATA_PLACEHOLDER, MODEL_PLACEHOLDER]) {
    if (!plan.command.includes(placeholder))
      throw inputError(`the training command needs \`${placeholder}\`, got \`${plan.command}\``);
  }
  const container = await openContainer(workspace.blobUrl, workspace.container);
  const { folder: dataFolder, sent } = await storeData(container, data, onSent);
  say(`data ${data.fingerprint.slice(0, 12)}: ${data.count} pictures, ${sent} sent`);
  const code = await sendCode(workspace, container, "training", plan.code);
  const name = newJobName("train");
  const outputFolder = `jobs/${name}/model/`;
  await submitJob(workspace, {
    name,
    experiment: plan.experiment,
    command: plan.command,
    compute: plan.compute,
    environmentId: await ensureEnvironment(workspace, "training", plan.image),
    codeId: code,
    inputs: { data: dataFolder },
    outputs: { model: outputFolder },
  });
  await finishJob(workspace, name, plan.compute, { say, ...(signal && { signal }) });
  const names = await downloadPrefix(container, outputFolder, into);
  if (names.length === 0)
    throw inputError(`training job ${name} completed but wrote nothing to \`\${{outputs.model}}\``);
  return name;
}

/** What training itself says of a model. */
export type TrainingRecord = {
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Its numbers, such as the loss; they say nothing of pictures that it has not seen. */
  readonly figures: Readonly<Record<string, number>>;
  /** The data that it read, as `digest.ts` counts it. */
  readonly fingerprint?: string;
};

/** Reads `training.json`: `{ parameters, data: { fingerprint } }` and numbers, all optional. Empty where there is none. */
export async function readTrainingRecord(folder: string): Promise<TrainingRecord> {
  const text = await readFile(join(folder, "training.json"), "utf8").catch(() => undefined);
  if (text === undefined) return { parameters: {}, figures: {} };
  const record = parseJson(text, "`training.json`");
  const parsed = TrainingFile.safeParse(record);
  if (!parsed.success) throw inputError(`\`training.json\` of the job: ${describe(parsed.error)}`);
  const { parameters, data } = parsed.data;
  const figures = Object.entries(parsed.data).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  const fingerprint = data?.fingerprint;
  return { parameters, figures: Object.fromEntries(figures), ...(fingerprint !== undefined && { fingerprint }) };
}

const TrainingFile = z.looseObject({
  parameters: z.record(z.string(), z.unknown()).default({}),
  data: z.looseObject({ fingerprint: z.string().optional() }).optional(),
});
