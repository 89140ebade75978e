const [LF, CR, QUOTE, COMMA] = [0x0a, 0x0d, 0x22, 0x2c];

/** What is wrong with a CSV file as such, and at which byte of it. */
export type FormProblem = { readonly offset: number; readonly message: string };

/**
 * Looks at a CSV file's bytes for what readers disagree on, so that no cell ever ends elsewhere for one reader than for
 * another: a NUL, a quote inside a cell that is not quoted, text after a closing quote, a lone carriage return, a quote
 * that never closes. Takes the file chunk by chunk and gives the first problem; jumps from quote to quote, so that a file
 * without any costs little.
 */
export function createFormCheck(): { add(chunk: Buffer): FormProblem | undefined; end(): FormProblem | undefined } {
  let quoted = false;
  /** Where the open quote is, and where the chunk begins, in the file. */
  let opened = 0;
  let base = 0;
  /** The byte before the chunk. */
  let last = LF;

  const problem = (at: number, message: string): FormProblem => ({ offset: base + at, message });

  /** What the end of the chunk before asks of this one. */
  const checkStart = (byte: number | undefined) => {
    if (quoted) return undefined;
    if (last === QUOTE && !mayFollow(byte)) return problem(0, "text after a closing quote");
    return last === CR && byte !== LF ? problem(0, "a lone carriage return") : undefined;
  };

  /** A carriage return from `at` on that no line feed follows; the last byte's follower is not known yet. */
  const checkReturn = (chunk: Buffer, at: number) =>
    !quoted && at + 1 < chunk.length && chunk[at + 1] !== LF ? problem(at, "a lone carriage return") : undefined;

  const checkQuote = (chunk: Buffer, at: number, before: number) => {
    if (quoted) {
      quoted = false;
      const ends = at + 1 >= chunk.length || mayFollow(chunk[at + 1]);
      return ends ? undefined : problem(at, "text after a closing quote");
    }
    // A quote right after a closing one is the second of a pair: the cell goes on.
    if (before !== COMMA && before !== LF && before !== QUOTE)
      return problem(at, '"\\"" inside a cell that is not quoted');
    if (before !== QUOTE) opened = base + at;
    quoted = true;
    return undefined;
  };

  const check = (chunk: Buffer): FormProblem | undefined => {
    const nul = chunk.indexOf(0);
    if (nul >= 0) return problem(nul, "a NUL inside a cell");
    // After a byte order mark the first cell may begin with a quote.
    const start = base === 0 && chunk.length >= 3 && chunk.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
    let found = checkStart(chunk[0]);
    let [quote, carriage] = [chunk.indexOf(QUOTE, start), chunk.indexOf(CR, start)];
    while (found === undefined && (quote >= 0 || carriage >= 0)) {
      if (carriage >= 0 && (quote < 0 || carriage < quote)) {
        found = checkReturn(chunk, carriage);
        carriage = chunk.indexOf(CR, carriage + 1);
      } else {
        found = checkQuote(chunk, quote, quote === start ? last : (chunk[quote - 1] ?? last));
        quote = chunk.indexOf(QUOTE, quote + 1);
      }
    }
    return found;
  };

  return {
    add(chunk) {
      if (chunk.length === 0) return undefined;
      const found = check(chunk);
      last = chunk.at(-1) ?? last;
      base += chunk.length;
      return found;
    },
    end() {
      if (quoted) return { offset: opened, message: "a quote is opened and never closed" };
      return last === CR ? { offset: base, message: "a lone carriage return" } : undefined;
    },
  };
}

/** What may stand after a quote that closes a cell; another quote makes a pair. */
function mayFollow(byte: number | undefined): boolean {
  return byte === COMMA || byte === LF || byte === CR || byte === QUOTE;
}
