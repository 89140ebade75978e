import { checkConfig } from "../../../config.ts";
import { describe } from "../../../delivery/shape.ts";
import { stackConfig } from "../../components/mocks.ts";

/** Problems of the staging stack's config after `change`, as a person reads them. */
export function problemsAfter(change: (values: Record<string, unknown>) => void, stack = "staging"): string[] {
  const values = structuredClone(stackConfig("staging"));
  change(values);
  return checkConfig(values, stack)[1].map(describe);
}
