import { detailOf } from "../../pipeline.ts";
import type { Screen } from "../../screen.ts";
import { Refused, type Stages } from "../../stages.ts";
import type { ActEvent, Result } from "./log.ts";

interface Shown {
  readonly step: string;
  readonly since: number;
  readonly tail: string[];
  readonly outputs: Record<string, string>;
  seconds?: number;
  result?: Result;
  exitCode?: number | undefined;
}

const TAIL_LINES = 15;

/**
 * Shows the steps called `names` as stages of the rehearsal while act tells of them, and knows why the last one failed.
 */
export function showSteps(names: readonly string[], stages: Stages, screen: Screen) {
  // One a job: jobs run side by side.
  const current = new Map<string, Shown>();
  const trouble: string[] = [];
  let failed: Shown | undefined;

  /** A step's outputs and its exit code come after its end. */
  function finish(job: string): void {
    const shown = current.get(job);
    current.delete(job);
    if (shown?.result === undefined || shown.result === "skipped") return;
    if (shown.result === "failure") failed = shown;
    if (!names.includes(shown.step)) return;
    const status = shown.result === "success" ? "passed" : shown.exitCode === 1 ? "refused" : "failed";
    stages.add({ name: shown.step, status, seconds: shown.seconds ?? 0 }, detailOf(shown.outputs));
  }

  function begin(job: string, step: string): void {
    finish(job);
    current.set(job, { step, since: performance.now(), tail: [], outputs: {} });
    if (names.includes(step)) screen.begin(step);
  }

  /** What is told of a step that runs, or has just ended. */
  function add(event: Exclude<ActEvent, { type: "jobEnded" | "stepStarted" }>): void {
    const shown = current.get(event.job);
    if (event.type === "trouble") trouble.push(event.text);
    if (event.type === "line") screen.note(event.text);
    if (shown === undefined || event.step !== shown.step) return;
    if (event.type === "line") shown.tail.push(event.text);
    else if (event.type === "output") shown.outputs[event.name] = event.value;
    else if (event.type === "trouble") shown.exitCode = exitStatus(event.text) ?? shown.exitCode;
    else Object.assign(shown, { result: event.result, seconds: (performance.now() - shown.since) / 1000 });
  }

  function take(event: ActEvent): void {
    if (event.type === "jobEnded") finish(event.job);
    else if (event.type === "stepStarted") begin(event.job, event.step);
    else add(event);
  }

  return {
    take,
    /** What a failed run is to the rehearsal: a no, where the step ended with 1; else something broke. */
    failure(): Error {
      const words = (failed?.tail ?? trouble).slice(-TAIL_LINES).join("\n");
      return failed?.exitCode === 1 ? new Refused(words) : new Error(words || trouble.join("\n"));
    },
  };
}

function exitStatus(text: string): number | undefined {
  const status = /^exit status (\d+)$/.exec(text)?.[1];
  return status === undefined ? undefined : Number(status);
}
