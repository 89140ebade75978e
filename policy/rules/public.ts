import { type Resource, type Rule, type StackRule, UNKNOWN, unless } from "../rule.ts";

const BLOCKS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"];

export const publicData: Rule = {
  name: "public-data",
  description: "No bucket, container or registry can be read without showing who one is.",
  remedy: "Take the grant to everybody away; share by a role, or by an account's exact ARN.",
  check(resource) {
    switch (resource.type) {
      case "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":
        return BLOCKS.flatMap((name) => mustBe(resource, name, true));
      case "aws:s3/bucket:Bucket":
      case "aws:s3/bucketAcl:BucketAcl": {
        const acl = resource.get("acl");
        return unless(acl, !/public|authenticated-read/.test(String(acl)), "acl must not open the bucket");
      }
      case "aws:s3/bucketPolicy:BucketPolicy":
        return openStatements(resource.get("policy"));
      case "azure-native:storage:StorageAccount":
        return mustBe(resource, "allowBlobPublicAccess", false);
      case "azure-native:storage:BlobContainer": {
        const access = resource.get("publicAccess");
        return unless(access, access === undefined || access === "None", "publicAccess must be None");
      }
      case "azure-native:containerregistry:Registry": {
        const anonymous = resource.get("anonymousPullEnabled");
        return unless(anonymous, anonymous !== true, "anonymousPullEnabled must be false");
      }
      default:
        return [];
    }
  },
};

export const closedBuckets: StackRule = {
  name: "closed-buckets",
  description: "Every bucket has a public access block of its own, whatever the account's says.",
  remedy: "Add a BucketPublicAccessBlock with all four settings true; components/storage.ts does.",
  check(resources) {
    const blocks = resources.filter(({ type }) => type === "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock");
    return resources
      .filter(({ type }) => type === "aws:s3/bucket:Bucket")
      .filter((bucket) => {
        const name = bucket.get("bucket");
        return !blocks.some(
          (block) => block.from("bucket").includes(bucket.urn) || (name !== UNKNOWN && block.get("bucket") === name),
        );
      })
      .map((resource) => ({ resource, fault: "no public access block names it" }));
  },
};

interface Statement {
  readonly Sid?: string;
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Conditions that say who may: with one of them a grant to everybody is none. */
const WHO = /^aws:(?:SourceAccount|SourceArn|PrincipalArn|PrincipalAccount|PrincipalOrgID)$/i;

function openStatements(policy: unknown): readonly string[] {
  if (policy === UNKNOWN) return [];
  const { Statement } = JSON.parse(String(policy)) as { readonly Statement: Statement | readonly Statement[] };
  return [Statement]
    .flat()
    .filter((one) => one.Effect === "Allow" && isEverybody(one.Principal) && !saysWho(one))
    .map((one, index) => `statement ${one.Sid ?? index + 1} must not allow everybody (Principal "*")`);
}

function isEverybody(principal: unknown): boolean {
  return JSON.stringify(principal ?? "*").includes('"*"');
}

function saysWho({ Condition = {} }: Statement): boolean {
  return Object.entries(Condition).some(
    ([operator, keys]) => !/Not|IfExists/.test(operator) && Object.keys(keys).some((key) => WHO.test(key)),
  );
}

export const networkNeedsIdentity: Rule = {
  name: "network-needs-identity",
  description: "What production lets the internet reach takes no key: only identities, which can be taken away.",
  remedy: "Close it to the network (ml-delivery:network: private), or leave it open and turn its keys off.",
  check(resource) {
    if (!resource.production) return [];
    switch (resource.type) {
      case "azure-native:storage:StorageAccount":
        return isClosed(resource, "publicNetworkAccess") ? [] : mustBe(resource, "allowSharedKeyAccess", false);
      case "azure-native:keyvault:Vault":
        return isClosed(resource, "properties.publicNetworkAccess")
          ? []
          : mustBe(resource, "properties.enableRbacAuthorization", true);
      case "azure-native:containerregistry:Registry":
        return isClosed(resource, "publicNetworkAccess") ? [] : mustBe(resource, "adminUserEnabled", false);
      case "azure-native:machinelearningservices:Workspace":
        return isClosed(resource, "publicNetworkAccess")
          ? []
          : mustBe(resource, "systemDatastoresAuthMode", "Identity");
      case "azure-native:machinelearningservices:OnlineEndpoint":
        return isClosed(resource, "properties.publicNetworkAccess")
          ? []
          : mustBe(resource, "properties.authMode", "AADToken");
      default:
        return [];
    }
  },
};

function isClosed(resource: Resource, path: string): boolean {
  const access = resource.get(path);
  return access === UNKNOWN || /^disabled$/i.test(String(access));
}

function mustBe(resource: Resource, path: string, wanted: unknown): readonly string[] {
  const value = resource.get(path);
  return unless(value, value === wanted, `${path} must be ${JSON.stringify(wanted)}`);
}
