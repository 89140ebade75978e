/**
 * The one place where texts become Groovy. Only single quotes are written, in which a dollar is a dollar: no text is
 * ever looked through for expressions.
 */

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};

/** A string literal on one line. */
export function groovyString(text: string): string {
  return `'${escaped(text)}'`;
}

/** A string literal that keeps its lines, for scripts. */
export function groovyText(text: string): string {
  const lines = text.split("\n");
  return lines.length === 1 ? groovyString(text) : `'''${lines.map(escaped).join("\n")}'''`;
}

function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not stand in a source file
  return text.replaceAll(/[\\'\x00-\x1f\x7f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return ESCAPES[character] ?? `\\u${code}`;
  });
}

/** Lines of Groovy with a block's margin. Texts of several lines keep theirs: they are not split. */
export function block(head: string, lines: readonly string[]): string[] {
  return [`${head} {`, ...lines.map((line) => `    ${line}`), "}"];
}
