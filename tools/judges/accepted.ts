/** A finding of checkov's that the project lives with, and why. */
export interface Accepted {
  readonly check: string;
  /** Resources it is accepted for. */
  readonly resources: RegExp;
  readonly reason: string;
}

const PUBLIC =
  "`ml-delivery:network` is public by default: hosted runners and callers come from outside. What is reached so takes no key, only " +
  "identities (the policy pack's network-needs-identity); `private` closes it.";

/** For a production stack as Pulumi.production.yaml has it. A line that accepts nothing fails the test that uses it. */
export const ACCEPTED: readonly Accepted[] = [
  {
    check: "CKV2_AWS_62",
    resources: /^aws_s3_bucket\.storage_/,
    reason:
      "Nothing listens to events of these buckets: a pipeline looks for new data by itself (scripts/check-new-data.ts).",
  },
  {
    check: "CKV_AWS_144",
    resources: /^aws_s3_bucket\.storage_/,
    reason: "One region: versions are kept, data can be brought again, and a second region would double the bill.",
  },
  {
    check: "CKV_AWS_145",
    resources: /^aws_s3_bucket\.storage_logs$/,
    reason: "S3 delivers access logs only to buckets that it encrypts with its own keys (SSE-S3).",
  },
  { check: "CKV_AZURE_35", resources: /^Microsoft\.Storage\/storageAccounts\./, reason: PUBLIC },
  { check: "CKV_AZURE_36", resources: /^Microsoft\.Storage\/storageAccounts\./, reason: PUBLIC },
  { check: "CKV_AZURE_109", resources: /^Microsoft\.KeyVault\/vaults\./, reason: PUBLIC },
  { check: "CKV_AZURE_189", resources: /^Microsoft\.KeyVault\/vaults\./, reason: PUBLIC },
  { check: "CKV_AZURE_139", resources: /^Microsoft\.ContainerRegistry\/registries\./, reason: PUBLIC },
  { check: "CKV_AZURE_243", resources: /^Microsoft\.MachineLearningServices\/workspaces\./, reason: PUBLIC },
  { check: "CKV2_AZURE_49", resources: /^Microsoft\.MachineLearningServices\/workspaces\./, reason: PUBLIC },
  {
    check: "CKV_AZURE_206",
    resources: /^Microsoft\.Storage\/storageAccounts\./,
    reason: "It holds what Azure ML copies and logs; the models themselves lie in S3 and can be imported again.",
  },
  {
    check: "CKV_AZURE_233",
    resources: /^Microsoft\.ContainerRegistry\/registries\./,
    reason: "Zones take the Premium tier, ten times the price; deployments that run do not ask the registry.",
  },
  {
    check: "CKV_AZURE_166",
    resources: /^Microsoft\.ContainerRegistry\/registries\./,
    reason:
      "Quarantine takes the Premium tier and a scanner that lets images out; images are pinned by version or digest.",
  },
];
