/** Groups and lists of parameters as dotted names with values as text, such as `scales.0.filters` and `160`. */
export function flattenParameters(parameters: unknown, prefix = ""): [name: string, value: string][] {
  if (typeof parameters !== "object" || parameters === null) return [[prefix, String(parameters)]];
  return Object.entries(parameters).flatMap(([key, value]) =>
    flattenParameters(value, prefix === "" ? key : `${prefix}.${key}`),
  );
}
