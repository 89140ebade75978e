import assert from "node:assert/strict";

/** `head { … }` in Groovy that has only single-quoted strings, line comments and blocks. */
export interface Block {
  readonly head: string;
  /** Its own lines, trimmed, without those of its children. */
  readonly text: string;
  /** Everything between its braces. */
  readonly all: string;
  readonly children: readonly Block[];
}

/** A piece of Groovy: a string with its quotes, a comment, or one character. */
const PIECE = /'''(?:[^\\]|\\[\s\S])*?'''|'(?:[^'\\\n]|\\.)*'|\/\/[^\n]*|[\s\S]/g;

/** Reads a file into its blocks. Braces in strings and comments are text; a block on one line is a line of its parent. */
export function parseBlocks(source: string): Block {
  const open: { head: string; text: string; start: number; children: Block[] }[] = [
    { head: "", text: "", start: 0, children: [] },
  ];
  let line = "";
  let offset = 0;
  for (const [piece] of source.matchAll(PIECE)) {
    offset += piece.length;
    const top = open.at(-1);
    assert.ok(top, "a brace closes what nobody opened");
    if (piece === "{" && source[offset] === "\n") {
      open.push({ head: line.trim(), text: "", start: offset, children: [] });
      line = "";
    } else if (piece === "}" && line.trim() === "") {
      const { head, text, start, children } = top;
      open.pop();
      open.at(-1)?.children.push({ head, text, all: source.slice(start, offset - 1), children });
    } else if (piece === "\n") {
      top.text += `${line.trim()}\n`;
      line = "";
    } else line += piece;
  }
  const [file, ...unclosed] = open;
  assert.ok(file && unclosed.length === 0, `not closed: ${unclosed.map(({ head }) => head).join(", ")}`);
  return { head: "", text: file.text, all: source, children: file.children };
}

/** The string literals of a piece of Groovy, as they stand there. */
export function stringsOf(source: string): string[] {
  return [...source.matchAll(PIECE)].flatMap(([piece]) => (piece.startsWith("'") && piece.length > 1 ? piece : []));
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };

/** The text of a single-quoted literal, read as Groovy's language defines it. Fails on what would not be one literal. */
export function decodeGroovy(literal: string): string {
  const quotes = literal.startsWith("'''") ? "'''" : "'";
  const body = literal.slice(quotes.length, -quotes.length);
  assert.equal(literal, `${quotes}${body}${quotes}`);
  const whole = quotes === "'" ? /^(?:[^'\\\n\r]|\\.)*$/ : /^(?:(?!''')[^\\]|\\[\s\S])*$/;
  assert.match(body, whole, "the literal ends before its end");
  return body.replaceAll(/\\(u+([0-9a-f]{4})|[\s\S])/gi, (_, escaped: string, code: string | undefined) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    assert.match(escaped, /[nrtbf\\'"$]/, `Groovy knows no escape \\${escaped}`);
    return ESCAPES[escaped] ?? escaped;
  });
}
