import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runCommand } from "../../process.ts";
import type { Settings } from "../runner.ts";
import type { GitHubEvent } from "./events.ts";
import { type ActEvent, type Result, readLine } from "./log.ts";
import { standIns } from "./stand-ins.ts";
import { readyForAct, settingOf } from "./workflow.ts";

/** A runner and the repository it works for. */
export interface Runner {
  /** The act executable. */
  readonly act: string;
  /** The bare repository. */
  readonly repository: string;
  /** `owner/name`. */
  readonly fullName: string;
  /** Of an environment, or of the repository; asked before each run. */
  readonly settings: (environment: string | undefined) => Promise<Settings>;
  /** What a job's own token is. */
  readonly token: string;
  /** Variables of the runner's own: paths and tools, and no session in a cloud. */
  readonly env: Readonly<Record<string, string>>;
  /** What signing in gives, by cloud. */
  readonly sessions: Readonly<Record<"aws" | "azure", Readonly<Record<string, string>>>>;
  /** The project's installed packages. */
  readonly packages: string;
}

export interface WorkflowRun {
  readonly result: "success" | "failure";
  /** Jobs as they ended; those whose condition did not hold, or that need one which failed, are skipped. */
  readonly jobs: Readonly<Record<string, Result>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** Everything act printed, one JSON document a line. */
  readonly log: string;
  /** Folder of artifacts, one a name. */
  readonly artifacts: string;
}

/**
 * Runs one workflow of the repository by act, with the file as it is in the event's commit.
 *
 * GitHub's own work that act leaves out is not done here either: filters of paths and branches, concurrency, approvals.
 *
 * @param folder of this run; made, and kept.
 * @throws Error when the workflow cannot be read, uses an action without a stand-in, or act does not run it.
 */
export async function runWorkflow(
  runner: Runner,
  file: string,
  event: GitHubEvent,
  folder: string,
  on: (event: ActEvent) => void = () => {},
): Promise<WorkflowRun> {
  const files = prepareFolder(runner, event, folder);
  const git = (...args: string[]) => must(["git", ...args], runner, folder);
  // act asks its working directory for the commit.
  await git("clone", "--quiet", "--no-checkout", "--shared", runner.repository, files.workdir);
  await git("-C", files.workdir, "update-ref", "--no-deref", "HEAD", event.commit);
  const source = await git("-C", runner.repository, "show", `${event.commit}:.github/workflows/${file}`);
  const workflow = readyForAct(source);
  writeFileSync(files.workflow, workflow.text);
  const settings = await settingsOf(runner, Object.values(workflow.jobs));
  // JSON is YAML, which act reads by the file's ending.
  writeFileSync(files.variables, JSON.stringify(settings.variables), { mode: 0o600 });
  // Nothing reads the session from there, but act hides its secrets in all that it prints. AWS's keys here are a plain word.
  const hidden = { GITHUB_TOKEN: runner.token, IDENTITY_HEADER: runner.sessions.azure["IDENTITY_HEADER"] ?? "" };
  writeFileSync(files.secrets, JSON.stringify({ ...settings.secrets, ...hidden }), { mode: 0o600 });

  const command = [
    runner.act,
    event.name,
    "--json",
    `--directory=${files.workdir}`,
    `--workflows=${files.workflow}`,
    `--eventpath=${files.event}`,
    `--var-file=${files.variables}`,
    `--secret-file=${files.secrets}`,
    `--env-file=${files.none}`,
    `--input-file=${files.none}`,
    `--action-cache-path=${files.work}`,
    "--platform=ubuntu-24.04=-self-hosted",
    "--no-skip-checkout",
    "--no-cache-server",
    "--actor=rehearsal",
    `--env=GITHUB_REPOSITORY=${runner.fullName}`,
    `--env=GITHUB_API_URL=${runner.env["GITHUB_API_URL"] ?? "https://api.github.com"}`,
    ...standIns(workflow.actions),
  ];
  const seen = createRecord(Object.keys(workflow.jobs));
  const { code } = await runCommand(command, {
    cwd: folder,
    env: { ...withoutGitHub(runner.env), ...files.env },
    note(line) {
      // What a step leaves for later ones: act repeats it unmasked, and GitHub shows it nowhere.
      if (line.includes('"command":"set-env"')) return;
      appendFileSync(files.log, `${line}\n`);
      const told = readLine(line);
      if (told === undefined) return;
      seen.take(told);
      on(told);
    },
  });
  const { jobs, outputs, trouble } = seen;
  if (code !== 0 && !Object.values(jobs).includes("failure"))
    throw new Error(`act ended with ${code}:\n${trouble.join("\n")}`);
  return { result: code === 0 ? "success" : "failure", jobs, outputs, log: files.log, artifacts: files.artifacts };
}

function createRecord(names: readonly string[]) {
  const jobs: Record<string, Result> = Object.fromEntries(names.map((name) => [name, "skipped" as const]));
  const outputs: Record<string, string> = {};
  const trouble: string[] = [];
  const take = (event: ActEvent) => {
    if (event.type === "jobEnded") jobs[event.job] = event.result;
    else if (event.type === "output") outputs[`${event.job}.${event.name}`] = event.value;
    else if (event.type === "trouble") trouble.push(event.text);
  };
  return { jobs, outputs, trouble, take };
}

function prepareFolder(runner: Runner, event: GitHubEvent, folder: string) {
  const at = (name: string) => path.join(folder, name);
  for (const name of ["artifacts", "sessions", "work"]) mkdirSync(at(name), { recursive: true });
  for (const [cloud, session] of Object.entries(runner.sessions)) {
    const lines = Object.entries(session).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(at(`sessions/${cloud}.env`), lines.join(""), { mode: 0o600 });
  }
  const [owner = "", name = ""] = runner.fullName.split("/");
  const repository = { full_name: runner.fullName, name, owner: { login: owner }, default_branch: "main" };
  writeFileSync(at("event.json"), JSON.stringify({ repository, sender: { login: "rehearsal" }, ...event.payload }));
  writeFileSync(at("none"), "");
  // Where GitHub would be asked for the repository, the bare one answers.
  const url = `https://github.com/${runner.fullName}`;
  writeFileSync(at("gitconfig"), `[url "file://${runner.repository}"]\n\tinsteadOf = ${url}\n`);
  return {
    workdir: at("workdir"),
    work: at("work"),
    workflow: at("workflow.yml"),
    variables: at("variables.yml"),
    secrets: at("secrets.yml"),
    event: at("event.json"),
    none: at("none"),
    log: at("log.jsonl"),
    artifacts: at("artifacts"),
    env: {
      GIT_CONFIG_GLOBAL: at("gitconfig"),
      REHEARSAL_SESSIONS: at("sessions"),
      REHEARSAL_ARTIFACTS: at("artifacts"),
      REHEARSAL_NODE_MODULES: runner.packages,
      PATH: `${path.join(import.meta.dirname, "..", "bin")}${path.delimiter}${runner.env["PATH"] ?? ""}`,
    },
  };
}

async function settingsOf(runner: Runner, environments: readonly (string | undefined)[]): Promise<Settings> {
  const variables: Record<string, string> = {};
  const secrets: Record<string, string> = {};
  for (const environment of new Set(environments)) {
    const own = await runner.settings(environment);
    for (const [name, value] of Object.entries(own.variables)) variables[settingOf(environment, name)] = value;
    for (const [name, value] of Object.entries(own.secrets)) secrets[settingOf(environment, name)] = value;
  }
  return { variables, secrets };
}

/** What GitHub says, act says for itself. */
function withoutGitHub(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(GITHUB|RUNNER|ACTIONS)_/.test(name)));
}

async function must(command: readonly string[], runner: Runner, cwd: string): Promise<string> {
  const finished = await runCommand(command, { cwd, env: { ...runner.env }, note: () => {} });
  if (finished.code !== 0) throw new Error(`\`${command.join(" ")}\` ended with ${finished.code}:\n${finished.tail}`);
  return `${finished.stdout}\n`;
}
