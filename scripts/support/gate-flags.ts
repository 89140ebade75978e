import { readFile } from "node:fs/promises";
import { inputError } from "../../delivery/errors.ts";
import { DECIDE_ON, DEFAULT_LIMITS, type GateLimits, GOLDEN_RULES } from "../../delivery/gate/limits.ts";
import type { SigningRule } from "../../delivery/signing.ts";
import { type Context, type Flag, integerFlag, numberFlag, required } from "./command.ts";

/** The gate's limits on a command line; `gate` of the stack's config has the same under the names of `GateLimits`. */
export const GATE_FLAGS = {
  "min-accuracy": { help: "least share of right answers", value: "0..1", default: String(DEFAULT_LIMITS.minAccuracy) },
  "max-latency": {
    help: "most mean latency, milliseconds",
    value: "MS",
    default: String(DEFAULT_LIMITS.maxLatencyMs),
  },
  "max-size": { help: "most model size, MB", value: "MB", default: String(DEFAULT_LIMITS.maxModelSizeMb) },
  "decide-on": {
    help: "what of the accuracy must reach its limit: point, as measured, or lower-bound, the low end of its 95 % interval",
    value: "WORD",
    default: DEFAULT_LIMITS.decideOn,
  },
  "min-samples": { help: "least pictures measured", value: "N", default: String(DEFAULT_LIMITS.minSamples) },
  "min-class-samples": {
    help: "least pictures measured of each class",
    value: "N",
    default: String(DEFAULT_LIMITS.minClassSamples),
  },
  "min-class-recall": { help: "least share of each class that is recognised; not asked if absent", value: "0..1" },
  golden: {
    help: "whether a package must have golden samples: required or if-present",
    value: "WORD",
    default: DEFAULT_LIMITS.golden,
  },
  "load-memory": {
    help: "most memory that loading and serving the model may take, MB",
    value: "MB",
    default: String(DEFAULT_LIMITS.loadMemoryMb),
  },
  "load-time": {
    help: "most time that loading or serving it may take, seconds",
    value: "S",
    default: String(DEFAULT_LIMITS.loadSeconds),
  },
} as const satisfies Record<string, Flag>;

/** The key that a model must be signed with. */
export const PUBLIC_KEY: Flag = {
  help: "file with the public key, PEM, that the model must be signed with; default the key itself in $MODEL_PUBLIC_KEY, and no signature is asked for without either",
  value: "FILE",
};

/** What {@link PUBLIC_KEY} asks of signatures. */
export async function signingRule({ flags }: Context): Promise<SigningRule> {
  const file = flags["public-key"];
  const publicKey = file === undefined ? process.env["MODEL_PUBLIC_KEY"] : await readFile(file, "utf8");
  return publicKey ? { required: true, publicKey } : { required: false };
}

/** The limits that {@link GATE_FLAGS} name. */
export function gateLimits(context: Context): GateLimits {
  const recall = context.flags["min-class-recall"];
  return {
    minAccuracy: numberFlag(context, "min-accuracy", 0, 1),
    maxLatencyMs: numberFlag(context, "max-latency", 0, Number.MAX_VALUE),
    maxModelSizeMb: numberFlag(context, "max-size", 0, Number.MAX_VALUE),
    decideOn: wordFlag(context, "decide-on", DECIDE_ON),
    minSamples: integerFlag(context, "min-samples", 1, Number.MAX_SAFE_INTEGER),
    minClassSamples: integerFlag(context, "min-class-samples", 0, Number.MAX_SAFE_INTEGER),
    ...(recall !== undefined && { minClassRecall: numberFlag(context, "min-class-recall", 0, 1) }),
    golden: wordFlag(context, "golden", GOLDEN_RULES),
    loadMemoryMb: numberFlag(context, "load-memory", 1, Number.MAX_VALUE),
    loadSeconds: numberFlag(context, "load-time", 0.1, 86_400),
  };
}

function wordFlag<Word extends string>(context: Context, name: string, words: readonly Word[]): Word {
  const value = required(context, name);
  const word = words.find((one) => one === value);
  if (word === undefined) throw inputError(`\`--${name}\` must be ${words.join(" or ")}, got \`${value}\``);
  return word;
}
