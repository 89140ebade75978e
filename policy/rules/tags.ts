import { type Rule, UNKNOWN } from "../rule.ts";

/** Types that cost or hold something, and take tags. */
export const TAGGED: ReadonlySet<string> = new Set([
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
  "aws:iam/role:Role",
  "aws:kms/key:Key",
  "aws:s3/bucket:Bucket",
  "azure-native:applicationinsights:Component",
  "azure-native:containerregistry:Registry",
  "azure-native:keyvault:Vault",
  "azure-native:machinelearningservices:OnlineDeployment",
  "azure-native:machinelearningservices:OnlineEndpoint",
  "azure-native:machinelearningservices:Workspace",
  "azure-native:managedidentity:UserAssignedIdentity",
  "azure-native:operationalinsights:Workspace",
  "azure-native:resources:ResourceGroup",
  "azure-native:storage:StorageAccount",
]);

export const tags: Rule = {
  name: "tags",
  description: "Whoever finds a resource, or its line on the bill, can tell what it belongs to and who changes it.",
  remedy: "Give it the tags that components/names.ts makes (tagsOf).",
  check(resource) {
    if (!TAGGED.has(resource.type)) return [];
    const wanted: readonly [string, RegExp, string][] = [
      ["project", /^[a-z][a-z0-9-]+$/, "the project's name"],
      ["environment", new RegExp(`^${resource.stack}$`), `the stack's name, ${resource.stack}`],
      ["managed-by", /^pulumi$/, "pulumi"],
    ];
    return wanted.flatMap(([name, allowed, words]) => {
      const value = resource.get(`tags.${name}`);
      if (value === UNKNOWN || (typeof value === "string" && allowed.test(value))) return [];
      return [`tags.${name} must be ${words} (it is ${value === undefined ? "missing" : JSON.stringify(value)})`];
    });
  },
};
