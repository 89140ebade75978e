import { styleText } from "node:util";

/** What a person sees while a rehearsal runs. Everything goes to stderr, so that stdout can carry one JSON document. */
export interface Screen {
  /** A stage has begun. */
  begin(name: string): void;
  /** Something happened within the stage; a terminal shows the latest, a log shows none. */
  note(line: string): void;
  /** The stage is over. */
  end(name: string, status: StageStatus, seconds: number, detail: string): void;
  /** Text between stages. */
  print(text: string): void;
}

export type StageStatus = "passed" | "refused" | "failed" | "skipped";

const MARKS: Record<StageStatus, string> = { passed: "✓", refused: "✗", failed: "✗", skipped: "–" };
const NAME_WIDTH = 38;

/**
 * A screen on `stream`: live lines on a terminal, one line a stage elsewhere.
 *
 * @param verbose also print every note.
 */
export function createScreen(stream: NodeJS.WriteStream = process.stderr, verbose = false): Screen {
  const live = stream.isTTY === true && !verbose;
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    stream.isTTY ? styleText(style, text) : text;
  const width = () => Math.min(stream.columns ?? 100, 120);
  let current: { name: string; since: number; note: string } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const clear = () => live && stream.write("\r\u001b[2K");
  const draw = () => {
    if (!live || current === undefined) return;
    const seconds = ((Date.now() - current.since) / 1000).toFixed(0).padStart(4);
    const head = `  … ${current.name.padEnd(NAME_WIDTH)}${seconds} s  `;
    stream.write(`\r\u001b[2K${head}${paint("dim", current.note.slice(0, Math.max(0, width() - head.length)))}`);
  };

  return {
    begin(name) {
      current = { name, since: Date.now(), note: "" };
      draw();
      if (live) timer = setInterval(draw, 1000).unref();
    },
    note(line) {
      const text = line.trim();
      if (text === "") return;
      if (current !== undefined) current.note = text;
      if (verbose) stream.write(`      ${text}\n`);
      draw();
    },
    end(name, status, seconds, detail) {
      clearInterval(timer);
      current = undefined;
      clear();
      const mark = paint(status === "passed" ? "green" : status === "skipped" ? "dim" : "red", MARKS[status]);
      stream.write(`  ${mark} ${name.padEnd(NAME_WIDTH)}${seconds.toFixed(1).padStart(6)} s  ${detail}\n`);
    },
    print(text) {
      clear();
      stream.write(`${text}\n`);
    },
  };
}
