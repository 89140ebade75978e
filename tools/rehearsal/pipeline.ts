import { readSecrets } from "../../emulator/github/secrets.ts";
import type { Pipeline } from "../../pipelines/model.ts";
import { type RunEvent, type RunReport, runPipeline, type StepReport } from "../../pipelines/run/local.ts";
import { trafficInWords } from "./report.ts";
import type { Screen } from "./screen.ts";
import type { Workplace } from "./stacks.ts";
import { Refused, type Stages } from "./stages.ts";

/** Where the repository's environments are kept. */
export interface Repository {
  /** Home of the emulator. */
  readonly emulatorHome: string;
  readonly owner: string;
  readonly name: string;
}

/**
 * Runs jobs of a pipeline in the clone, each step shown as a stage of the rehearsal.
 *
 * Variables and secrets are those that the program has put into the repository's environments, read anew for each job.
 *
 * @param only jobs to run. @param given outputs of jobs that are left out.
 * @throws Refused when a step's answer is no (exit 1), Error when it could not decide or the surroundings failed.
 */
export async function runJobs(
  pipeline: Pipeline,
  context: { place: Workplace; repository: Repository; stages: Stages; screen: Screen },
  only?: readonly string[],
  given?: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<RunReport> {
  const { place, repository, stages, screen } = context;
  const tail: string[] = [];
  const on = (event: RunEvent) => {
    if (event.type === "stepStarted") {
      tail.length = 0;
      screen.begin(event.step);
    } else if (event.type === "line") {
      tail.push(event.text);
      screen.note(event.text);
    } else if (event.type === "stepEnded" && event.report.status !== "skipped") {
      stages.add(
        { name: event.report.name, status: statusOf(event.report), seconds: event.report.seconds },
        detailOf(event.report.outputs),
      );
    }
  };
  const report = await runPipeline(pipeline, {
    cwd: place.clone,
    env: place.env,
    branch: "main",
    variables: (environment) => readVariables(place, repository, environment),
    secrets: (environment) =>
      environment === undefined
        ? {}
        : readSecrets(repository.emulatorHome, repository.owner, repository.name, environment),
    ...(only === undefined ? {} : { only }),
    ...(given === undefined ? {} : { given }),
    on,
  });
  if (report.status === "success") return report;
  const last = tail.slice(-15).join("\n");
  if (report.exitCode === 1) throw new Refused(last);
  throw new Error(last);
}

/** Variables of an environment, over GitHub's API. */
export async function readVariables(
  place: Workplace,
  { owner, name }: Repository,
  environment: string | undefined,
): Promise<Record<string, string>> {
  if (environment === undefined) return {};
  const url = `${place.env["GITHUB_API_URL"]}/repos/${owner}/${name}/environments/${environment}/variables?per_page=30`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${place.env["GITHUB_TOKEN"]}` } });
  if (!response.ok) throw new Error(`variables of environment \`${environment}\`: ${response.status} from ${url}`);
  const { variables } = (await response.json()) as { variables: { name: string; value: string }[] };
  return Object.fromEntries(variables.map((variable) => [variable.name, variable.value]));
}

function statusOf(report: StepReport) {
  if (report.status === "success") return "passed";
  return report.exitCode === 1 ? "refused" : "failed";
}

/** A step's outputs in a few words: short ones, figures rounded. */
export function detailOf(outputs: Readonly<Record<string, string>>): string {
  return Object.entries(outputs)
    .filter(([name, value]) => name === "traffic" || (value !== "" && value.length <= 40))
    .slice(0, 4)
    .map(([name, value]) =>
      name === "traffic" ? trafficInWords(JSON.parse(value)) : `${inWords(name)} ${inShort(value)}`,
    )
    .join(", ");
}

function inWords(name: string): string {
  return name.replaceAll("_", " ");
}

function inShort(value: string): string {
  return /^\d+\.\d{4,}$/.test(value) ? Number(value).toFixed(3) : value;
}
