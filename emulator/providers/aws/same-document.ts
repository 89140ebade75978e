import { isDeepStrictEqual } from "node:util";
import type { Step } from "../paths.ts";
import type { Value } from "../values.ts";

/** A rule for a property that holds a policy: AWS gives it back in its own spacing and order of keys. */
export function sameDocument(property: string): (steps: readonly Step[], old: Value, live: Value) => boolean {
  return (steps, old, live) => {
    if (steps[0] !== property || typeof old !== "string" || typeof live !== "string") return false;
    try {
      return isDeepStrictEqual(JSON.parse(old), JSON.parse(live));
    } catch {
      return false;
    }
  };
}
