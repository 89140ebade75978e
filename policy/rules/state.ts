import type { Rule } from "../rule.ts";

/** What holds data that nothing else can bring back, or answers callers. */
const STATEFUL: ReadonlySet<string> = new Set([
  "aws:s3/bucket:Bucket",
  "azure-native:storage:StorageAccount",
  "azure-native:keyvault:Vault",
  "azure-native:machinelearningservices:Workspace",
  "azure-native:machinelearningservices:OnlineEndpoint",
]);

export const protectedState: Rule = {
  name: "protected-state",
  description: "What holds production's data, and what answers its callers, refuses to be deleted or replaced.",
  remedy: "Set ml-delivery:protect to true. If the stack is to be taken down, this is a reminder and no more.",
  // To take a stack down is a right; it starts with taking the protection away (docs/operations.md).
  level: "advisory",
  check(resource) {
    if (!resource.production || !STATEFUL.has(resource.type) || resource.protect) return [];
    return ["it is not protected, and a change may delete it"];
  },
};
