import { assertPipeline, isRunStep } from "../check.ts";
import { conditionsOf, wavesOf } from "../graph.ts";
import type { Condition, Input, Job, Pipeline } from "../model.ts";
import { block, groovyString } from "./groovy.ts";
import { imageOf } from "./images.ts";
import { refuseCancelling, refuseOtherMachines } from "./inexpressible.ts";
import { stepsOf } from "./jenkins-steps.ts";
import { conditionExpression, environmentName, type Place, valueExpression } from "./jenkins-values.ts";
import { marker } from "./marker.ts";

/** How long a question waits for its answer, in days. */
const PATIENCE = 3;

/** Helpers of the file. Without `-x`: a shell that prints its commands prints what they were given. */
const HELPERS = `def bash(String script) {
    sh('#!/usr/bin/env bash\\nset -euo pipefail\\n' + script)
}

def output(String name) {
    sh(script: 'node pipelines/tools/output.ts "$GITHUB_OUTPUT" ' + name, returnStdout: true).trim()
}`;

/**
 * The text of a declarative Jenkinsfile that runs the pipeline: a stage a job, jobs that do not need each other side by
 * side. The same pipeline always gives the same text.
 *
 * It is for a multibranch project, which says which branches and pull requests are built. Variables are the folder's,
 * secrets are credentials, both named after the environment (`STAGING_DATA_BUCKET`); so are those who may approve
 * (`PRODUCTION_APPROVERS`). Tokens that the clouds trust are the file credentials `AWS_ID_TOKEN` and `AZURE_ID_TOKEN`
 * of the OpenID Connect plugin, and `REPOSITORY` is the one that pushes. What a job may do there is their business.
 *
 * @throws naming job and feature, where Jenkins has no way to say what the pipeline asks for
 */
export function renderJenkins(pipeline: Pipeline): string {
  assertPipeline(pipeline);
  for (const job of pipeline.jobs) refuseInexpressible(job);
  const paths = [pipeline.on.push, pipeline.on.pullRequest].some((filter) => filter?.paths);
  if (paths) {
    throw new Error(
      `Pipeline \`${pipeline.name}\` starts where certain files change; Jenkins can ask that of stages only. Put a \`changed\` on its jobs.`,
    );
  }
  const abort = pipeline.whenBusy === "cancelRunning" ? "abortPrevious: true" : "";
  const lines = block("pipeline", [
    "agent none",
    ...block("options", ["skipDefaultCheckout()", `disableConcurrentBuilds(${abort})`]),
    ...renderParameters(pipeline.on.manual?.inputs ?? {}),
    ...renderSchedule(pipeline.on.schedule),
    ...block(
      "stages",
      wavesOf(pipeline).flatMap((wave) => renderWave(wave, pipeline)),
    ),
    ...renderNotification(pipeline),
  ]);
  return `// ${marker(pipeline)}\n\n${HELPERS}\n\n${lines.join("\n")}\n`;
}

function renderParameters(inputs: Readonly<Record<string, Input>>): string[] {
  const parameters = Object.entries(inputs).map(([name, input]) => {
    const { description, options, default: text = "" } = input;
    const said = `name: ${groovyString(name)}, description: ${groovyString(description)}`;
    if (!options) return `string(${said}, defaultValue: ${groovyString(text)})`;
    // The first choice is the default.
    const choices = [...options].sort((a, b) => Number(b === text) - Number(a === text));
    return `choice(${said}, choices: [${choices.map(groovyString).join(", ")}])`;
  });
  return parameters.length > 0 ? block("parameters", parameters) : [];
}

function renderSchedule(schedule: readonly string[] | undefined): string[] {
  if (!schedule) return [];
  return block("triggers", [`cron(${groovyString(["TZ=Etc/UTC", ...schedule].join("\n"))})`]);
}

function renderWave(wave: readonly Job[], pipeline: Pipeline): string[] {
  const stages = wave.flatMap((job) =>
    combinationsOf(job).map((combination) => renderJob({ job, pipeline, combination })),
  );
  if (stages.length === 1) return stages.flat();
  const name = wave.map((job) => job.name).join(" · ");
  return block(`stage(${groovyString(name)})`, block("parallel", stages.flat()));
}

/** Every combination of a job's matrix; one without values where there is none. */
function combinationsOf({ matrix = {} }: Job): readonly Readonly<Record<string, string>>[] {
  return Object.entries(matrix).reduce<Record<string, string>[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value }))),
    [{}],
  );
}

function renderJob(place: Place): string[] {
  const { job, combination } = place;
  const values = Object.values(combination);
  const name = values.length > 0 ? `${job.name} (${values.join(", ")})` : job.name;
  const about = `// job ${job.id}, needs ${job.needs?.join(", ") || "nothing"}`;
  const when = renderWhen(place);
  const stage = `stage(${groovyString(name)})`;
  if (!job.approval) return block(stage, [about, ...when, ...renderWork(place)]);
  // The question waits outside of any machine, and of the job's time.
  return block(stage, [
    about,
    ...when,
    ...block("stages", [
      ...block(`stage(${groovyString(`${name}: approval`)})`, renderApproval(place)),
      ...block(`stage(${groovyString(`${name}: work`)})`, renderWork(place)),
    ]),
  ]);
}

/** Stages run after a stage that was skipped, so each asks for all that those it needs ask for. */
function renderWhen(place: Place): string[] {
  const conditions = conditionsOf(place.job, place.pipeline);
  if (conditions.length === 0) return [];
  return block("when", ["beforeAgent true", ...conditions.flatMap((part) => renderCondition(part, place))]);
}

function renderCondition(condition: Condition, place: Place): string[] {
  if (condition.when === "changed") {
    return block("anyOf", [
      ...condition.paths.map((path) => `changeset ${groovyString(path)}`),
      "triggeredBy 'UserIdCause'",
      "triggeredBy 'TimerTrigger'",
    ]);
  }
  return [`expression { ${conditionExpression(condition, place)} }`];
}

function renderApproval(place: Place): string[] {
  const { approval } = place.job;
  if (!approval) return [];
  const approvers = `env.${environmentName("APPROVERS", place.job)}`;
  const figures = Object.entries(approval.shows ?? {}).map(
    ([name, value]) => `${groovyString(`\n${name}: `)} + ${valueExpression(value, place)}`,
  );
  const message = [groovyString(approval.question), ...figures].join(" + ");
  return [
    ...block("options", [`timeout(time: ${PATIENCE}, unit: 'DAYS')`]),
    ...block(
      "steps",
      block("script", [
        // Jenkins would take an empty list for everybody.
        `if (!${approvers}) { error(${groovyString(`${approvers.slice("env.".length)} names nobody who may approve`)}) }`,
        `input(message: ${message}, ok: 'Yes', submitter: ${approvers})`,
      ]),
    ),
  ];
}

function renderWork(place: Place): string[] {
  const { job } = place;
  const image = imageOf(job, (version) =>
    version.from === "literal" ? version.text : (place.combination[version.name] ?? ""),
  );
  const lock = job.concurrency ? [`lock(resource: ${groovyString(job.concurrency.group)})`] : [];
  const kept = job.steps.flatMap((step) => (isRunStep(step) ? (step.artifacts?.paths ?? []) : []));
  const archive =
    kept.length > 0 ? [`archiveArtifacts(artifacts: ${groovyString(kept.join(","))}, allowEmptyArchive: true)`] : [];
  return [
    ...block("agent", block("docker", [`image ${groovyString(image)}`, "args '-e HOME=/tmp'"])),
    ...block("options", [...lock, `timeout(time: ${job.timeoutMinutes}, unit: 'MINUTES')`]),
    ...block("steps", block("script", stepsOf(place))),
    ...block("post", block("always", [...archive, "cleanWs()"])),
  ];
}

function renderNotification({ notify, name }: Pipeline): string[] {
  if (!notify) return [];
  const mails = notify.on.flatMap((end) => {
    const subject = `${groovyString(`${name}: ${end}, `)} + env.JOB_NAME + ' ' + env.BUILD_NUMBER`;
    const mail = `emailext(subject: ${subject}, body: env.BUILD_URL, to: env.${notify.to.name})`;
    return block(end, block("script", [mail]));
  });
  return block("post", mails);
}

function refuseInexpressible(job: Job): void {
  refuseCancelling(job, "a lock in Jenkins only waits");
  refuseOtherMachines(job, "the images of its stage");
}
