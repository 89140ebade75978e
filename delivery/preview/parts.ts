/** A piece of a section that is shown whole or not at all. */
export interface Part {
  /** What is missing where it is left out. */
  readonly name: string;
  /** 0 is kept before anything else. */
  readonly rank: number;
  readonly text: string;
  /** Takes its place where it does not fit. @default - nothing */
  readonly short?: string;
}

/** Room for saying what is left out. */
const NOTE = 600;

/**
 * Puts parts below their head, in their order, so that all have at most `limit` characters. Where they have more, whole
 * parts are left out, the highest ranks first, and a line says which.
 */
export function fit(head: string, parts: readonly Part[], limit: number, link?: string): string {
  const all = parts.filter(({ text }) => text !== "");
  const whole = [head, ...all.map(({ text }) => text)].join("\n\n");
  if (whole.length <= limit) return whole;
  let room = limit - head.length - NOTE;
  const texts = new Map<Part, string>();
  for (const part of [...all].sort((a, b) => a.rank - b.rank)) {
    const text = [part.text, part.short].find((one) => one !== undefined && one.length + 2 <= room);
    if (text === undefined) continue;
    texts.set(part, text);
    room -= text.length + 2;
  }
  const missing = all.filter((part) => texts.get(part) !== part.text).map(({ name }) => name);
  const where = link === undefined ? "The run's output has it." : `The [whole output](${link}) has it.`;
  const note = `*Too long for a comment, left out: ${missing.join(", ")}.* ${where}`;
  return [head, ...all.flatMap((part) => texts.get(part) ?? []), note].join("\n\n");
}
