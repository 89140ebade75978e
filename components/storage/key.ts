import { Key } from "@pulumi/aws/kms/key.js";
import type * as pulumi from "@pulumi/pulumi";
import { type Scope, tagsOf } from "../names.ts";
import { governedByIam, policyOf } from "./policies.ts";

/**
 * The key that data and models are encrypted with. AWS renews its material each year and keeps the old for what was
 * written with it. Deleted, it is gone after 30 days, and all that it encrypted with it.
 */
export function createKey(
  name: string,
  scope: Scope,
  opts: { readonly parent: pulumi.Resource; readonly protect: boolean },
): Key {
  return new Key(
    name,
    {
      description: `Data and models of ${scope.project}, ${scope.stack}`,
      policy: policyOf([governedByIam(opts.parent)]),
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      tags: tagsOf(scope),
    },
    opts,
  );
}
