import { UnknownValueError } from "@pulumi/policy";
import * as internals from "@pulumi/policy/proxy.js";
import { UNKNOWN } from "./rule.ts";
import { Hidden } from "./rules/secrets.ts";

/** The input at a path. The SDK's view of inputs throws at a value that the preview cannot know. */
export function read(inputs: unknown, path: string): unknown {
  let value = inputs;
  try {
    for (const part of path.split(".")) {
      if (typeof value !== "object" || value === null) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[part];
    }
    return value;
  } catch (error) {
    if (error instanceof UnknownValueError) return UNKNOWN;
    throw error;
  }
}

/** What the SDK's views are made of; not in its types, since only its own code is meant to look behind them. */
const { getSpecialProxyTarget: BEHIND, ...constants } = internals as unknown as Readonly<Record<string, unknown>>;
const UNKNOWNS = new Set(
  Object.entries(constants).flatMap(([name, value]) => (/^unknown\w+Value$/.test(name) ? [value] : [])),
);
if (typeof BEHIND !== "string" || UNKNOWNS.size === 0) {
  throw new Error("This version of @pulumi/policy does not let the rule on plain secrets see what is secret.");
}

/**
 * The inputs as the engine sent them, with what is secret as Hidden and what is unknown as UNKNOWN. Only the inputs of a
 * remediation still tell secrets; to a validation the SDK shows all values alike.
 */
export function withSecretsMarked(inputs: unknown): unknown {
  let value = inputs as Record<string, unknown>;
  // Two views lie over each other: one of secrets, one of unknown values.
  for (let behind = value[BEHIND as string]; behind !== undefined; behind = value[BEHIND as string]) {
    value = behind as Record<string, unknown>;
  }
  return marked(value);
}

function marked(value: unknown): unknown {
  if (UNKNOWNS.has(value)) return UNKNOWN;
  if (Array.isArray(value)) return value.map(marked);
  if (typeof value !== "object" || value === null) return value;
  if (value.constructor.name === "Secret" && "value" in value) return new Hidden(value.value);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, marked(one)]));
}
