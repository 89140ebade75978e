export type Status = "success" | "failure" | "skipped";

/** How a run went. Everything in it is fit to be shown: secrets are masked. */
export interface RunReport {
  readonly pipeline: string;
  /** `failure` if a job failed; else `success`. */
  readonly status: "success" | "failure";
  /** 0, or the exit code of the step that failed first. */
  readonly exitCode: number;
  readonly seconds: number;
  /** One for each job, in the pipeline's order. */
  readonly stages: readonly StageReport[];
}

/** How a job went. */
export interface StageReport {
  readonly name: string;
  readonly status: Status;
  readonly seconds: number;
  readonly outputs: Readonly<Record<string, string>>;
  /** Why it was skipped or failed. */
  readonly reason?: string;
  readonly steps: readonly StepReport[];
}

export interface StepReport {
  readonly name: string;
  readonly id?: string;
  readonly status: Status;
  readonly seconds: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly reason?: string;
  /** Of a step that ran. */
  readonly exitCode?: number;
  /** The Markdown it wrote for people. */
  readonly summary?: string;
}

/** What happens, as it happens. Texts are masked. */
export type RunEvent =
  | { readonly type: "jobStarted"; readonly job: string }
  | { readonly type: "jobEnded"; readonly job: string; readonly stage: StageReport }
  | { readonly type: "stepStarted"; readonly job: string; readonly step: string }
  | { readonly type: "line"; readonly job: string; readonly step: string; readonly text: string }
  | { readonly type: "stepEnded"; readonly job: string; readonly report: StepReport };
