import { choice, number, object, optional, whole } from "../shape.ts";
import { DECIDE_ON, GOLDEN_RULES } from "./limits.ts";

/** What `gate` of stack config may hold; `limits.ts` says what it means. */
export const gateShape = object({
  minAccuracy: number(0, 1),
  maxLatencyMs: number(1, 60_000),
  maxModelSizeMb: number(1, 100_000),
  decideOn: optional(choice(...DECIDE_ON)),
  minSamples: optional(whole(1, 10_000_000)),
  minClassSamples: optional(whole(0, 10_000_000)),
  minClassRecall: optional(number(0, 1)),
  golden: optional(choice(...GOLDEN_RULES)),
  loadMemoryMb: optional(whole(100, 1_000_000)),
  loadSeconds: optional(whole(1, 3600)),
});
