import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { jenkinsPipeline } from "../../../../pipelines/render/files.ts";
import { environmentName } from "../../../../pipelines/render/jenkins-values.ts";
import { type Build, type BuildEvent, type Credential, runBuild } from "../../../jenkins/build.ts";
import { prepareHarness } from "../../../jenkins/harness.ts";
import { createProgress } from "../../../setup/progress.ts";
import { STACKS } from "../../stacks.ts";
import { Refused } from "../../stages.ts";
import type { CiContext } from "../engine.ts";
import { bareRepository, catchUp, fileOnMain, runnerEnv, settingsOf } from "../runner.ts";
import { mintTokens } from "../tokens.ts";

/** Who approves, and whom the builds write to. */
const APPROVER = "rehearsal";
const MAIL = "rehearsal@localhost";
const TAIL_LINES = 15;

/** Runs the repository's Jenkinsfile by the harness, as a build that somebody started by hand. */
export async function runJenkins(context: CiContext): Promise<void> {
  const harness = await prepareHarness(createProgress());
  const show = createStages(context);
  const { result, code } = await runBuild(harness, await describeBuild(context), show.take);
  await catchUp(context);
  if (result === "SUCCESS") return;
  if (result === "ABORTED" || code === 1) throw new Refused(show.words());
  throw new Error(show.words());
}

async function describeBuild(context: CiContext): Promise<Build> {
  const folders = path.join(context.home, "ci", "jenkins");
  let number = 1;
  while (existsSync(path.join(folders, String(number)))) number += 1;
  const folder = path.join(folders, String(number));
  mkdirSync(folder, { recursive: true });
  const jenkinsfile = path.join(folder, "Jenkinsfile");
  writeFileSync(jenkinsfile, await fileOnMain(context, "Jenkinsfile", "jenkins"));
  const url = bareRepository(context);
  const { stdout } = await promisify(execFile)("git", [`--git-dir=${url}`, "rev-parse", "refs/heads/main"]);
  const { variables, credentials } = await readSettings(context);
  return {
    jenkinsfile,
    folder,
    repository: { url, branch: "main", commit: stdout.trim() },
    environment: runnerEnv(context),
    variables: {
      ...variables,
      BRANCH_NAME: "main",
      BUILD_NUMBER: String(number),
      BUILD_URL: `http://localhost/job/delivery/${number}/`,
      JOB_NAME: "delivery/main",
      DELIVERY_MAIL: MAIL,
      PRODUCTION_APPROVERS: APPROVER,
    },
    credentials,
    cause: "UserIdCause",
    answer: { by: APPROVER, proceed: context.approve ?? true },
  };
}

/** Jenkins keeps both without environments, under names that begin with the environment's. */
async function readSettings(context: CiContext): Promise<Required<Pick<Build, "variables" | "credentials">>> {
  const variables: Record<string, string> = {};
  const tokens = mintTokens("jenkins", context.repository);
  const credentials: Record<string, Credential> = {
    AWS_ID_TOKEN: { kind: "file", text: tokens.AWS_ID_TOKEN },
    AZURE_ID_TOKEN: { kind: "file", text: tokens.AZURE_ID_TOKEN },
    REPOSITORY: { kind: "usernamePassword", username: APPROVER, password: context.place.env["GITHUB_TOKEN"] ?? "" },
  };
  for (const environment of STACKS) {
    const settings = await settingsOf(context, environment);
    for (const [name, value] of Object.entries(settings.variables)) {
      variables[environmentName(name, { environment })] = value;
    }
    for (const [name, text] of Object.entries(settings.secrets)) {
      credentials[environmentName(name, { environment })] = { kind: "string", text };
    }
  }
  return { variables, credentials };
}

/** Steps and questions as stages of the rehearsal; what only prepares a machine is left out while it works. */
function createStages({ stages, screen, options }: CiContext) {
  const { jobs } = jenkinsPipeline(options);
  const steps = jobs.flatMap((job) => job.steps.flatMap((step) => ("run" in step ? step.name : [])));
  const questions = jobs.flatMap(({ name, approval }) => (approval ? `${name}: approval` : []));
  const shown = new Set([...steps, ...questions]);
  /** Stages around others, which say nothing of their own. */
  const around = new Set<string>();
  const tail: string[] = [];
  /** Why stages did not succeed: what runs beside one goes on printing after it. */
  const reasons: string[] = [];
  const keep = (line: string) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
  };
  const end = (name: string, { status, seconds, reason, code }: Extract<BuildEvent, { type: "end" }>) => {
    if (status === "success" && !shown.has(name)) return;
    if (status !== "success") reasons.push(`${name} ended as ${status}${reason ? `: ${reason}` : ""}`);
    const refused = status === "aborted" || code === 1;
    stages.add({ name, status: status === "success" ? "passed" : refused ? "refused" : "failed", seconds }, "");
  };
  const take = (event: BuildEvent) => {
    const name = event.stages.at(-1) ?? "";
    if (event.type === "line") {
      keep(event.text);
      screen.note(event.text);
    } else if (event.type === "begin") {
      around.add(event.stages.slice(0, -1).join("\n"));
      if (shown.has(name)) screen.begin(name);
    } else if (event.type === "end" && !around.has(event.stages.join("\n"))) end(name, event);
  };
  return { take, words: () => [...tail, ...reasons].join("\n") };
}
