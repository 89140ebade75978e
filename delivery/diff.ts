type Line = { readonly mark: " " | "-" | "+"; readonly text: string };

/**
 * Differences of two texts as `diff -u` shows them, with three lines around each. Empty when they are equal. Takes time
 * and memory of the product of their lengths: for stack files, not for data.
 */
export function unifiedDiff(before: string, after: string, name: string): string {
  const lines = align(splitLines(before), splitLines(after));
  const near = lines.map((_, i) => lines.slice(Math.max(0, i - 3), i + 4).some((line) => line.mark !== " "));
  if (!near.includes(true)) return "";
  const out = [`--- a/${name}`, `+++ b/${name}`];
  let [oldLine, newLine] = [1, 1];
  for (let i = 0; i < lines.length; ) {
    let end = i;
    while (end < lines.length && near[end]) end++;
    const hunk = lines.slice(i, end);
    const oldCount = hunk.filter((line) => line.mark !== "+").length;
    const newCount = hunk.filter((line) => line.mark !== "-").length;
    if (hunk.length > 0) {
      out.push(`@@ -${oldLine},${oldCount} +${newLine},${newCount} @@`, ...hunk.map((line) => line.mark + line.text));
    }
    oldLine += oldCount;
    newLine += newCount;
    i = end;
    for (; i < lines.length && !near[i]; i++) {
      oldLine++;
      newLine++;
    }
  }
  return `${out.join("\n")}\n`;
}

function splitLines(text: string): string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

/** Walks both texts from the front along their longest common subsequence. */
function align(before: readonly string[], after: readonly string[]): Line[] {
  const rest = commonLengths(before, after);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const old = before[i];
    const now = after[j];
    if (old !== undefined && old === now) {
      lines.push({ mark: " ", text: old });
      i++;
      j++;
    } else if (old !== undefined && (now === undefined || rest(i + 1, j) >= rest(i, j + 1))) {
      lines.push({ mark: "-", text: old });
      i++;
    } else {
      lines.push({ mark: "+", text: now ?? "" });
      j++;
    }
  }
  return lines;
}

/** How many lines the texts from line `i` and line `j` on have in common, in order. */
function commonLengths(before: readonly string[], after: readonly string[]): (i: number, j: number) => number {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const same = before[i] === after[j];
      lengths[i * width + j] = same ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  return at;
}
