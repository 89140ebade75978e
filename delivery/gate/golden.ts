import { GOLDEN_TOLERANCE } from "../golden.ts";
import type { Manifest } from "../manifest.ts";
import type { GateLimits } from "./limits.ts";
import { cannotDecide, isFigure, type Reason, reasonFor, show } from "./reason.ts";

/** A package without golden samples: nothing shows that the server treats pictures as training did. */
export function missingGolden({ golden }: GateLimits): Reason {
  const field = "golden";
  if (golden === "if-present") {
    return reasonFor("pass", field, "the package has no golden samples, and none are asked for");
  }
  const remedy = "have training write `golden.json`, or set gate.golden to if-present";
  return cannotDecide(field, `the package has no golden samples: ${remedy}`);
}

/** Whether the server's probabilities are training's, to {@link GOLDEN_TOLERANCE}. */
export function judgeGolden(samples: number, furthest: number): Reason {
  const words = `${samples} golden samples differ by ${furthest.toPrecision(3)} at most`;
  if (furthest <= GOLDEN_TOLERANCE) return reasonFor("pass", "golden", `${words}, within ${GOLDEN_TOLERANCE}`);
  const why = "the server does not do to pictures what training did";
  return reasonFor("fail", "golden", `${words}, more than ${GOLDEN_TOLERANCE}: ${why}`);
}

/** Judges how the golden samples came out when the model was measured. */
export function judgeRecordedGolden(
  recorded: unknown,
  manifest: Pick<Manifest, "files"> | undefined,
  limits: GateLimits,
): Reason {
  const none = recorded === undefined || recorded === null;
  const packaged = manifest?.files["golden.json"] !== undefined;
  if (manifest !== undefined && packaged === none) {
    const found = none
      ? "was measured without the package's golden samples"
      : "names golden samples that the package has not";
    return cannotDecide("golden", `\`metrics.json\` ${found}; evaluate this model`);
  }
  if (none) return missingGolden(limits);
  const { samples, max_difference: furthest } = recorded as Record<string, unknown>;
  if (!isFigure(samples) || samples < 1 || !isFigure(furthest) || furthest < 0) {
    return cannotDecide("golden", `\`golden\` must hold \`samples\` and \`max_difference\`, got ${show(recorded)}`);
  }
  return judgeGolden(samples, furthest);
}
