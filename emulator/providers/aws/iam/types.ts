import type { SimpleType } from "../../simple-resource.ts";
import type { Surroundings } from "../../surroundings.ts";
import { iamApi } from "../query-api.ts";
import { inlinePolicyType } from "./inline-policy.ts";
import { oidcProviderType } from "./oidc-provider.ts";
import { roleType } from "./role.ts";
import { userType } from "./user.ts";

/** What the emulator offers of IAM, kept by the IAM that `AWS_ENDPOINT_URL` names. */
export function iamTypes(surroundings: Surroundings): SimpleType[] {
  // Its address is asked for at the first call: the service may be missing.
  const iam = () => iamApi(surroundings);
  return [
    oidcProviderType(iam),
    roleType(iam),
    inlinePolicyType("role", iam),
    userType(iam),
    inlinePolicyType("user", iam),
  ];
}
