import { read } from "../../../policy/inputs.ts";
import { type LinkedResource, TRIAL_STACKS } from "../../../policy/rule.ts";

/** A resource as the pack hands it to a rule. */
export function resource(
  type: string,
  inputs: Readonly<Record<string, unknown>>,
  { stack = "production", protect = true, name = "one", from = {} as Readonly<Record<string, readonly string[]>> } = {},
): LinkedResource {
  return {
    type,
    name,
    stack,
    production: !TRIAL_STACKS.has(stack),
    protect,
    urn: `urn:pulumi:${stack}::ml-delivery::${type}::${name}`,
    get: (path) => read(inputs, path),
    from: (property) => from[property] ?? [],
  };
}
