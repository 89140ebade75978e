import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { textOf } from "../../delivery/stack-file.ts";
import { startEmulator, stopEmulator } from "../../emulator/client.ts";
import { mlTraining } from "../../pipelines/definitions/ml-training.ts";
import type { CiSystem } from "../../pipelines/render/files.ts";
import { surroundings } from "../surroundings.ts";
import { loadEngine } from "./ci/engines.ts";
import { chooseSystem } from "./ci/tokens.ts";
import { ensureClone, ensureRepository, identity } from "./clone.ts";
import { compareModels, modelFigures, promote, watchCanary } from "./commands.ts";
import { type Pictures, preparePictures, uploadPictures } from "./pictures.ts";
import { type Repository, runJobs } from "./pipeline.ts";
import { type ModelFigures, type ProductionFigures, type Report, trafficInWords } from "./report.ts";
import { repositoryOf } from "./repository.ts";
import type { Screen } from "./screen.ts";
import { ensureStacks, git, outputs, STACKS, type StackName, up, type Workplace } from "./stacks.ts";
import { createStages, Refused, type Stages } from "./stages.ts";

/** What a person may choose about a rehearsal. */
export interface StoryOptions {
  readonly root: string;
  /** Where everything of the rehearsal lives; emptied at the start. */
  readonly home: string;
  /** A folder of pictures, one sub-folder a class. @default - generated leaves */
  readonly data?: string;
  /** The gate's least accuracy, 0 to 1. @default - the stack file's */
  readonly minAccuracy?: number;
  /** The CI system that runs the pipeline. @default - the project's own runner of the same jobs */
  readonly ci?: CiSystem;
}

/** Jobs of the pipeline up to the gate, and after it. */
const TRAINING = ["data-validation", "train-model"];
const DEPLOYMENT = ["deploy-staging", "integration-tests", "deploy-production"];

interface Rehearsal {
  readonly options: StoryOptions;
  readonly screen: Screen;
  readonly stages: Stages;
  readonly place: Workplace;
  readonly repository: Repository;
  readonly pipeline: ReturnType<typeof mlTraining>;
  readonly buckets: Buckets;
  /** Runs the whole pipeline, where a CI system was asked for. */
  readonly deliver?: () => Promise<void>;
}

/** Buckets of the environment that trains. */
interface Buckets {
  readonly data: string;
  readonly models: string;
}

/**
 * Rehearses the whole delivery: a first model into production, then a second from more data through a canary.
 *
 * Never throws: a refusal (a gate's "no", a second model that is not better) and a failure end the story, and the report
 * says which, with everything that was done until then.
 */
export async function rehearse(options: StoryOptions, screen: Screen): Promise<Report> {
  const since = performance.now();
  const stages = createStages(screen);
  const facts: Facts = {};
  const ending: Pick<Report, "status" | "reason"> = await tell(options, screen, stages, facts).then(
    () => ({ status: "delivered" }),
    (error: unknown) => ({
      status: error instanceof Refused ? "refused" : "failed",
      reason: error instanceof Error ? error.message : String(error),
    }),
  );
  const seconds = Math.round((performance.now() - since) / 100) / 10;
  return { ...ending, seconds, stages: stages.done, ...facts };
}

async function tell(options: StoryOptions, screen: Screen, stages: Stages, facts: Facts): Promise<void> {
  const rehearsal = await prepareCloud(options, screen, stages);
  const pictures = await bringFirstPictures(rehearsal);
  facts.sample = pictures.sample;
  await firstModel(rehearsal, facts);
  await secondModel(rehearsal, pictures, facts);
}

/** An emulator, a clone, and both environments provisioned in it. */
async function prepareCloud(options: StoryOptions, screen: Screen, stages: Stages): Promise<Rehearsal> {
  screen.print("\nA cloud on this machine");
  const { home, root } = options;
  const { owner, name } = repositoryOf(root);
  const emulatorHome = path.join(home, "emulator");
  const emulator = await stages.run("Start the emulator", async () => {
    await stopEmulator(emulatorHome);
    await rm(home, { recursive: true, force: true });
    await mkdir(home, { recursive: true });
    const started = await startEmulator({ home: emulatorHome, root });
    return { value: started, detail: Object.keys(started.services).join(", ") };
  });
  const place = await stages.run("Clone the project", async (note) => {
    const opened = await openWorkplace(home, root, emulator.env, note);
    const { stdout } = await git(opened, ["rev-parse", "--short", "HEAD"], note);
    return { value: opened, detail: `${owner}/${name} at ${stdout}` };
  });
  await editStackFiles(place, options, screen.note);
  await stages.run("Provision both stacks", async (note) => {
    const made = await both((stack) => up(place, stack, note));
    await git(place, ["pull", "--quiet", "--rebase", "origin", "main"], note);
    return { value: undefined, detail: STACKS.map((stack, index) => `${stack} ${made[index]}`).join(", ") };
  });
  const gate = options.minAccuracy === undefined ? {} : { minAccuracy: options.minAccuracy };
  const repository = { emulatorHome, owner, name };
  const engine = options.ci && (await loadEngine(options.ci));
  return {
    options,
    screen,
    stages,
    place,
    repository,
    pipeline: mlTraining(gate),
    ...(engine && { deliver: () => engine({ root, home, place, repository, stages, screen, options: gate }) }),
    buckets: (await outputs(place, "staging"))["buckets"] as Buckets,
  };
}

/** For both stacks side by side; the first failure is thrown after the other has ended too. */
async function both<T>(work: (stack: StackName) => Promise<T>): Promise<T[]> {
  const results = await Promise.allSettled(STACKS.map(work));
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

/**
 * The clone and the environment of its commands, made where missing, with both stacks initialised.
 *
 * @param env variables of the running emulator.
 */
export async function openWorkplace(
  home: string,
  root: string,
  env: Readonly<Record<string, string>>,
  note: (line: string) => void,
): Promise<Workplace> {
  const clone = path.join(home, "clone");
  const { owner, name } = repositoryOf(root);
  const repository = path.join(home, "emulator", "github", owner, `${name}.git`);
  await ensureRepository(env, owner, name);
  await ensureClone({ root, repository, clone });
  // As the pipeline's own commands do, whoever types `pulumi up` here has the rules checked.
  const policy = { PULUMI_OPTION_POLICY_PACK: path.join(clone, "policy") };
  const place = { clone, env: { ...surroundings(home, env), ...identity(), ...policy } };
  await ensureStacks(place, note);
  return place;
}

/** What was chosen goes into the stack files, of which the program makes the pipeline. */
async function editStackFiles(
  place: Workplace,
  { minAccuracy, ci, root }: StoryOptions,
  note: (line: string) => void,
): Promise<void> {
  const repository = repositoryOf(root);
  const chosen = [
    ...(minAccuracy === undefined ? [] : [`the gate at ${minAccuracy}`]),
    ...(ci === undefined ? [] : [`${ci} for CI`]),
  ];
  if (chosen.length === 0) return;
  for (const stack of STACKS) {
    // Not by `pulumi config set`, which writes numbers as text.
    const file = path.join(place.clone, `Pulumi.${stack}.yaml`);
    const before = await readFile(file, "utf8");
    const document = parseDocument(before);
    if (minAccuracy !== undefined) {
      const gate = { minAccuracy, maxLatencyMs: 100, maxModelSizeMb: 500 };
      document.setIn(["config", "ml-delivery:gate"], document.createNode(gate, { flow: true }));
    }
    if (ci !== undefined) chooseSystem(document, ci, repository);
    // As the linter of the pipeline wants it.
    await writeFile(file, textOf(document, before));
  }
  await git(place, ["commit", "--quiet", "--all", "--message", `Choose ${chosen.join(", ")}`], note);
  await git(place, ["push", "--quiet", "origin", "main"], note);
}

async function bringFirstPictures({ options, stages, place, screen, buckets }: Rehearsal): Promise<Pictures> {
  screen.print("\nA first model");
  return await stages.run("Bring the first pictures", async (note) => {
    const pictures = await preparePictures(options.data, path.join(options.home, "pictures"), place, note);
    await uploadPictures(pictures.first, buckets.data, place.env, note);
    return { value: pictures, detail: `${pictures.first.length} pictures of ${pictures.classes} classes` };
  });
}

async function firstModel(rehearsal: Rehearsal, facts: Facts): Promise<void> {
  const { pipeline, place, buckets, deliver } = rehearsal;
  const models = `s3://${buckets.models}/models`;
  try {
    if (deliver) await deliver();
    else await runJobs(pipeline, rehearsal);
  } finally {
    // Of a delivery that stopped, what there is; the reason why it stopped matters more than a missing figure.
    const model = await modelFigures(place, `${models}/latest/`).catch(() => undefined);
    if (model !== undefined) facts.model = model;
    facts.production = await production(place);
  }
}

/** More data, a better model, and the canary. */
async function secondModel(rehearsal: Rehearsal, pictures: Pictures, facts: Facts): Promise<void> {
  const { place, screen, stages } = rehearsal;
  const { data, models } = rehearsal.buckets;
  const champion = facts.model?.version ?? "";
  screen.print("\nA second model, from more data");
  await stages.run("Bring more pictures", async (note) => {
    await uploadPictures(pictures.later, data, place.env, note);
    return { value: undefined, detail: `${pictures.later.length} more` };
  });
  const version = await deliverBetter(rehearsal, champion);
  facts.model = await modelFigures(place, `s3://${models}/models/${version}/`);
  facts.production = await production(place);

  screen.print("\nThe canary");
  const canary = `m-${version.slice(0, 8)}`;
  await stages.run("Watch it under requests", async (note) => {
    const detail = await watchCanary(place, facts.production?.scoringUri ?? "", pictures.fresh, canary, note);
    return { value: undefined, detail };
  });
  await stages.run("Promote it to 100 %", async (note) => {
    await promote(place, 100, note);
    facts.production = await production(place);
    return { value: undefined, detail: trafficInWords(facts.production.traffic) };
  });
}

/**
 * Delivers a second model and gives its version. The project's own runner stops before the deployment to compare it with
 * the champion; a CI system runs its pipeline to the canary, which is compared then.
 */
async function deliverBetter(rehearsal: Rehearsal, champion: string): Promise<string> {
  const { pipeline, place, stages, deliver } = rehearsal;
  const { data, models } = rehearsal.buckets;
  const modelAt = (version: string) => `s3://${models}/models/${version}/`;
  const compare = (version: string) =>
    stages.run("Compare with the model in production", async (note) => {
      const detail = await compareModels(place, modelAt(champion), modelAt(version), `s3://${data}/data/test/`, note);
      return { value: undefined, detail };
    });
  if (deliver) {
    await deliver();
    const { version } = await modelFigures(place, modelAt("latest"));
    await compare(version);
    return version;
  }
  const trained = await runJobs(pipeline, rehearsal, TRAINING);
  const outputsOf = Object.fromEntries(trained.stages.map((stage) => [stage.name, stage.outputs]));
  const version = outputsOf["train-model"]?.["version"] ?? "";
  await compare(version);
  await runJobs(pipeline, rehearsal, DEPLOYMENT, outputsOf);
  return version;
}

/** What is known of the delivery so far. */
interface Facts {
  model?: ModelFigures;
  production?: ProductionFigures;
  sample?: string;
}

async function production(place: Workplace): Promise<ProductionFigures> {
  const { endpointName, scoringUri, traffic } = await outputs(place, "production");
  const live = Object.entries(traffic as Record<string, number>).filter(([, percent]) => percent > 0);
  return { endpoint: String(endpointName), scoringUri: String(scoringUri), traffic: Object.fromEntries(live) };
}
