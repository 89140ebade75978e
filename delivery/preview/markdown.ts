/** Texts of others made harmless for GitHub's Markdown: nothing in them links, mentions, breaks out or is HTML. */

/**
 * A text as code on one line. In a code span nothing has a meaning but the backtick, and a span may be opened by more of
 * them than it holds.
 */
export function code(text: string): string {
  const line = oneLine(text);
  const fence = "`".repeat(longestRun(line) + 1);
  const pad = /^`|`$|^ .* $/.test(line) || line === "" ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** As `code`, within a table: there a bar ends the cell, even in code, unless it is escaped. */
export const cell = (text: string): string => code(text).replaceAll("|", "\\|");

/** Lines as a block of code. */
export function block(text: string, language = ""): string {
  const clean = text
    .replaceAll("\t", "  ")
    .split(/\r\n|[\n\r]/)
    .map(visible)
    .join("\n");
  const fence = "`".repeat(Math.max(3, longestRun(clean) + 1));
  return `${fence}${language}\n${clean}\n${fence}`;
}

/** Something long that unfolds at a click. The summary is Markdown of ours; a blank line lets the inside be Markdown too. */
export function fold(summary: string, inside: string): string {
  return `<details><summary>${summary}</summary>\n\n${inside}\n\n</details>`;
}

/** `part` of the whole in ten cells, as `██████▌░░░`: seen in mail and on a phone as well. */
export function bar(part: number): string {
  const halves = Math.round(Math.min(1, Math.max(0, part)) * 20);
  return ("█".repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? "▌" : "")).padEnd(10, "░");
}

/** Cut to `length` characters, so that one value does not drown the rest. */
export function shortened(text: string, length: number): string {
  const letters = [...text];
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join("")}…`;
}

const oneLine = (text: string) => visible(text.replace(/\s+/g, " "));

/**
 * Without controls, marks of reading direction and invisible letters, by which a text could look like another one, and
 * without what begins a comment of HTML: sections are told apart by those, in code as well.
 */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, "\ufffd").replaceAll("<!--", "<! --");
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
