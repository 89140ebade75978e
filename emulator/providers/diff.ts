import { matches, renderPath, type Step } from "./paths.ts";
import { isObject, type Properties, type Value } from "./values.ts";

/** How one property changes, in the engine's words. */
export interface Change {
  readonly path: string;
  readonly steps: readonly Step[];
  readonly kind: "add" | "delete" | "update";
  readonly replace: boolean;
}

/** What decides which differences count. */
export interface DiffRules {
  /** Dotted paths (see `matches`) whose change needs a new resource. */
  readonly replaceOn: readonly string[];
  /** True where the two values mean the same to the cloud, such as `East US` and `eastus`. */
  readonly same?: (steps: readonly Step[], old: Value, next: Value) => boolean;
}

/** Every property that differs between the inputs in state and the program's, deepest paths only, in the order of keys. */
export function diff(old: Properties, next: Properties, rules: DiffRules): readonly Change[] {
  const changes: Change[] = [];
  compare([], old, next, rules, changes);
  return changes;
}

function compare(
  steps: readonly Step[],
  old: Value | undefined,
  next: Value | undefined,
  rules: DiffRules,
  into: Change[],
): void {
  // The engine drops nulls on its way to state, so null and absent are one.
  const before = old ?? undefined;
  const after = next ?? undefined;
  if (before === undefined || after === undefined) {
    if (after !== undefined) into.push(change(steps, "add", rules));
    if (before !== undefined) into.push(change(steps, "delete", rules));
  } else if (rules.same?.(steps, before, after)) {
    return;
  } else if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare([...steps, key], before[key], after[key], rules, into);
    }
  } else if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      compare([...steps, index], before[index], after[index], rules, into);
    }
  } else if (before !== after) {
    into.push(change(steps, "update", rules));
  }
}

function change(steps: readonly Step[], kind: Change["kind"], rules: DiffRules): Change {
  const replace = rules.replaceOn.some((rule) => matches(rule, steps));
  return { path: renderPath(steps), steps, kind, replace };
}
