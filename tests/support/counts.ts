/** Whether the long proofs run in full: `node tools/test.ts --full` sets it. */
export const FULL = process.env["TEST_FULL"] === "1";

/** `TEST_SEED` for other random choices than the usual ones; what a proof prints names it. */
export const SEED = Number(process.env["TEST_SEED"] ?? 1);

/** How many rounds a random proof goes: few in every run, all in a full one; `TEST_ROUNDS` for any other number. */
export function rounds(few: number, all: number): number {
  return Number(process.env["TEST_ROUNDS"] ?? (FULL ? all : few));
}
