import { hexDigits, type NamingContext } from "../../naming.ts";
import type { Properties } from "../../values.ts";

/** The name that the program leaves out: the resource's own, with seven digits behind it. */
export function friendlyName(inputs: Properties, old: Properties | undefined, naming: NamingContext): Properties {
  if (inputs["name"] !== undefined) return inputs;
  const made = old?.["name"] ?? naming.proposed ?? `${naming.name}-${hexDigits(naming.seed, 7)}`;
  return { ...inputs, name: made };
}
