import { matches, type Step } from "./paths.ts";
import { isObject, type Properties, type Value } from "./values.ts";

/** How inputs are found again in what the cloud reports. */
export interface ProjectionRules {
  /** Dotted paths of maps with keys of the user's own (`tags`): a key that somebody added there is drift. */
  readonly maps: readonly string[];
  /** Dotted paths that the cloud takes and never gives back: what is in state stays. */
  readonly writeOnly: readonly string[];
  /** True where the cloud's spelling means the same as the one in state. */
  readonly same?: (steps: readonly Step[], old: Value, live: Value) => boolean;
}

/**
 * The inputs as the cloud has them now. Only what the inputs in state name is looked at, since a cloud fills in defaults
 * that nobody asked for; those are not drift. An input that the cloud no longer has is left out.
 */
export function project(inputs: Properties, live: Properties, rules: ProjectionRules): Properties {
  return objectAt([], inputs, live, rules);
}

function objectAt(steps: readonly Step[], inputs: Properties, live: Properties, rules: ProjectionRules): Properties {
  const projected: Record<string, Value> = {};
  const whole = rules.maps.some((rule) => rule.split(".").length === steps.length && matches(rule, steps));
  const keys = whole ? [...new Set([...Object.keys(inputs), ...Object.keys(live)])] : Object.keys(inputs);
  for (const key of keys) {
    const value = valueAt([...steps, key], inputs[key], live[key], rules);
    if (value !== undefined) projected[key] = value;
  }
  return projected;
}

function valueAt(
  steps: readonly Step[],
  input: Value | undefined,
  live: Value | undefined,
  rules: ProjectionRules,
): Value | undefined {
  if (input !== undefined && rules.writeOnly.some((rule) => matches(rule, steps))) return input;
  if (input === undefined) return live;
  if (live === undefined || live === null) return isEmpty(input) ? input : undefined;
  if (rules.same?.(steps, input, live)) return input;
  if (isObject(input) && isObject(live)) return objectAt(steps, input, live, rules);
  if (Array.isArray(input) && Array.isArray(live) && input.length === live.length) {
    return input.map((item: Value, index) => valueAt([...steps, index], item, live[index], rules) ?? null);
  }
  return live;
}

/** Clouds do not tell an empty object or list from an absent one. */
function isEmpty(value: Value): boolean {
  return value === null || (typeof value === "object" && Object.keys(value).length === 0);
}
