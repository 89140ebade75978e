import { inputError, messageOf } from "./errors.ts";

/** Above this a document that should hold a few figures is not what it claims to be. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Reads JSON and refuses what `JSON.parse` lets through: a key given twice (the last one would win unseen) and numbers
 * that overflow to Infinity. NaN is refused by the grammar.
 *
 * @param what Names the document in errors, such as its path.
 */
export function parseJson(text: string, what: string): unknown {
  if (text.length > MAX_BYTES) {
    throw inputError(`${what} has ${text.length} characters; at most ${MAX_BYTES} are read`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text, (key, item: unknown) => {
      if (typeof item === "number" && !Number.isFinite(item)) throw new Error(`\`${key}\` is too large for a number`);
      return item;
    });
  } catch (error) {
    throw inputError(`${what} is not JSON: ${messageOf(error)}`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined)
    throw inputError(`${what} gives the key \`${twice}\` twice; which value counts is not known`);
  return value;
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}]/g;

/** The first key that an object of this (valid) JSON text repeats. A string before a colon is a key, nothing else is. */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const token of text.matchAll(TOKEN)) {
    const [word, colon] = token;
    if (word === "{") open.push(new Set());
    else if (word === "}") open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(word.slice(0, -colon.length)) as string;
      if (open.at(-1)?.has(key)) return key;
      open.at(-1)?.add(key);
    }
  }
  return undefined;
}
