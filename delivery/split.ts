import { inputError } from "./errors.ts";

/** The data to train on, and the data to test on. */
export const SIDES = ["processed", "test"] as const;
export type Side = (typeof SIDES)[number];

/**
 * Which side of the split a file belongs to, from nothing but its content. The same picture is always on the same
 * side, whatever else the set holds, so test data never leaks into training as the set grows; exact copies stay together.
 *
 * @param sha256 Digest of the file's bytes, in hex.
 * @param testShare Share of files that go to test, above 0 and below 1.
 */
export function sideOf(sha256: string, testShare: number): Side {
  if (!(testShare > 0 && testShare < 1)) throw inputError(`test share must be above 0 and below 1, got ${testShare}`);
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw inputError(`\`${sha256}\` is not a SHA-256 in hex`);
  // 48 bits are exact in a number and far finer than any share asked for.
  return Number.parseInt(sha256.slice(0, 12), 16) / 2 ** 48 < testShare ? "test" : "processed";
}
