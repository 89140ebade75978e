/**
 * A delivery pipeline, as intent: which jobs there are, what each needs and what it runs. Nothing here names a CI system;
 * a renderer per system writes its file, and `run/local.ts` runs the same pipeline on this machine.
 */

/** A whole pipeline. Jobs run as soon as what they need has succeeded; their order in the list is only for reading. */
export interface Pipeline {
  /** Words for people, unique among the pipelines of a repository. */
  readonly name: string;
  /** Where the pipeline is written down, from the root of the repository: named in the marker of generated files. */
  readonly source: string;
  readonly on: Triggers;
  /**
   * What a new run does while another one of this pipeline is under way on the same branch. `wait` keeps the newest run
   * waiting; `cancelRunning` is for checks whose answer nobody wants any more, and not for pipelines that deploy.
   */
  readonly whenBusy: WhenBusy;
  readonly notify?: Notification;
  readonly jobs: readonly Job[];
}

/** A mail about how a run ended. */
export interface Notification {
  /** Holds the address. */
  readonly to: Variable;
  readonly on: readonly ("success" | "failure")[];
}

/** What starts a pipeline. At least one. */
export interface Triggers {
  readonly push?: GitFilter;
  readonly pullRequest?: GitFilter;
  /** Times in UTC, five cron fields each. */
  readonly schedule?: readonly string[];
  readonly manual?: { readonly inputs: Readonly<Record<string, Input>> };
}

export interface GitFilter {
  readonly branches: readonly string[];
  /** Globs; the trigger fires when a changed file matches one. Default: any file. */
  readonly paths?: readonly string[];
}

/** A text that somebody types when starting the pipeline by hand. It is untrusted: it reaches commands by `env` alone. */
export interface Input {
  readonly description: string;
  readonly required: boolean;
  readonly default?: string;
  /** The only texts there are to choose from. @default - any text */
  readonly options?: readonly string[];
}

export interface Job {
  /** Letters, digits, `-` and `_`, starting with a letter. Other jobs refer to it. */
  readonly id: string;
  /** Words for people. */
  readonly name: string;
  /** The part of the delivery it belongs to, for systems that show jobs in columns. */
  readonly stage?: Stage;
  /** Ids of the jobs that must have succeeded. A job that was skipped has not succeeded. */
  readonly needs?: readonly string[];
  readonly if?: Condition;
  /** Somebody says yes before the job starts. Every job with an approval has an environment, whose reviewers may say it. */
  readonly approval?: Approval;
  /** @default "linux" */
  readonly machine?: Machine | MatrixValue;
  /** Runs the job once for each combination of the values, all of them whatever the others do. */
  readonly matrix?: Readonly<Record<string, readonly string[]>>;
  /** The environment whose secrets, variables and approvals apply. Every job with rights in a cloud has one. */
  readonly environment?: string;
  /** Rights on the repository and the token service. Required: what is not listed here, the job may not do. */
  readonly permissions: Permissions;
  /** Required, since the usual default of six hours is a bill. */
  readonly timeoutMinutes: number;
  readonly concurrency?: Concurrency;
  /** Finds the share of lines covered in what the job prints, in percent: a regular expression with one group. */
  readonly coverage?: string;
  /** For every step of the job. */
  readonly env?: Env;
  readonly steps: readonly Step[];
  /** What later jobs may read, in environments of their own. A secret is never handed on. */
  readonly outputs?: Readonly<Record<string, StepOutput | Variable | Literal>>;
}

/** In their order: what a job needs is in the same stage or an earlier one. */
export const STAGES = ["validate", "test", "train", "deploy"] as const;
export type Stage = (typeof STAGES)[number];

export const MACHINES = ["linux", "windows"] as const;
export type Machine = (typeof MACHINES)[number];

export interface Approval {
  readonly question: string;
  /** Figures to decide by, with what they are. Shown where the system shows a question. */
  readonly shows?: Readonly<Record<string, JobOutput>>;
}

export interface Permissions {
  readonly contents?: Right;
  /** Workflows and their runs. */
  readonly actions?: Right;
  /** Asking the token service for a token that a cloud trusts. There is nothing to read. */
  readonly idToken?: Write;
  readonly pullRequests?: Right;
}

export type Right = "read" | Write;

/** The right to change something, with the reason for it. */
export interface Write {
  readonly write: string;
}

export type WhenBusy = "wait" | "cancelRunning";

/** Jobs of one group run one at a time, across all runs of all pipelines of the repository. */
export interface Concurrency {
  readonly group: string;
  /** A job that has an environment may not be cancelled: an update cut short leaves a stack half changed. */
  readonly whenBusy: WhenBusy;
}

export type Step = RunStep | SetUpStep;

/** Runs one command, without a shell of its own: what is longer than a command is a script that is called. */
export interface RunStep {
  readonly name: string;
  /** Unique in its job. Needed by whoever reads its outputs. */
  readonly id?: string;
  readonly if?: Condition;
  readonly run: Command;
  readonly env?: Env;
  /** The command pushes commits to the repository. It gets what it needs for that; no other step does. */
  readonly pushes?: boolean;
  /** Exit code 1 with outputs is the answer "no", which others read there, and no failure. */
  readonly answers?: boolean;
  /** Files kept after the run, also of a step that failed. */
  readonly artifacts?: { readonly name: string; readonly paths: readonly string[] };
}

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: Argument[]];

/** Fixed text, or text around variables of the step's `env`. A variable that is unset or empty fails the step. */
export type Argument = string | readonly (string | EnvReference)[];

export interface EnvReference {
  readonly env: string;
}

/** Prepares a fresh machine. On a machine that is prepared already there is nothing to do. */
export interface SetUpStep {
  readonly name: string;
  readonly setUp: SetUp;
}

export type SetUp =
  /** The repository's files. `latest` takes the branch as it is now, with commits made since the run began. */
  | { readonly tool: "code"; readonly latest?: boolean }
  | { readonly tool: "node"; readonly version: Literal | MatrixValue }
  /** What the lock file names, without running install scripts. */
  | { readonly tool: "dependencies" }
  | { readonly tool: "pulumi"; readonly version: string }
  /** What an earlier job of the same run kept, at the paths it had there. */
  | { readonly tool: "artifact"; readonly name: string }
  /** A short-lived session in AWS for a role that trusts this repository's tokens. */
  | { readonly tool: "aws"; readonly role: Value; readonly region: Value }
  /** A short-lived session in Azure for an identity that trusts this repository's tokens. */
  | { readonly tool: "azure"; readonly client: Value; readonly tenant: Value; readonly subscription: Value };

export type Env = Readonly<Record<string, Value>>;

/** Where a value comes from. Only a renderer or the runner turns it into text. */
export type Value = Literal | Variable | Secret | JobToken | InputValue | StepOutput | JobOutput | MatrixValue;

export interface Literal {
  readonly from: "literal";
  readonly text: string;
}

/** A variable of the job's environment, or of the repository. */
export interface Variable {
  readonly from: "variable";
  readonly name: string;
}

/** A secret of the job's environment, or of the repository. */
export interface Secret {
  readonly from: "secret";
  readonly name: string;
}

/** The CI system's own token for this job, with the rights that the job lists. */
export interface JobToken {
  readonly from: "jobToken";
}

export interface InputValue {
  readonly from: "input";
  readonly name: string;
  /** Taken where the pipeline was not started by hand, or the field was left empty. */
  readonly otherwise: string;
}

/** An output of an earlier step of the same job. */
export interface StepOutput {
  readonly from: "step";
  readonly step: string;
  readonly name: string;
}

/** An output of a job that this one needs. */
export interface JobOutput {
  readonly from: "job";
  readonly job: string;
  readonly name: string;
}

/** This combination's value in a job's matrix. */
export interface MatrixValue {
  readonly from: "matrix";
  readonly name: string;
}

export type Condition =
  | { readonly when: "onBranch"; readonly branch: string }
  | { readonly when: "equals"; readonly value: StepOutput | JobOutput | InputValue; readonly text: string }
  /** The run is about a pull request whose branch lies in this repository: a fork's code gets no credentials. */
  | { readonly when: "ownPullRequest" }
  /** A push changed a file that matches one of the globs. Holds for runs that no push started. */
  | { readonly when: "changed"; readonly paths: readonly string[] }
  | { readonly when: "all"; readonly of: readonly Condition[] };
