import { createInterface } from "node:readline";

/** Reads answers a line at a time, from a person or a script alike. */
export interface Reader {
  /** The next line; undefined at the end of the input. */
  readonly ask: (prompt: string) => Promise<string | undefined>;
  readonly close: () => void;
}

/** Lines that come before they are asked for, as from a script, are kept. */
export function openReader(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Reader {
  const lines = createInterface({ input, terminal: false });
  const iterator = lines[Symbol.asyncIterator]();
  return {
    async ask(prompt) {
      output.write(prompt);
      const { value, done } = await iterator.next();
      return done ? undefined : String(value);
    },
    close: () => lines.close(),
  };
}
