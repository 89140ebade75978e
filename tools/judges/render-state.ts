/**
 * A stack's state in the languages that outside judges read: what was made of `aws` and `github` as Terraform's HCL, what
 * was made of `azure-native` as an ARM template. Both hold the inputs, which are what the program decided; HCL refers from
 * one resource to another where the program did, because rules that look at pairs follow references.
 */

/** A resource in `pulumi stack export`. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** URNs that an input comes from. */
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
}

/** The state in both forms, with how many resources each holds. */
export interface Rendered {
  readonly hcl: { readonly text: string; readonly resources: number };
  readonly arm: { readonly text: string; readonly resources: number };
  /** Types that have no form here and are left out: components, providers, commands and the like. */
  readonly leftOut: readonly string[];
}

/** The key by which Pulumi marks special values in state; what it marks in inputs is encrypted. */
const MARK = "4dabf18193072939515e22adb298388d";

export function renderState(resources: readonly StateResource[]): Rendered {
  const byUrn = new Map(resources.map((one) => [one.urn, one]));
  const terraform = resources.filter(({ type, custom }) => custom && /^(aws|github):/.test(type));
  const azure = resources.filter(({ type, custom }) => custom && type.startsWith("azure-native:"));
  const used = new Set([...terraform, ...azure]);
  const template = {
    $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    contentVersion: "1.0.0.0",
    resources: azure.map(armResource),
  };
  return {
    hcl: { text: terraform.map((one) => hclResource(one, byUrn)).join("\n"), resources: terraform.length },
    arm: { text: `${JSON.stringify(template, null, 2)}\n`, resources: azure.length },
    leftOut: [...new Set(resources.filter((one) => !used.has(one)).map(({ type }) => type))].sort(),
  };
}

/** Names that do not follow from the token. */
const TERRAFORM_TYPES: Readonly<Record<string, string>> = {
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
};

/** `aws:s3/bucketPolicy:BucketPolicy` is `aws_s3_bucket_policy`, `github:index/branch:Branch` is `github_branch`. */
export function terraformType(type: string): string {
  const known = TERRAFORM_TYPES[type];
  if (known) return known;
  const [, provider, module, name = ""] = /^(\w+):([^/]+)\/\w+:(\w+)$/.exec(type) ?? [];
  if (!provider) throw new Error(`${type} is no token of a Terraform resource, as aws:s3/bucket:Bucket`);
  return [provider, ...(module === "index" ? [] : [module]), snake(name)].join("_");
}

function hclResource(resource: StateResource, byUrn: ReadonlyMap<string, StateResource>): string {
  const { type, inputs = {}, propertyDependencies = {} } = resource;
  const lines = Object.entries(inputs).flatMap(([key, value]) => {
    const source = (propertyDependencies[key] ?? []).map((urn) => byUrn.get(urn)).find((one) => one?.custom);
    const reference = source && referenceTo(source, value);
    if (reference !== undefined) return [`  ${snake(key)} = ${reference}`];
    return hclProperty(key, value, "  ", type.startsWith("aws:"));
  });
  return `resource "${terraformType(type)}" "${localName(resource.urn)}" {\n${lines.join("\n")}\n}\n`;
}

/** `aws_s3_bucket.data.id` where a value is an id or an ARN of the resource it comes from. */
function referenceTo(source: StateResource, value: unknown): string | undefined {
  if (!/^(aws|github):/.test(source.type)) return undefined;
  const address = `${terraformType(source.type)}.${localName(source.urn)}`;
  if (value === source.id) return `${address}.id`;
  return value !== undefined && value === source.outputs?.["arn"] ? `${address}.arn` : undefined;
}

/** Properties whose object is a map of the user's own names, not a block. */
const MAPS = new Set(["tags", "variables", "environmentVariables"]);

function hclProperty(key: string, value: unknown, indent: string, singular: boolean): string[] {
  const name = snake(key);
  if (key.startsWith("__") || value === null || value === undefined) return [];
  if (isObject(value) && !isSecret(value) && !MAPS.has(key)) return hclBlock(name, value, indent, singular);
  if (Array.isArray(value) && value.length > 0 && value.every((one) => isObject(one) && !isSecret(one))) {
    // Pulumi has lists in the plural where Terraform's AWS provider repeats a block in the singular.
    const block = singular ? name.replace(/s$/, "") : name;
    return value.flatMap((one) => hclBlock(block, one as Record<string, unknown>, indent, singular));
  }
  return [`${indent}${name} = ${hclValue(value)}`];
}

function hclBlock(name: string, value: Readonly<Record<string, unknown>>, indent: string, singular: boolean): string[] {
  const inner = Object.entries(value).flatMap(([key, one]) => hclProperty(key, one, `${indent}  `, singular));
  return [`${indent}${name} {`, ...inner, `${indent}}`];
}

function hclValue(value: unknown): string {
  if (isSecret(value)) return "var.hidden";
  if (Array.isArray(value)) return `[${value.map(hclValue).join(", ")}]`;
  if (isObject(value)) {
    return `{ ${Object.entries(value)
      .map(([key, one]) => `${JSON.stringify(key)} = ${hclValue(one)}`)
      .join(", ")} }`;
  }
  return typeof value === "string"
    ? JSON.stringify(value)
        .replaceAll("${", () => "$${")
        .replaceAll("%{", "%%{")
    : String(value);
}

/** What ARM keeps beside `properties`. */
const ENVELOPE = new Set(["location", "tags", "sku", "identity", "kind", "zones", "plan", "extendedLocation"]);

function armResource({ type, id = "", inputs = {} }: StateResource): Record<string, unknown> {
  // A resource group is what a template is deployed into; it has a type of its own all the same.
  const path = /\/providers\/([^/]+)\/(.+?)$/i.exec(id.slice(id.toLowerCase().lastIndexOf("/providers/")));
  const [, namespace = "Microsoft.Resources", rest = `resourceGroups/${id.split("/").at(-1)}`] = path ?? [];
  const segments = rest.split("/");
  const names = segments.filter((_, index) => index % 2 === 1);
  const given = Object.entries(inputs).filter(([key]) => !key.startsWith("__") && key !== "azureApiVersion");
  const envelope = given.filter(([key]) => ENVELOPE.has(key));
  // Names that are part of the address: accountName, workspaceName, …
  const flat = given.filter(([key, value]) => {
    const address = /name$/i.test(key) && (names.includes(String(value)) || key === "resourceGroupName");
    return !ENVELOPE.has(key) && key !== "properties" && !address;
  });
  const properties = inputs["properties"];
  return {
    type: [namespace, ...segments.filter((_, index) => index % 2 === 0)].join("/"),
    apiVersion: inputs["azureApiVersion"] ?? "unknown",
    name: names.join("/"),
    metadata: { pulumi: type },
    ...Object.fromEntries(envelope.map(([key, value]) => [key, withoutSecrets(value)])),
    properties: withoutSecrets({ ...Object.fromEntries(flat), ...(isObject(properties) ? properties : {}) }),
  };
}

function withoutSecrets(value: unknown): unknown {
  if (isSecret(value)) return "[parameters('hidden')]";
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutSecrets(one)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSecret(value: unknown): boolean {
  return isObject(value) && MARK in value;
}

function localName(urn: string): string {
  return (urn.split("::").at(-1) ?? "").replaceAll(/[^A-Za-z0-9_]/g, "_");
}

/** `blockPublicAcls` is `block_public_acls`, `sseKmsKeyId` is `sse_kms_key_id`. */
function snake(name: string): string {
  return name
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
