import { shortened } from "./markdown.ts";

/** GitHub refuses a longer comment. */
export const COMMENT_LIMIT = 65_536;

/** By which the comment is found again. Nobody sees it. */
const MARKER = "<!-- ml-delivery:preview -->";
const TITLE = "## What this changes";
const SECTION = /<!-- stack:([a-z][a-z0-9-]*) -->\n([\s\S]*?)\n<!-- \/stack:\1 -->/g;

/** Longest section, so that those of `stacks` stacks fit into one comment. */
export const sectionLimit = (stacks: number): number => Math.floor((COMMENT_LIMIT - 1000) / stacks) - 100;

/** Whether a comment is one of these. */
export const isPreviewComment = (body: string): boolean => body.startsWith(MARKER);

/** Sections of a comment by stack. */
export function sectionsIn(body: string): Map<string, string> {
  return new Map(
    [...body.replaceAll("\r\n", "\n").matchAll(SECTION)].map(([, stack = "", text = ""]) => [stack, text]),
  );
}

/** The comment that holds these sections, by the stacks' names. Where they are too long, the longest is cut to its head. */
export function commentOf(sections: ReadonlyMap<string, string>): string {
  const all = new Map([...sections].sort(([left], [right]) => (left < right ? -1 : 1)));
  const whole = () =>
    [
      MARKER,
      TITLE,
      ...[...all].map(([stack, text]) => `<!-- stack:${stack} -->\n${text}\n<!-- /stack:${stack} -->`),
    ].join("\n\n");
  while (whole().length > COMMENT_LIMIT) {
    const [stack = "", text = ""] = [...all].sort(([, left], [, right]) => right.length - left.length)[0] ?? [];
    const head = shortened(text.split("\n")[0] ?? "", 1000);
    if (all.size === 0 || text.length <= head.length + 200)
      throw new Error(`${all.size} stacks do not fit into a comment`);
    all.set(stack, `${head}\n\n*Too long for a comment of ${sections.size} stacks.* The run's output has it.`);
  }
  return whole();
}
