/** How a step or a job ended. */
export type Result = "success" | "failure" | "skipped";

/** What act tells while it runs, one at a time. */
export type ActEvent =
  | { readonly type: "stepStarted"; readonly job: string; readonly step: string }
  /** Something a step printed, secrets masked by act. */
  | { readonly type: "line"; readonly job: string; readonly step: string; readonly text: string }
  | {
      readonly type: "output";
      readonly job: string;
      readonly step: string;
      readonly name: string;
      readonly value: string;
    }
  | { readonly type: "stepEnded"; readonly job: string; readonly step: string; readonly result: Result }
  | { readonly type: "jobEnded"; readonly job: string; readonly result: Result }
  /** Why something failed; of act itself where it names no job. */
  | { readonly type: "trouble"; readonly job: string; readonly step: string; readonly text: string };

interface Line {
  readonly jobID?: string;
  readonly step?: string;
  readonly stage?: string;
  readonly stepID?: readonly string[];
  readonly msg?: string;
  readonly level?: string;
  readonly raw_output?: boolean;
  readonly command?: string;
  readonly name?: string;
  readonly arg?: string;
  readonly stepResult?: string;
  readonly jobResult?: string;
}

/** Reads a line of `act --json`; undefined for what nobody needs. Steps of a stand-in count as part of theirs. */
export function readLine(text: string): ActEvent | undefined {
  if (!text.startsWith("{")) return { type: "trouble", job: "", step: "", text };
  const line = JSON.parse(text) as Line;
  const { jobID: job = "", step = "", msg = "" } = line;
  if (line.jobResult !== undefined) return { type: "jobEnded", job, result: resultOf(line.jobResult) };
  if (line.raw_output) return { type: "line", job, step, text: msg.trimEnd() };
  if (line.command === "set-output") return { type: "output", job, step, name: line.name ?? "", value: line.arg ?? "" };
  const own = line.stage === "Main" && line.stepID?.length === 1;
  if (own && line.stepResult !== undefined) return { type: "stepEnded", job, step, result: resultOf(line.stepResult) };
  if (own && msg.includes("Run Main ")) return { type: "stepStarted", job, step };
  if (line.level === "error" || line.level === "fatal") return { type: "trouble", job, step, text: msg };
  return undefined;
}

function resultOf(text: string): Result {
  if (text === "success" || text === "failure" || text === "skipped") return text;
  throw new Error(`act ended something as \`${text}\`; known are success, failure and skipped`);
}
