import { cannotDecide, isFigure, type Reason, show } from "./reason.ts";

/** What the accuracy is held against its limit by: as measured, or the low end of its 95 % interval. */
export const DECIDE_ON = ["point", "lower-bound"] as const;
/** Whether a package must have golden samples. */
export const GOLDEN_RULES = ["required", "if-present"] as const;

/** What a model must reach. Equality passes. Without a value, the limits that may be absent have their defaults. */
export type GateLimits = {
  /** Share of right answers, 0 to 1. */
  readonly minAccuracy: number;
  /** Mean of decoding, preprocessing and inference of one picture, in milliseconds. */
  readonly maxLatencyMs: number;
  /** Size of `model.onnx` in MB (1,000,000 bytes). */
  readonly maxModelSizeMb: number;
  /** @default point */
  readonly decideOn?: (typeof DECIDE_ON)[number] | undefined;
  /** Pictures the metrics must rest on. @default 30 */
  readonly minSamples?: number | undefined;
  /** Pictures of each class among them. @default 1 */
  readonly minClassSamples?: number | undefined;
  /** The least recall that every class must reach, 0 to 1. @default - a class must be answered at all */
  readonly minClassRecall?: number | undefined;
  /** @default required */
  readonly golden?: (typeof GOLDEN_RULES)[number] | undefined;
  /** Memory that a model may take while it is loaded and tried, MB. @default 4000 */
  readonly loadMemoryMb?: number | undefined;
  /** How long that may take, seconds. @default 120 */
  readonly loadSeconds?: number | undefined;
};

/** Every limit with a value, but for the one that has no default. */
export type FullLimits = {
  readonly [K in Exclude<keyof GateLimits, "minClassRecall">]-?: NonNullable<GateLimits[K]>;
} & Pick<GateLimits, "minClassRecall">;

export const DEFAULT_LIMITS: FullLimits = {
  minAccuracy: 0.85,
  maxLatencyMs: 100,
  maxModelSizeMb: 500,
  decideOn: "point",
  minSamples: 30,
  minClassSamples: 1,
  golden: "required",
  loadMemoryMb: 4000,
  loadSeconds: 120,
};

/** Fills in what may be absent. What may not stays as it is, for {@link checkLimits} to refuse. */
export function withDefaults(limits: GateLimits): FullLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  const { minAccuracy, maxLatencyMs, maxModelSizeMb } = limits;
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(given), minAccuracy, maxLatencyMs, maxModelSizeMb };
}

/** A limit that is not a number would compare as false, or as 0: neither may decide. */
export function checkLimits(limits: FullLimits): Reason[] {
  const ranges = {
    minAccuracy: [0, 1],
    maxLatencyMs: [0, Number.MAX_VALUE],
    maxModelSizeMb: [0, Number.MAX_VALUE],
    minSamples: [1, Number.MAX_SAFE_INTEGER],
    minClassSamples: [0, Number.MAX_SAFE_INTEGER],
    minClassRecall: [0, 1],
    loadMemoryMb: [1, Number.MAX_VALUE],
    loadSeconds: [0, 86_400],
  } as const;
  const numbers = Object.entries(ranges).flatMap(([name, [low, high]]) => {
    const value: unknown = limits[name as keyof typeof ranges];
    if (value === undefined && name === "minClassRecall") return [];
    if (isFigure(value) && value >= low && value <= high) return [];
    const allowed = high === 1 ? `from ${low} to 1` : `of at least ${low}`;
    return [cannotDecide(name, `limit \`${name}\` must be a number ${allowed}, got ${show(value)}`)];
  });
  const words = { decideOn: DECIDE_ON, golden: GOLDEN_RULES } as const;
  const choices = Object.entries(words).flatMap(([name, allowed]) => {
    const value: unknown = limits[name as keyof typeof words];
    if ((allowed as readonly unknown[]).includes(value)) return [];
    return [cannotDecide(name, `limit \`${name}\` must be ${allowed.join(" or ")}, got ${show(value)}`)];
  });
  return [...numbers, ...choices];
}
