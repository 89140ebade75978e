import { isObject, type Properties, type Value } from "./values.ts";

/** One step of a property path: an object's key or an array's index. */
export type Step = string | number;

const plainKey = /^[A-Za-z_$][\w$-]*$/;

/** The path in the engine's notation: `a.b[0]["odd.key"]`. */
export function renderPath(steps: readonly Step[]): string {
  let path = "";
  for (const step of steps) {
    if (typeof step === "number") path += `[${step}]`;
    else if (!plainKey.test(step)) path += `["${step.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"]`;
    else path += path === "" ? step : `.${step}`;
  }
  return path;
}

/** True where `steps` is `rule` or lies below it. A rule is dotted; `*` stands for any key, and indices do not count. */
export function matches(rule: string, steps: readonly Step[]): boolean {
  const keys = steps.filter((step) => typeof step === "string");
  const parts = rule.split(".");
  return parts.length <= keys.length && parts.every((part, index) => part === "*" || part === keys[index]);
}

/** The value at a dotted path, or undefined. */
export function valueAt(properties: Properties, path: string): Value | undefined {
  let value: Value | undefined = properties;
  for (const key of path.split(".")) value = isObject(value) ? value[key] : undefined;
  return value;
}

/** The properties with the value set at a dotted path. Objects on the way are created. */
export function withValue(properties: Properties, path: string, value: Value): Properties {
  const [key = "", ...rest] = path.split(".");
  if (rest.length === 0) return { ...properties, [key]: value };
  const inner = properties[key];
  return { ...properties, [key]: withValue(isObject(inner) ? inner : {}, rest.join("."), value) };
}

/** The properties without what stands at a dotted path. */
export function withoutValue(properties: Properties, path: string): Properties {
  const [key = "", ...rest] = path.split(".");
  const { [key]: inner, ...others } = properties;
  if (inner === undefined) return properties;
  if (rest.length === 0) return others;
  return isObject(inner) ? { ...properties, [key]: withoutValue(inner, rest.join(".")) } : properties;
}
