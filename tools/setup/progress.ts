/** Where progress is written: stderr, so that stdout carries only the command's own result. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** One line of set-up. Nothing is shown for a step that finds its work done. */
export interface Step {
  /** The work was done before. */
  found(note: string): void;
  /** Work goes on; shown with the seconds so far. */
  working(note: string): void;
  /** The work is done now. */
  done(note: string): void;
}

export interface Progress {
  /** Runs a step and shows how it goes; a failure is shown too, and passed on. */
  step<Result>(name: string, work: (step: Step) => Promise<Result>): Promise<Result>;
}

const NAME_WIDTH = 20;
const TICK_MS = 1000;
/** Without a terminal, a line this often says that a long step still runs. */
const REMINDER_S = 30;

/** Progress of set-up: one live line a step on a terminal, plain lines elsewhere, silence when all is in place. */
export function createProgress(screen: Screen = process.stderr): Progress {
  return {
    async step(name, work) {
      const line = createLine(screen, name);
      try {
        const result = await work(line);
        line.close();
        return result;
      } catch (error) {
        line.fail();
        throw error;
      }
    },
  };
}

function createLine(screen: Screen, name: string): Step & { close(): void; fail(): void } {
  const started = performance.now();
  const label = name.padEnd(NAME_WIDTH);
  let note = "";
  let timer: NodeJS.Timeout | undefined;
  const seconds = () => Math.round((performance.now() - started) / 1000);
  const live = () => screen.write(`\r\x1b[K  ${label} ${note} … ${seconds()} s`);
  const tick = () => {
    if (screen.isTTY) live();
    else if (seconds() > 0 && seconds() % REMINDER_S === 0) screen.write(`  ${label} ${note} … ${seconds()} s\n`);
  };
  const end = (text: string) => {
    if (!timer) return;
    clearInterval(timer);
    timer = undefined;
    screen.write(`${screen.isTTY ? "\r\x1b[K" : ""}  ${label} ${text} (${seconds()} s)\n`);
  };
  return {
    found: (text) => end(text),
    working(text) {
      if (text === note) return;
      note = text;
      timer ??= setInterval(tick, TICK_MS);
      if (screen.isTTY) live();
      else screen.write(`  ${label} ${note}\n`);
    },
    done: (text) => end(text),
    close: () => end("done"),
    fail: () => end("failed"),
  };
}
