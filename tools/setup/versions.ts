/** The three numbers of a version such as `v3.259.0`, `go1.26.8` or `3.260.0-alpha.1`; undefined where there are none. */
export function parseVersion(text: string): readonly [number, number, number] | undefined {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return found ? [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)] : undefined;
}

/** Whether `version` is `minimum` or newer. What is no version is not; a pre-release counts as its release. */
export function atLeast(version: string, minimum: string): boolean {
  const have = parseVersion(version);
  const want = parseVersion(minimum);
  if (!have || !want) return false;
  for (const [index, number] of want.entries()) {
    const other = have[index] ?? 0;
    if (other !== number) return other > number;
  }
  return true;
}

/** Whether both have the same first number, so that one may stand for the other. */
export function sameMajor(version: string, other: string): boolean {
  return parseVersion(version)?.[0] === parseVersion(other)?.[0];
}
