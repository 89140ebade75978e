import { z } from "zod";
import type { Environment } from "../environment.ts";
import { inputError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { stackConfig } from "../stack-file.ts";

/** `critical`: the verdict follows it. `dry-run`: measured and shown, and of no effect. `off`: not measured. */
const mode = z.enum(["critical", "dry-run", "off"]);
const share = z.number().min(0).max(1);

const Rules = z.strictObject({
  /** Requests that each side must have answered, bad ones of callers left out. Nothing is decided below. */
  minRequests: z.int().min(1).default(50),
  /** Minutes with figures of both sides, below which nothing passes. Latency is first judged after as many. */
  minMinutes: z.int().min(1).default(10),
  /** The most that a canary which is no worse may be failed with, however often it is judged. Shared by critical metrics. */
  alpha: z.number().gt(0).max(0.5).default(0.05),
  /** Minutes without figures at the window's end, above which nothing passes: perhaps there is no traffic any more. */
  maxSilentMinutes: z.number().min(0).default(5),
  /** Share of samples that cannot be used, above which nothing passes. */
  maxRejected: share.default(0.1),
  failures: z
    .strictObject({
      mode: mode.default("critical"),
      /** A smaller rise of the share of failures never fails a canary. */
      minEffect: share.default(0.002),
      /** Passes once it is sure that the share rises by less than this … */
      margin: share.default(0.01),
      /** … or that the odds of failing rise to less than this many times. */
      maxRatio: z.number().gt(1).default(2),
      /** Above this share on the canary nothing passes, however bad the baseline is. */
      ceiling: share.default(0.1),
    })
    .prefault({}),
  latency: z
    .strictObject({
      average: mode.default("dry-run"),
      p50: mode.default("critical"),
      p90: mode.default("off"),
      p95: mode.default("critical"),
      // With few requests a minute a P99 is the slowest request, and slower where there are more requests to draw from.
      p99: mode.default("dry-run"),
      /** Slower by this share of the baseline's latency, and no less, fails … */
      tolerance: z.number().min(0).default(0.25),
      /** … unless it is less than this, in milliseconds. */
      minEffectMs: z.number().min(0).default(5),
    })
    .prefault({}),
  /** Errors of callers' own: a model that refuses pictures which the old one took shows here. */
  clientErrors: mode.default("dry-run"),
  labels: z
    .strictObject({
      // A better model predicts otherwise: a shift is a thing to look at. Not sequential: `critical` is for one judgement.
      mode: mode.default("dry-run"),
      /** Smallest Cramér's V that fails; 0.1 is Cohen's small effect. */
      minEffect: share.default(0.1),
    })
    .prefault({}),
  agreement: z
    .strictObject({
      mode: mode.default("critical"),
      /** Share of requests to which a shadow has to give the label that was answered. A canary has no such pairs. */
      minShare: share.default(0.95),
    })
    .prefault({}),
});

export type Mode = z.infer<typeof mode>;
/** How a canary is judged. Every rule has a default. */
export type CanaryRules = z.infer<typeof Rules>;

export const DEFAULT_RULES: CanaryRules = Rules.parse({});

/** The figures of latency that are judged. */
export const LATENCIES = ["average", "p50", "p90", "p95", "p99"] as const;

/** How many metrics a canary's verdict follows; a shadow's follows its agreement too. */
export function criticalCount(rules: CanaryRules, { shadow = false } = {}): number {
  const modes = [rules.failures.mode, ...LATENCIES.map((name) => rules.latency[name]), rules.clientErrors];
  const more = shadow ? [rules.agreement.mode] : [];
  return [...modes, rules.labels.mode, ...more].filter((mode) => mode === "critical").length;
}

/** Completes rules with defaults; refuses what is no rule, by name. @param what names their source in errors */
export function readRules(value: unknown, what: string): CanaryRules {
  const parsed = Rules.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw inputError(`${what}: \`${issue?.path.join(".") || "rules"}\`: ${issue?.message}`);
}

/** What the stack file says under `canary`, completed with defaults. */
export function rulesOf({ file, endpointKey }: Pick<Environment, "file" | "endpointKey">): CanaryRules {
  const key = endpointKey.replace(/endpoint$/, "canary");
  return readRules(stackConfig(file, key), `\`${key}\` of \`${file.name}\``);
}

/** As {@link readRules}, from JSON. */
export function parseRules(text: string, what: string): CanaryRules {
  return readRules(parseJson(text, what), what);
}
