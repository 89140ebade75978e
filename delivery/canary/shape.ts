import { choice, number, object, optional, whole } from "../shape.ts";

const share = optional(number(0, 1));
const mode = optional(choice("critical", "dry-run", "off"));
/** What `canary` of stack config may hold; `rules.ts` completes it with defaults and says what it means. */
export const canaryShape = object({
  minRequests: optional(whole(1, Number.MAX_SAFE_INTEGER)),
  minMinutes: optional(whole(1, 10_080)),
  alpha: optional(number(0.0001, 0.5)),
  maxSilentMinutes: optional(number(0, 10_080)),
  maxRejected: share,
  failures: optional(
    object({ mode, minEffect: share, margin: share, maxRatio: optional(number(1.0001, 1000)), ceiling: share }),
  ),
  latency: optional(
    object({
      average: mode,
      p50: mode,
      p90: mode,
      p95: mode,
      p99: mode,
      tolerance: optional(number(0, 100)),
      minEffectMs: optional(number(0, 60_000)),
    }),
  ),
  clientErrors: mode,
  labels: optional(object({ mode, minEffect: share })),
  agreement: optional(object({ mode, minShare: share })),
});
