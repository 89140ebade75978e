import type { Screen, StageStatus } from "./screen.ts";

/** One finished stage, as the JSON report shows it. */
export interface Stage {
  readonly name: string;
  readonly status: StageStatus;
  readonly seconds: number;
}

/** The answer of a stage was "no": not a fault, but the end of the delivery. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Runs stages one after another, times them, and remembers how each ended. */
export interface Stages {
  readonly done: readonly Stage[];
  /**
   * Runs `work` as the stage `name`; what it returns as `detail` is shown beside its time.
   *
   * @throws what `work` throws, after the stage has been shown as failed (or refused, for {@link Refused}).
   */
  run<T>(name: string, work: (note: (line: string) => void) => Promise<StageResult<T>>): Promise<T>;
  /** Records a stage that something else ran and timed. */
  add(stage: Stage, detail: string): void;
}

export interface StageResult<T> {
  readonly value: T;
  readonly detail: string;
}

/** Stages shown on `screen`. */
export function createStages(screen: Screen): Stages {
  const done: Stage[] = [];
  const add = (stage: Stage, detail: string) => {
    done.push({ ...stage, seconds: Math.round(stage.seconds * 10) / 10 });
    screen.end(stage.name, stage.status, stage.seconds, detail);
  };
  return {
    done,
    add,
    async run(name, work) {
      const since = performance.now();
      const seconds = () => (performance.now() - since) / 1000;
      screen.begin(name);
      try {
        const { value, detail } = await work(screen.note);
        add({ name, status: "passed", seconds: seconds() }, detail);
        return value;
      } catch (error) {
        add({ name, status: error instanceof Refused ? "refused" : "failed", seconds: seconds() }, "");
        throw error;
      }
    },
  };
}
