/** One record of a CSV file and the line of the file that it starts on (1-based). */
export type CsvRecord = { readonly line: number; readonly cells: readonly string[] };

/** What is wrong with a CSV file as such, before any of its values are looked at. */
export class CsvError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.name = "CsvError";
    this.line = line;
  }
}

/**
 * Reads CSV as RFC 4180 has it: commas, double quotes, LF or CRLF; a byte order mark is passed over. Anything that
 * readers disagree on is an error with its line, so that no column ever shifts unseen: an unclosed quote, a quote
 * inside a bare cell, a lone CR, a NUL, a record with another number of cells than the header.
 */
export function parseCsv(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const start = line;
    const cells: string[] = [];
    let ended = false;
    while (!ended) {
      const cell = text[at] === '"' ? quotedCell(text, at, line) : bareCell(text, at, line);
      cells.push(cell.value);
      line += cell.lines;
      at = cell.end;
      ended = text[at] !== ",";
      at += text.startsWith("\r\n", at) ? 2 : 1;
    }
    line++;
    const width = records[0]?.cells.length ?? cells.length;
    if (cells.length !== width) throw new CsvError(start, `${cells.length} cells, but the header has ${width}`);
    records.push({ line: start, cells });
  }
  return records;
}

type Cell = { readonly value: string; readonly end: number; readonly lines: number };

function bareCell(text: string, start: number, line: number): Cell {
  let end = start;
  while (end < text.length && !",\n".includes(text[end] ?? "") && !text.startsWith("\r\n", end)) end++;
  const value = text.slice(start, end);
  const bad = /["\r\0]/.exec(value)?.[0];
  if (bad !== undefined) throw new CsvError(line, `${JSON.stringify(bad)} inside a cell that is not quoted`);
  return { value, end, lines: 0 };
}

function quotedCell(text: string, start: number, line: number): Cell {
  let end = start + 1;
  for (;;) {
    end = text.indexOf('"', end);
    if (end < 0) throw new CsvError(line, "a quote is opened and never closed");
    if (text[end + 1] !== '"') break;
    end += 2;
  }
  const value = text.slice(start + 1, end).replaceAll('""', '"');
  if (value.includes("\0")) throw new CsvError(line, "a NUL inside a cell");
  const next = text.slice(end + 1, end + 3);
  if (next !== "" && !/^(,|\n|\r\n)/.test(next)) throw new CsvError(line, "text after a closing quote");
  return { value, end: end + 1, lines: value.split("\n").length - 1 };
}
