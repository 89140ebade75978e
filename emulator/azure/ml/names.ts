import { badArgument } from "../errors.ts";

// Naming rule of the vendor's SDK for online endpoints and deployments; single hyphens by its documentation.
const NAME = /^[A-Za-z](?!.*--)[A-Za-z0-9-]{1,30}[A-Za-z0-9]$/;

/** @throws BadArgument where Azure ML would refuse the name of an endpoint or a deployment. */
export function checkOnlineName(kind: "endpoint" | "deployment", name: string): void {
  if (NAME.test(name)) return;
  throw badArgument(
    `The ${kind} name '${name}' is invalid: 3 to 32 letters, digits and single hyphens are allowed, with a letter first and a letter or digit last.`,
  );
}
