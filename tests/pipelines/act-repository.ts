import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after } from "node:test";
import { isRunStep } from "../../pipelines/check.ts";
import { ciFiles, gitHubPipelines } from "../../pipelines/render/files.ts";
import { type GitHubEvent, pullRequest } from "../../tools/rehearsal/ci/github/events.ts";
import { type Runner, runWorkflow } from "../../tools/rehearsal/ci/github/run.ts";
import { judge } from "../support/judges.ts";

const root = join(import.meta.dirname, "../..");

/** What a command was called with. */
export interface Call {
  /** Its file and arguments. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The event, as the command finds it. */
  readonly event: {
    readonly head_commit?: { readonly message: string };
    readonly pull_request?: { readonly title: string };
  };
}

/** How a command ends, and the outputs it writes. */
export type Answers = Readonly<
  Record<string, { readonly code: number; readonly outputs: Readonly<Record<string, string>> }>
>;

const RECORDER = `
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
const [, file, ...args] = process.argv;
const name = relative(process.cwd(), file);
const call = { argv: [name, ...args], env: process.env, event: JSON.parse(readFileSync(process.env.GITHUB_EVENT_PATH, "utf8")) };
appendFileSync(join(process.env.RECORDS, "calls.jsonl"), JSON.stringify(call) + "\\n");
const answers = JSON.parse(readFileSync(join(process.env.RECORDS, "answers.json"), "utf8"));
const { code, outputs } = answers[name] ?? { code: 0, outputs: { version: "3f2a9c01d4e5b678", sha256: "0".repeat(64) } };
if (name === "scripts/model-card.ts") {
  mkdirSync("reports");
  for (const file of ["model-card.html", "model-card.md"]) writeFileSync(join("reports", file), "");
}
for (const [key, value] of Object.entries(outputs)) appendFileSync(process.env.GITHUB_OUTPUT, key + "=" + value + "\\n");
process.exitCode = code;
`;

/** Writes the plan that is asked for, so that it can be kept. */
const PULUMI = `#!/usr/bin/env bash
if [ "$1" = version ]; then echo v3.259.0; exit; fi
for argument; do case $argument in *.plan.json) echo '{}' > "$argument" ;; esac; done
exec node "$RECORDS/pulumi.mjs" "$@"
`;

/**
 * A repository with the real workflows, whose commands only write down how they were called and answer as the test says.
 * What act, the workflows and the shells in between do to a text is then all that happens to it.
 */
export function actRepository() {
  const folder = mkdtempSync(join(tmpdir(), "ml-delivery-act-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const bare = join(folder, "repository.git");
  const records = join(folder, "records");
  const bin = join(folder, "bin");
  for (const made of [records, bin]) mkdirSync(made);
  writeFileSync(join(records, "pulumi.mjs"), RECORDER);
  writeFileSync(join(bin, "pulumi"), PULUMI);
  chmodSync(join(bin, "pulumi"), 0o755);
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@localhost", ...args], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  git("init", "--quiet", "--bare", "--initial-branch=main", bare);
  git("clone", "--quiet", bare, "clone");
  const clone = join(folder, "clone");
  git("-C", clone, "checkout", "--quiet", "-B", "main");
  copyFileSync(join(root, "package-lock.json"), join(clone, "package-lock.json"));
  writeFileSync(join(clone, "package.json"), `{ "type": "module" }`);
  for (const [file, text] of Object.entries(ciFiles("github"))) write(join(clone, file), text);
  for (const command of commands()) write(join(clone, command), RECORDER);

  const commit = (message: string, branch = "main") => {
    git("-C", clone, "checkout", "--quiet", "-B", branch);
    git("-C", clone, "add", "--all");
    git("-C", clone, "commit", "--quiet", "--allow-empty", "--message", message);
    git("-C", clone, "push", "--quiet", "origin", `HEAD:refs/heads/${branch}`);
    return git("-C", clone, "rev-parse", "HEAD");
  };
  const runner: Runner = {
    act: judge("act").file,
    repository: bare,
    fullName: "example-org/plant-classifier",
    settings: async (environment) => ({
      variables: variables(environment),
      secrets:
        environment === "staging"
          ? { STAGING_ENDPOINT_URL: "https://staging.localhost", DELIVERY_GITHUB_TOKEN: "of-the-releaser" }
          : {},
    }),
    token: "of-the-job",
    env: { PATH: [bin, process.env["PATH"]].join(delimiter), HOME: folder, RECORDS: records },
    sessions: { aws: { AWS_ACCESS_KEY_ID: "aws-session" }, azure: { IDENTITY_HEADER: "azure-session" } },
    packages: join(root, "node_modules"),
  };
  let runs = 0;
  return {
    /** Where a payload tries to leave its mark: `$RECORDS/PWNED` of every step's environment. */
    mark: join(records, "PWNED"),
    commit,
    /** Changes a file; the next commit has it. */
    edit(file: string, change: (text: string) => string) {
      writeFileSync(join(clone, file), change(readFileSync(join(clone, file), "utf8")));
    },
    /** A pull request from a branch of the same repository. */
    pullRequest(title: string, branch: string, repository = runner.fullName): GitHubEvent {
      const base = git("-C", clone, "rev-parse", "HEAD");
      const head = commit("Change something", branch);
      const sides = {
        head: { branch, commit: head, repository },
        base: { branch: "main", commit: base, repository: runner.fullName },
      };
      return pullRequest({ number: 7, title, ...sides, merged: head });
    },
    async run(file: string, event: GitHubEvent, answers: Answers = {}) {
      writeFileSync(join(records, "answers.json"), JSON.stringify(answers));
      rmSync(join(records, "calls.jsonl"), { force: true });
      runs += 1;
      const run = await runWorkflow(runner, file, event, join(folder, `run-${runs}`));
      const calls = existsSync(join(records, "calls.jsonl")) ? readFileSync(join(records, "calls.jsonl"), "utf8") : "";
      const parsed = calls
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Call);
      return { ...run, calls: parsed, text: readFileSync(run.log, "utf8") };
    },
  };
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The project's own commands that the workflows call. */
function commands(): Set<string> {
  const steps = gitHubPipelines().flatMap(({ jobs }) => jobs.flatMap((job) => job.steps.filter(isRunStep)));
  return new Set(
    steps.flatMap(({ run: [program, file] }) =>
      program === "node" && /\.ts$/.test(String(file)) ? [String(file)] : [],
    ),
  );
}

/** Each environment's own, so that a mix-up shows. */
function variables(environment = "none"): Record<string, string> {
  const id = "00000000-0000-4000-8000-000000000000";
  const jobs = ["VALIDATE", "TRAIN", "GATE", "PROMOTE", "DEPLOY", "ROLLBACK", "PREVIEW"];
  return {
    ...Object.fromEntries(
      jobs.map((job) => [`AWS_ROLE_${job}`, `arn:aws:iam::000000000000:role/${environment}-${job}`]),
    ),
    ...Object.fromEntries(jobs.map((job) => [`AZURE_CLIENT_ID_${job}`, id])),
    AWS_REGION: "us-east-1",
    AZURE_TENANT_ID: id,
    AZURE_SUBSCRIPTION_ID: id,
    AZURE_RESOURCE_GROUP: environment,
    AZURE_ML_WORKSPACE: environment,
    AZURE_ML_COMPUTE: environment,
    DATA_BUCKET: `${environment}-data`,
    MODELS_BUCKET: `${environment}-models`,
    PULUMI_BACKEND_URL: "file:///nowhere",
  };
}
